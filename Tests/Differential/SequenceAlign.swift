import ProvisionCore

/// The alignments of regions. The kernel lets an administrator change them (drivers/nvdimm/region_devs.c,
/// `align_store`): the share of one DIMM must be a power of two of at least a page.
enum SequenceAlign {
    /// The alignment after boot.
    static func usual(of region: Region) -> ByteCount {
        let ways = UInt64(region.interleaveWays)
        return ByteCount.mib(16).bytes.isMultiple(of: ways) ? .mib(16) : .mib(16) * ways
    }

    /// Mostly the usual one; at times another, which makes other gaps and starts.
    static func draw(for region: Region, using generator: inout SeededGenerator) -> ByteCount {
        guard generator.happens(30) else { return usual(of: region) }
        let shares: [ByteCount] = [.kib(4), .kib(64), .kib(512), .mib(1), .mib(2), .mib(4), .mib(8)]
        let align = generator.one(of: shares) * UInt64(region.interleaveWays)
        return align <= region.size ? align : usual(of: region)
    }
}
