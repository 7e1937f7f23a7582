/// What the parts of a namespace hold, from its start and in order, as far as its attributes tell.
package struct NamespaceParts {
    /// The parts, which cover all of it.
    package private(set) var parts: [(range: Extent, part: MediaError.Part)] = []
    /// Where its data begins, in bytes from the namespace's start.
    package let dataStart: ByteCount

    /// The parts of a namespace.
    /// - Parameters:
    ///   - labels: the version of the region's labels; nil for a label-less region.
    ///   - dataStart: where the kernel says that its data begins, from its start; nil: what the kernel's arithmetic gives.
    package init(of namespace: Namespace, labels: LabelVersion?, dataStart known: ByteCount? = nil) {
        let reserve = NamespaceGeometry.infoBlockReserve
        var metadata: [(range: Extent, part: MediaError.Part)] = []
        var start = ByteCount.zero
        var isSure = namespace.isActive
        switch namespace.isActive ? namespace.mode : namespace.recordedMode {
        case .fsdax, .devdax:
            start = min(known ?? namespace.dataRange.offset, namespace.rawSize)
            let map: MediaError.Part =
                namespace.isActive ? (namespace.map == .mem ? .unused : .pageMap) : .undetermined
            metadata = [(Extent(offset: .zero, length: reserve), .infoBlock)]
            if start > reserve { metadata.append((Extent(offset: reserve, length: start - reserve), map)) }
            isSure = true
        case .sector where namespace.isActive:
            let size = namespace.sectorSize.flatMap { SectorSize($0) } ?? .sectorModeDefault
            metadata = NamespaceGeometry.translationTableRanges(
                rawSize: namespace.rawSize, sectorSize: size, labels: labels
            ).enumerated().map { ($1, $0.isMultiple(of: 2) ? .infoBlock : .translationTable) }
        case .sector: metadata = [(Extent(offset: .zero, length: reserve), .infoBlock)]
        case .raw where namespace.unfinished != nil:
            // The kernel did not find the info block that the label speaks of: it may be what cannot be read.
            metadata = [(Extent(offset: .zero, length: reserve), .infoBlock)]
        case .raw, nil: break
        }
        self.dataStart = start
        let whole = Extent(offset: .zero, length: namespace.rawSize)
        let data: MediaError.Part = isSure ? .data : .undetermined
        var users = [(range: Extent, part: MediaError.Part)]()
        for range in whole.without(metadata.map(\.range)) {
            guard namespace.mode?.isDirectAccess == true, namespace.isActive,
                let usable = namespace.usableSize
            else {
                users.append((range, data))
                continue
            }
            let mapped = Extent(offset: start, length: usable)
            if let inside = range.overlap(mapped) { users.append((inside, .data)) }
            users += range.without([mapped]).map { ($0, .unused) }
        }
        parts = (metadata.compactMap { item in item.range.overlap(whole).map { ($0, item.part) } } + users)
            .sorted { $0.range < $1.range }
    }
}
