/// The arithmetic of a namespace's metadata: how much of a raw capacity its users get, and where their data starts.
///
/// Pure functions, exact to the byte for x86-64 (sources: Linux 6.1 drivers/nvdimm/pfn_devs.c `nd_pfn_init`,
/// btt.c `create_arenas` and `alloc_arena`, btt.h). Nil means that the kernel would refuse to enable such a
/// namespace.
public enum NamespaceGeometry {
    /// The least alignment of the range that the kernel maps: one memory subsection (`memremap_compat_align`).
    public static let mappingUnit = ByteCount.mib(2)
    /// The space that an fsdax or devdax info block reserves at the namespace's start.
    public static let infoBlockReserve = ByteCount.kib(8)
    /// The least raw capacity of every mode but raw.
    public static let minimumFormatted = ByteCount.mib(16)

    /// The capacity that users of the device get.
    ///
    /// - Parameters:
    ///   - rawSize: the capacity allocated.
    ///   - start: the system physical address of the allocation.
    ///   - map: where the page map lives; of no meaning for sector and raw mode. Nil: on the device.
    ///   - align: the alignment; of no meaning for sector and raw mode. Nil: 2 MiB.
    ///   - sectorSize: the sector size; of a meaning for sector mode alone. Nil: 4096.
    ///   - labels: the version of the labels; nil for a label-less region. v1.1 labels imply BTT v1.1.
    public static func usableSize(
        rawSize: ByteCount, start: UInt64, mode: NamespaceMode, map: MapLocation? = nil,
        align: Alignment? = nil, sectorSize: SectorSize? = nil, labels: LabelVersion? = .v1_2
    ) -> ByteCount? {
        switch mode {
        case .raw:
            return rawSize > .zero ? rawSize : nil
        case .sector:
            let sectorSize = sectorSize ?? .sectorModeDefault
            return TranslationTable(sectorSize: sectorSize, labels: labels).usableSize(rawSize: rawSize)
        case .fsdax, .devdax:
            let layout = PageMapLayout(map: map ?? .dev, align: align ?? .huge)
            return layout.usableSize(rawSize: rawSize, start: start)
        }
    }

    /// The distance from the allocation's start to the first byte of the users' data.
    ///
    /// Zero for raw mode. For sector mode it is where the first arena's data begins; later arenas and the maps
    /// interrupt the data. The parameters are those of
    /// ``usableSize(rawSize:start:mode:map:align:sectorSize:labels:)``.
    public static func dataOffset(
        rawSize: ByteCount, start: UInt64, mode: NamespaceMode, map: MapLocation? = nil,
        align: Alignment? = nil, labels: LabelVersion? = .v1_2
    ) -> ByteCount? {
        switch mode {
        case .raw:
            return .zero
        case .sector:
            let table = TranslationTable(sectorSize: .sectorModeDefault, labels: labels)
            return table.initialOffset + TranslationTable.page
        case .fsdax, .devdax:
            let layout = PageMapLayout(map: map ?? .dev, align: align ?? .huge)
            return layout.dataOffset(rawSize: rawSize, start: start)
        }
    }

    /// The least raw capacity, a multiple of `unit`, that leaves at least `usable` at this start; nil where none
    /// below 2^63 bytes does.
    ///
    /// It is the least where `unit` is a multiple of the alignment and of 2 MiB, as allocation units are; with
    /// another unit it suffices. The further parameters are those of
    /// ``usableSize(rawSize:start:mode:map:align:sectorSize:labels:)``.
    /// - Parameter unit: the allocation unit; not zero.
    public static func rawSize(
        forUsable usable: ByteCount, unit: ByteCount, start: UInt64, mode: NamespaceMode,
        map: MapLocation? = nil, align: Alignment? = nil, sectorSize: SectorSize? = nil,
        labels: LabelVersion? = .v1_2
    ) -> ByteCount? {
        let most = (UInt64(1) << 63 - 1) / unit.bytes
        guard let least = usable.roundedUp(to: unit).map({ max($0.bytes / unit.bytes, 1) }) else {
            return nil
        }
        let units = leastSufficient(from: least, to: most) { units in
            let size = usableSize(
                rawSize: unit * units, start: start, mode: mode, map: map, align: align,
                sectorSize: sectorSize, labels: labels)
            return size.map { $0 >= usable } ?? false
        }
        return units.map { unit * $0 }
    }

    /// ``usableSize(rawSize:start:mode:map:align:sectorSize:labels:)`` of a layout, whatever size it says itself.
    public static func usableSize(
        of layout: Layout, rawSize: ByteCount, start: UInt64, labels: LabelVersion?
    ) -> ByteCount? {
        usableSize(
            rawSize: rawSize, start: start, mode: layout.mode, map: layout.map, align: layout.align,
            sectorSize: layout.sectorSize, labels: labels)
    }

    /// ``dataOffset(rawSize:start:mode:map:align:labels:)`` of a layout, whatever size it says itself.
    public static func dataOffset(
        of layout: Layout, rawSize: ByteCount, start: UInt64, labels: LabelVersion? = .v1_2
    ) -> ByteCount? {
        dataOffset(
            rawSize: rawSize, start: start, mode: layout.mode, map: layout.map, align: layout.align,
            labels: labels)
    }

    /// ``rawSize(forUsable:unit:start:mode:map:align:sectorSize:labels:)`` of a layout, whatever size it says itself.
    public static func rawSize(
        of layout: Layout, forUsable usable: ByteCount, unit: ByteCount, start: UInt64, labels: LabelVersion?
    ) -> ByteCount? {
        rawSize(
            forUsable: usable, unit: unit, start: start, mode: layout.mode, map: layout.map,
            align: layout.align, sectorSize: layout.sectorSize, labels: labels)
    }

    /// The ranges of a sector-mode namespace that hold its info blocks, maps and logs, from its start.
    package static func translationTableRanges(
        rawSize: ByteCount, sectorSize: SectorSize, labels: LabelVersion?
    ) -> [Extent] {
        TranslationTable(sectorSize: sectorSize, labels: labels).metadataRanges(rawSize: rawSize)
    }

    /// The ranges of a sector-mode namespace that hold its logs, one for each arena, from its start.
    package static func translationLogs(rawSize: ByteCount, labels: LabelVersion?) -> [Extent] {
        TranslationTable(sectorSize: .sectorModeDefault, labels: labels).logRanges(rawSize: rawSize)
    }

    /// The least number in `first...last` that suffices, found by doubling and then halving; nil where none does.
    private static func leastSufficient(
        from first: UInt64, to last: UInt64, _ suffices: (UInt64) -> Bool
    ) -> UInt64? {
        guard first <= last else { return nil }
        var low = first
        var high = first
        while !suffices(high) {
            guard high < last else { return nil }
            low = high + 1
            high = high > last / 2 ? last : high * 2
        }
        return (low..<high).least(where: suffices)
    }
}

/// How a pfn or dax device divides its namespace: info block, page map, data, cut-off tail.
private struct PageMapLayout {
    let map: MapLocation
    let align: Alignment

    private static let pageSize: UInt64 = 4096
    private static let pageDescriptor: UInt64 = 64

    private var unit: ByteCount { max(align.size, NamespaceGeometry.mappingUnit) }

    func dataOffset(rawSize: ByteCount, start: UInt64) -> ByteCount? {
        guard rawSize >= NamespaceGeometry.minimumFormatted else { return nil }
        guard start.isMultiple(of: NamespaceGeometry.mappingUnit.bytes) else { return nil }
        let reserve = NamespaceGeometry.infoBlockReserve
        let pages = (rawSize - reserve) / Self.pageSize
        let pageMap = map == .dev ? pages * Self.pageDescriptor : .zero
        let metadataEnd = ByteCount(start).adding(reserve + pageMap)?.roundedUp(to: unit)
        return metadataEnd.map { $0 - ByteCount(start) }
    }

    func usableSize(rawSize: ByteCount, start: UInt64) -> ByteCount? {
        guard let offset = dataOffset(rawSize: rawSize, start: start) else { return nil }
        guard let end = ByteCount(start).adding(rawSize)?.roundedDown(to: unit) else { return nil }
        let dataStart = ByteCount(start) + offset
        return end > dataStart ? end - dataStart : nil
    }
}

/// How a block translation table divides its namespace into arenas, each with info blocks, data, map and log.
private struct TranslationTable {
    let sectorSize: SectorSize
    let labels: LabelVersion?

    static let page = ByteCount.kib(4)
    private static let smallestArena = ByteCount.mib(16)
    private static let largestArena = ByteCount.gib(512)
    private static let internalAlignment: UInt64 = 64
    private static let mapEntry: UInt64 = 4
    private static let freeBlocks: UInt64 = 256
    private static let logGroup: UInt64 = 64
    private static let log = ByteCount(freeBlocks * logGroup)

    /// Version 1.1 leaves the first page alone; version 2.0, which v1.2 labels imply, does not.
    var initialOffset: ByteCount { labels == .v1_2 ? .zero : Self.page }

    /// The part of a sector that holds data: the block device does not count the metadata bytes.
    private var dataBytes: UInt64 { sectorSize.bytes >= 4096 ? 4096 : 512 }

    func usableSize(rawSize: ByteCount) -> ByteCount? {
        guard rawSize >= initialOffset + Self.smallestArena else { return nil }
        let (full, rest) = (rawSize - initialOffset).bytes
            .quotientAndRemainder(dividingBy: Self.largestArena.bytes)
        var sectors = full > 0 ? sectors(inArena: Self.largestArena) * full : 0
        if rest >= Self.smallestArena.bytes { sectors += self.sectors(inArena: ByteCount(rest)) }
        return ByteCount(sectors * dataBytes)
    }

    /// Info block (and what lies before it), then map, log and second info block, for each arena.
    func metadataRanges(rawSize: ByteCount) -> [Extent] {
        arenas(rawSize: rawSize).flatMap { arena in
            let blocks = sectors(inArena: arena.length) + Self.freeBlocks
            let map = ByteCount(blocks * Self.mapEntry).roundedUp(to: Self.page) ?? arena.length
            let tail = min(map + Self.log + Self.page, arena.length)
            let end = arena.offset + arena.length.roundedDown(to: Self.page)
            let head =
                arena.offset == initialOffset
                ? Extent(offset: .zero, length: .kib(8)) : Extent(offset: arena.offset, length: Self.page)
            return [head, Extent(offset: end - tail, length: arena.end - (end - tail))]
        }
    }

    /// The log of each arena, which ends where the second info block begins.
    func logRanges(rawSize: ByteCount) -> [Extent] {
        arenas(rawSize: rawSize).map { arena in
            let end = arena.offset + arena.length.roundedDown(to: Self.page) - Self.page
            return Extent(offset: end - Self.log, length: Self.log)
        }
    }

    private func arenas(rawSize: ByteCount) -> [Extent] {
        var arenas: [Extent] = []
        var start = initialOffset
        while rawSize >= start + Self.smallestArena {
            let length = min(rawSize - start, Self.largestArena)
            arenas.append(Extent(offset: start, length: length))
            start += length
        }
        return arenas
    }

    private func sectors(inArena size: ByteCount) -> UInt64 {
        let available = size.roundedDown(to: Self.page) - Self.page * 2 - Self.log
        let external = UInt64(sectorSize.bytes)
        let (blocks, rest) = external.quotientAndRemainder(dividingBy: Self.internalAlignment)
        let internalSize = (blocks + (rest == 0 ? 0 : 1)) * Self.internalAlignment
        return (available - Self.page).bytes / (internalSize + Self.mapEntry) - Self.freeBlocks
    }
}
