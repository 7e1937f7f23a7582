/// What formatting a namespace writes to its media: everything else on it stays as it was.
///
/// fsdax and devdax write an info block into the first 8 KiB, and with `map: dev` the page map up to the data
/// (drivers/nvdimm/pfn_devs.c, `nd_pfn_init`; the kernel rewrites the map at every enable). Sector mode writes an info
/// block at both ends of every arena, with the map and the log before the second (btt.c, `btt_meta_init`). Raw mode
/// has no info block: one that lies there is wiped.
package enum MediaWrites {
    /// The ranges, from the namespace's start, in order.
    /// - Parameter start: the system physical address of the namespace.
    package static func ranges(
        for layout: Layout, rawSize: ByteCount, start: UInt64, labels: LabelVersion?
    ) -> [Extent] {
        switch layout.mode {
        case .raw:
            return [Extent(offset: .zero, length: min(NamespaceGeometry.infoBlockReserve, rawSize))]
        case .fsdax, .devdax:
            let offset = NamespaceGeometry.dataOffset(
                of: layout, rawSize: rawSize, start: start, labels: labels)
            let infoBlock = NamespaceGeometry.infoBlockReserve
            let length = layout.map == .dev ? max(offset ?? rawSize, infoBlock) : infoBlock
            return [Extent(offset: .zero, length: min(length, rawSize))]
        case .sector:
            return NamespaceGeometry.translationTableRanges(
                rawSize: rawSize, sectorSize: layout.sectorSize ?? .sectorModeDefault, labels: labels)
        }
    }
}

extension Layout {
    /// The part of a namespace that its users can write, from its start: what follows the metadata of fsdax and devdax, all
    /// of it in other modes.
    /// - Parameter resource: the system physical address of the namespace.
    package func dataRange(at resource: UInt64?) -> Extent {
        let offset =
            mode.isDirectAccess
            ? NamespaceGeometry.dataOffset(of: self, rawSize: rawSize, start: resource ?? 0) : .zero
        let start = min(offset ?? .zero, rawSize)
        return Extent(offset: start, length: rawSize - start)
    }
}

extension Namespace {
    /// The part of the namespace that its users could write, from its start. Where the place of its page map is not known,
    /// it is taken to be on the device.
    package var dataRange: Extent {
        let layout = Layout(
            name: nil, mode: recordedMode ?? mode ?? .raw, map: map ?? .dev,
            align: align.flatMap { Alignment($0) } ?? .huge, rawSize: rawSize)
        return layout.dataRange(at: resource)
    }
}
