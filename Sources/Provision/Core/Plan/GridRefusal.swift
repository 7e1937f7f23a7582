/// Refuses to create anything in a region whose share of a DIMM begins off the grid of extents.
///
/// The kernel rounds allocations outwards to that grid and compares them with the region's edges
/// (drivers/nvdimm/dimm_devs.c, `nd_pmem_available_dpa`), so one at such an edge makes the free capacity of this
/// region, and of its neighbour on the DIMM, come out as too little or nothing. Seen with regions at DPA 34 MiB: of
/// 128 MiB free 112 MiB could be had, and then nothing in the other region.
package enum GridRefusal {
    /// The refusal; nil where the region lies on the grid.
    package static func refusal(for region: Region, at position: SourcePosition?) -> Refusal? {
        guard let align = region.align else { return nil }
        let stripe = align / UInt64(region.interleaveWays)
        guard stripe > .zero,
            let mapping = region.mappings.first(where: { !$0.offset.isMultiple(of: stripe) })
        else { return nil }
        return Refusal(
            .notSupported, region.device, at: position,
            "\(region.device) begins at \(mapping.offset) of \(mapping.dimm), no multiple of \(stripe), where the "
                + "kernel miscounts free capacity: what it would allocate cannot be said",
            advice: "give the region a smaller alignment until the next boot: "
                + "/sys/bus/nd/devices/\(region.device)/align")
    }
}
