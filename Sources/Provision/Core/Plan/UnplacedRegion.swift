/// A region whose addresses a saved inventory does not give, planned as far as they do not matter.
///
/// Where all free capacity is one extent, it is the same for a plan wherever that extent lies, as long as nothing
/// beside it is released. The region is given made-up places: the free extent first, then the namespaces, then what
/// is allocated and not listed. What the plan then says of places is taken out of it again, and where it would have
/// depended on them the plan is refused. Where there are several free extents, only what stays in place is planned.
package struct UnplacedRegion {
    /// The region with made-up places.
    package let region: Region
    /// What is free and allocated at these made-up places.
    package let map: ExtentMap
    /// The one free extent; nil where there are several.
    private let free: ByteCount?
    private let unlisted: ByteCount

    /// Nil where a raw size is not known, or sizes do not add up.
    package init?(_ region: Region, limits: InventoryLimits) {
        guard let grid = region.align,
            !region.namespaces.contains(where: { limits.contains(.noRawSize($0.device)) })
        else { return nil }
        var placed = region
        placed.resource = 0
        for index in placed.mappings.indices { placed.mappings[index].offset = .zero }
        let free = Self.freeExtent(of: region, grid: grid)
        var end = free ?? .zero
        for index in placed.namespaces.indices {
            placed.namespaces[index].resource = end.bytes
            end += placed.namespaces[index].rawSize
        }
        guard end <= region.size, var map = ExtentMap(of: placed) else { return nil }
        self.unlisted = region.size - end
        if unlisted > .zero { map.insert(Extent(offset: end, length: unlisted)) }
        self.region = placed
        self.map = map
        self.free = free
    }

    /// The one free extent. The kernel's two sums are equal exactly where there is no second one
    /// (drivers/nvdimm/dimm_devs.c, `nd_pmem_available_dpa` and `nd_pmem_max_contiguous_dpa`).
    private static func freeExtent(of region: Region, grid: ByteCount) -> ByteCount? {
        if region.labelling == .labelLess { return region.size.roundedDown(to: grid) }
        let isWhole = region.namespaces.isEmpty && region.availableSize == region.size.roundedDown(to: grid)
        guard isWhole || region.maxAvailableExtent == region.availableSize,
            region.availableSize.isMultiple(of: grid)
        else { return nil }
        return region.availableSize
    }

    /// The need of a declaration, where the observed usable size answers what the place would be needed for.
    package func need(_ need: Sizing.Need, existing: Namespace?) -> Sizing.Need {
        guard case .usable(let wanted) = need, let existing, let usable = existing.usableSize,
            usable >= wanted
        else { return need }
        return .exactly(existing.rawSize)
    }

    /// Whether another place of the free extent could make another plan of the draft.
    package func matters(to draft: PlanDraft, entries: [RegionEntry], sizing: Sizing) -> Bool {
        if entries.contains(where: dependsOnStart)
            || draft.refusals.contains(where: { $0.code == .startMisaligned })
        {
            return true
        }
        let shares = entries.filter { $0.isShare && $0.existing != nil }.compactMap { $0.existing?.device }
        let released = Set(shares + draft.releasedDevices)
        let isFree = released.count == region.namespaces.count && unlisted < map.grid
        let isExact = free == .zero && released.count == 1
        let places = draft.changes.contains { $0.kind == .create || $0.kind == .replace }
        if free == nil, places || !shares.isEmpty || !draft.refusals.isEmpty { return true }
        if !released.isEmpty, places || !shares.isEmpty || !draft.refusals.isEmpty, !isFree, !isExact {
            return true
        }
        return draft.changes.compactMap(\.after).contains { usableSizes(of: $0, sizing).contains(nil) }
    }

    /// Takes out of the draft what it says of places.
    package func withoutPlaces(_ draft: PlanDraft, sizing: Sizing) -> PlanDraft {
        var draft = draft
        draft.forgetAddresses { after in
            let sizes = usableSizes(of: after, sizing)
            after.usableSize = sizes.count == 1 ? sizes.first ?? nil : nil
        }
        return draft
    }

    /// Whether the raw capacity that a usable size takes depends on where the namespace starts.
    private func dependsOnStart(_ entry: RegionEntry) -> Bool {
        guard case .usable = entry.need, let align = entry.layout.align else { return false }
        return align.size > NamespaceGeometry.mappingUnit
    }

    /// The usable sizes at every start that the kernel could choose: regions start at multiples of 2 MiB, or nothing
    /// in them can be mapped.
    private func usableSizes(of summary: NamespaceSummary, _ sizing: Sizing) -> Set<ByteCount?> {
        guard let layout = Layout(summary.configuration) else { return [summary.usableSize] }
        let period = layout.mode.isDirectAccess ? layout.align?.size.bytes ?? 0 : 0
        let step = NamespaceGeometry.mappingUnit.bytes
        let starts = stride(from: 0, to: max(period, step), by: Int64.Stride(step))
        return Set(
            starts.map { start in
                NamespaceGeometry.usableSize(
                    of: layout, rawSize: layout.rawSize, start: start, labels: sizing.labels)
            })
    }
}
