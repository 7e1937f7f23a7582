package import ProvisionCore

/// The DPA arithmetic of the kernel, on the DIMMs' own addresses (drivers/nvdimm/namespace_devs.c `scan_allocate`
/// and `space_valid`, dimm_devs.c `nd_pmem_available_dpa` and `nd_pmem_max_contiguous_dpa`).
///
/// Written apart from the planner's model on purpose: the two are tested against each other.
extension SimulatedRegion {
    /// The granularity on one DIMM.
    private var stripe: ByteCount { align / ways }

    /// The allocations of this region on one DIMM, in the order of their addresses.
    private func allocations(_ mapping: SimulatedMapping) -> [Extent] {
        let extents = namespaces.filter { $0.size > .zero }
            .map { Extent(offset: mapping.offset + $0.offset / ways, length: $0.size / ways) }
        return extents.sorted()
    }

    /// The free ranges of one DIMM, trimmed inwards to the granularity.
    private func gaps(_ mapping: SimulatedMapping) -> [Extent] {
        var gaps: [Extent] = []
        var start = mapping.offset
        let end = mapping.offset + mapping.length
        for allocation in allocations(mapping) + [Extent(offset: end, length: .zero)] {
            let first = start.roundedUp(to: stripe) ?? start
            let last = allocation.offset.roundedDown(to: stripe)
            if last > first { gaps.append(Extent(offset: first, length: last - first)) }
            start = max(start, allocation.end)
        }
        return gaps
    }

    /// The largest capacity that one namespace can get (`max_available_extent`).
    package var maxAvailableExtent: ByteCount {
        guard labelling == .labelled, isEnabled else { return .zero }
        let largest = mappings.map { gaps($0).map(\.length).max() ?? .zero }
        return (largest.min() ?? .zero) * ways
    }

    /// The free capacity as the kernel sums it (`available_size`): allocations are rounded outwards first.
    package var availableSize: ByteCount {
        guard labelling == .labelled, isEnabled else { return .zero }
        return mappings.reduce(.zero) { $0 + available($1) }
    }

    private func available(_ mapping: SimulatedMapping) -> ByteCount {
        var busy = ByteCount.zero
        for allocation in allocations(mapping) {
            let end = allocation.end.roundedUp(to: stripe) ?? allocation.end
            guard end <= mapping.offset + mapping.length else { return .zero }
            busy += end - allocation.offset.roundedDown(to: stripe)
        }
        return busy < mapping.length ? (mapping.length - busy).roundedDown(to: stripe) : .zero
    }

    /// Where the kernel puts a namespace of this size, from the region's start; nil where no gap holds it.
    ///
    /// An empty mapping is filled from its very start, aligned or not (`init_dpa_allocation`).
    package func firstFit(_ size: ByteCount) -> ByteCount? {
        guard let mapping = mappings.first, size <= maxAvailableExtent else { return nil }
        if allocations(mapping).isEmpty { return .zero }
        let gap = gaps(mapping).first { $0.length >= size / ways }
        return gap.map { ($0.offset - mapping.offset) * ways }
    }
}
