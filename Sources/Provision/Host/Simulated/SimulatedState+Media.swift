public import ProvisionCore

/// The media of a simulated host, in pages of 4 KiB: info blocks, pages that somebody wrote, and zeroes.
extension SimulatedState {
    /// The size of a page.
    package static let page = Int(MediaSample.page.bytes)

    /// The bytes at a physical range of whole pages.
    package func media(from start: UInt64, length: ByteCount) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(length.bytes))
        for address in written(from: start, to: start + length.bytes) {
            let offset = Int(address - start)
            let page = pageBytes(at: address).prefix(bytes.count - offset)
            bytes.replaceSubrange(offset..<offset + page.count, with: page)
        }
        return bytes
    }

    /// The addresses of the pages of a physical range that hold something. A range of few pages is asked page by page: most
    /// are of one, on media that hold many.
    private func written(from start: UInt64, to end: UInt64) -> [UInt64] {
        let page = UInt64(Self.page)
        if (end - start) / page <= 4, start.isMultiple(of: page) {
            return stride(from: start, to: end, by: Self.page).filter {
                infoBlocks[$0] != nil || pages[$0] != nil
            }
        }
        return (Array(infoBlocks.keys) + pages.keys).filter { $0 >= start && $0 < end }
    }

    /// The same as the block device of a sector namespace shows it: its info blocks are the driver's alone.
    package func mediaBehindTable(from start: UInt64, length: ByteCount) -> [UInt8] {
        var shown = self
        shown.infoBlocks = [:]
        return shown.media(from: start, length: length)
    }

    /// Pages of the data of an active namespace, as its users see them.
    /// - Parameter start: the physical address of its data.
    package func dataPages(
        of id: SimulatedNamespaceID, from start: UInt64, at offsets: [ByteCount]
    ) -> [[UInt8]] {
        let isBehindTable = isSector(id)
        return offsets.map { offset in
            isBehindTable
                ? mediaBehindTable(from: start + offset.bytes, length: MediaSample.page)
                : media(from: start + offset.bytes, length: MediaSample.page)
        }
    }

    /// Whether a namespace runs in sector mode.
    package func isSector(_ id: SimulatedNamespaceID) -> Bool {
        namespace(id).flatMap { personality(of: $0, in: regions[id.region]) }?.mode == .sector
    }

    /// The UUID of the translation table through which a namespace runs, or would; nil in other modes.
    package func table(of id: SimulatedNamespaceID) -> UUID? {
        guard let namespace = namespace(id),
            let found = personality(of: namespace, in: regions[id.region]), found.mode == .sector
        else { return nil }
        return found.infoBlock?.uuid
    }

    /// Writes bytes to a physical range of whole pages.
    package mutating func write(_ bytes: [UInt8], at start: UInt64) {
        for offset in stride(from: 0, to: bytes.count, by: Self.page) {
            writePage(Array(bytes[offset..<min(offset + Self.page, bytes.count)]), at: start + UInt64(offset))
        }
    }

    /// Fills a physical range of whole pages with zeroes.
    package mutating func zeroMedia(from start: UInt64, length: ByteCount) {
        let (sum, overflows) = start.addingReportingOverflow(length.bytes)
        let end = overflows ? UInt64.max : sum
        pages = pages.filter { $0.key < start || $0.key >= end }
        infoBlocks = infoBlocks.filter { $0.key < start || $0.key >= end }
    }

    /// Takes a range out of the media errors of a region. The pages that it touches hold zeroes then.
    package mutating func clearErrors(region number: Int, _ range: Extent) {
        guard regions.indices.contains(number) else { return }
        let start = regions[number].resource + range.offset.bytes
        for page in pages.keys where page + UInt64(Self.page) > start && page < start + range.length.bytes {
            pages[page] = nil
        }
        update(region: number) { region in
            region.badBlocks = region.badBlocks.flatMap { errors in
                errors.bytes.without([range]).map {
                    BadBlocks(offset: $0.offset.bytes / 512, length: UInt32(clamping: $0.length.bytes / 512))
                }
            }
        }
    }

    private func pageBytes(at address: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        if let block = infoBlocks[address] {
            bytes =
                block.kind.signature + block.uuid.bytes
                + Array(Self.blockJSON(address, block).text(.compact).utf8)
        } else if let value = pages[address] {
            let words = [UInt64](repeating: value.littleEndian, count: Self.page / 8)
            return unsafe words.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        return bytes + [UInt8](repeating: 0, count: Self.page - bytes.count)
    }

    private mutating func writePage(_ bytes: [UInt8], at address: UInt64) {
        infoBlocks[address] = nil
        pages[address] = nil
        if isSame(bytes, [UInt8](repeating: 0, count: bytes.count)) { return }
        if let kind = SimulatedClaimKind.allCases.first(where: { bytes.starts(with: $0.signature) }) {
            let text = bytes.dropFirst(kind.signature.count + 16).prefix { $0 != 0 }
            if let value = try? JSONValue(parsing: Array(text)) {
                try? readInfoBlock(JSONCursor(value), at: address)
            }
            return
        }
        let word = bytes.prefix(8).enumerated().reduce(UInt64(0)) {
            $0 | UInt64($1.element) << (8 * UInt64($1.offset))
        }
        if word != 0 { pages[address] = word }
    }

    /// Where the data of an active namespace's users begins, as a physical address; nil for devdax, which has no block
    /// device, and for one that is not active.
    package func dataStart(of id: SimulatedNamespaceID) -> UInt64? {
        guard let namespace = namespace(id), namespace.isActive else { return nil }
        let region = regions[id.region]
        let start = region.resource + namespace.offset.bytes
        guard let personality = personality(of: namespace, in: region), personality.mode != .devdax else {
            return nil
        }
        guard let block = personality.infoBlock, personality.mode == .fsdax else { return start }
        return start + (mapped(block, namespace, at: start)?.offset ?? 0)
    }

    /// The physical addresses of the device of an active devdax namespace; nil for anything else.
    package func deviceRange(of id: SimulatedNamespaceID) -> Range<UInt64>? {
        guard let namespace = namespace(id), namespace.isActive else { return nil }
        let region = regions[id.region]
        let start = region.resource + namespace.offset.bytes
        guard let personality = personality(of: namespace, in: region), personality.mode == .devdax,
            let block = personality.infoBlock, let data = mapped(block, namespace, at: start)
        else { return nil }
        return start + data.offset..<start + data.offset + data.length
    }

    /// The part of a namespace that its users can write, from its start: what follows the metadata of fsdax and devdax, all of it in other
    /// modes. Of one that is not active, what its users could write if it were enabled as its holder class says, with the page map on the
    /// device: it does not tell more.
    package func writableRange(of namespace: SimulatedNamespace, in region: SimulatedRegion) -> Extent {
        let start = region.resource + namespace.offset.bytes
        let personality = namespace.isActive ? personality(of: namespace, in: region) : nil
        let mode = namespace.holderClass?.mode ?? personality?.mode ?? .raw
        var offset = ByteCount.zero
        if mode.isDirectAccess {
            let block = personality?.infoBlock
            let data = SimulatedGeometry.pageMapped(
                start: start, size: namespace.size.bytes, isMapOnDevice: block?.map != .mem,
                align: (block?.align ?? .huge).size.bytes)
            offset = min(ByteCount(data?.offset ?? 0), namespace.size)
        }
        return Extent(offset: offset, length: namespace.size - offset)
    }

    private func mapped(
        _ block: SimulatedInfoBlock, _ namespace: SimulatedNamespace, at start: UInt64
    ) -> (offset: UInt64, length: UInt64)? {
        SimulatedGeometry.pageMapped(
            start: start, size: namespace.size.bytes, isMapOnDevice: block.map != .mem,
            align: (block.align ?? .huge).size.bytes)
    }
}

extension SimulatedClaimKind {
    /// How a page with an info block of this kind begins.
    fileprivate var signature: [UInt8] {
        switch self {
        case .pfn: InfoBlockPage.signatures[0]
        case .dax: InfoBlockPage.signatures[1]
        case .btt: InfoBlockPage.signatures[2]
        }
    }
}

extension SimulatedHost {
    /// Writes pages through the device of an active namespace, as its users would: each page holds a value, repeated.
    /// - Parameter offsets: from the start of what the users see; a devdax namespace's count from its data.
    public func write(_ value: UInt64, to target: NamespaceTarget, at offsets: [ByteCount])
        throws(OperationError)
    {
        let id = try resolve(target)
        guard let namespace = state.namespace(id), namespace.isActive else {
            throw OperationError(
                .failed, while: "write to \(id)", device: id.description, reason: "it is not active")
        }
        let start = state.regions[id.region].resource + namespace.offset.bytes
        let first = state.dataStart(of: id) ?? state.deviceRange(of: id)?.lowerBound ?? start
        for offset in offsets {
            state.infoBlocks[first + offset.bytes] = nil
            state.pages[first + offset.bytes] = value
        }
        if let table = state.table(of: id) { state.writtenTables.insert(table) }
        state.update(region: id.region) { region in
            for index in region.namespaces.indices where region.namespaces[index].number == id.number {
                region.namespaces[index].isWritten = true
            }
        }
    }
}
