/// Decides which namespaces keep their extent, and where the others go.
package struct Allocation {
    /// The region without what is destroyed for good.
    package let map: ExtentMap
    /// Turns the sizes of the profile into raw capacities of this region.
    package let sizing: Sizing
    /// The region as observed.
    package let region: Region
    /// What the profile declares for the region, with the namespaces that it means.
    package let entries: [RegionEntry]

    /// The entries that get a new extent, in the order in which they must be created; all others keep theirs.
    package struct Outcome {
        /// The new extents, the first to be created first.
        package var placed: [Solver.Placed]
    }

    /// A share of the rest with what it asks for.
    private struct Share {
        var entry: RegionEntry
        var request: Solver.Request
    }

    /// Shares of the rest keep their extents where their sizes still are what the shares come to; otherwise they are
    /// given up, first those whose size differs, then all.
    package func solve() -> Result<Outcome, Solver.Unplaced> {
        let moving = entries.filter { !$0.isShare && !keepsExtent($0) }
        let sharing = entries.filter(\.isShare)
        let sharedMap = releasing(moving, from: map)
        let bareMap = releasing(sharing, from: sharedMap)
        let fixed = moving.compactMap { request($0, $0.need) }
        let shares = sharing.compactMap { entry in
            request(entry, entry.need).map { Share(entry: entry, request: $0) }
        }
        if let outcome = keepingShares(shares, fixed, sharedMap: sharedMap, bareMap: bareMap) {
            return .success(outcome)
        }
        return Solver(sizing: sizing, map: bareMap).place(fixed + shares.map(\.request))
            .map { Outcome(placed: $0) }
    }

    /// The outcome in which at least one share keeps its extent; nil where none can.
    ///
    /// What the shares come to depends on where the fixed sizes go, and those may go elsewhere once a share is given
    /// up: the outcome counts only where the shares still come to the same then, so that the next plan agrees.
    private func keepingShares(
        _ shares: [Share], _ fixed: [Solver.Request], sharedMap: ExtentMap, bareMap: ExtentMap
    ) -> Outcome? {
        guard shares.contains(where: { $0.entry.existing != nil }),
            case .success(let placed) = Solver(sizing: sizing, map: sharedMap).place(fixed)
        else { return nil }
        let sizes = sizes(of: shares, beside: placed, in: bareMap)
        let sized = zip(shares, sizes)
        let kept = sized.filter { isKept($0, at: $1) }.map(\.0.entry)
        if kept.count == shares.count { return Outcome(placed: placed) }
        guard !kept.isEmpty else { return nil }
        let keptMap = kept.compactMap(extent).reduce(into: bareMap) { map, extent in map.insert(extent) }
        let others = sized.filter { !isKept($0, at: $1) }.map { resized($0.request, to: $1) }
        guard others.allSatisfy(isLargeEnough),
            case .success(let all) = Solver(sizing: sizing, map: keptMap).place(fixed + others),
            self.sizes(of: shares, beside: all.filter { isFixed($0) }, in: bareMap) == sizes
        else { return nil }
        return Outcome(placed: all)
    }

    /// Whether a share may stay as it is: the size is right, and the layout can be had at its place.
    private func isKept(_ share: Share, at size: ByteCount) -> Bool {
        guard let existing = share.entry.existing, existing.rawSize == size else { return false }
        return isMappable(share.entry)
    }

    /// What the shares come to beside these, when all shares are given up.
    private func sizes(
        of shares: [Share], beside placed: [Solver.Placed], in bareMap: ExtentMap
    ) -> [ByteCount] {
        let map = placed.reduce(into: bareMap) { map, placed in map.insert(placed.extent) }
        return ShareDivision.sizes(of: shares.map(\.request), in: room(for: shares, in: map))
    }

    /// What there is to share: for the one that takes it all, the gap that it lies in; else the largest gap.
    private func room(for shares: [Share], in map: ExtentMap) -> ByteCount {
        if shares.count == 1, shares[0].request.divisor == 1, let extent = extent(of: shares[0].entry),
            let gap = map.gaps.first(where: { $0.overlaps(extent) })
        {
            return gap.length
        }
        return map.largestGap?.length ?? .zero
    }

    /// Whether an existing namespace has what a fixed need asks for.
    private func keepsExtent(_ entry: RegionEntry) -> Bool {
        guard let existing = entry.existing, isMappable(entry) else { return false }
        switch entry.need {
        case .exactly(let size): return existing.rawSize == size
        case .share: return false
        case .usable(let usable):
            guard let unit = sizing.unit(for: entry.layout), existing.rawSize.isMultiple(of: unit) else {
                return false
            }
            return usableSize(of: entry).map { $0 >= usable } ?? false
        }
    }

    /// Whether the layout can be had where the namespace is.
    private func isMappable(_ entry: RegionEntry) -> Bool { usableSize(of: entry) != nil }

    private func usableSize(of entry: RegionEntry) -> ByteCount? {
        guard let existing = entry.existing, let extent = extent(of: entry) else { return nil }
        return sizing.usableSize(of: entry.layout, rawSize: existing.rawSize, offset: extent.offset)
    }

    private func isLargeEnough(_ request: Solver.Request) -> Bool {
        guard case .exactly(let size) = request.need else { return true }
        return size >= sizing.minimum(for: request.layout, unit: request.unit)
    }

    private func isFixed(_ placed: Solver.Placed) -> Bool { !entries[placed.declaration].isShare }

    private func request(_ entry: RegionEntry, _ need: Sizing.Need) -> Solver.Request? {
        sizing.unit(for: entry.layout).map {
            Solver.Request(declaration: entry.index, layout: entry.layout, need: need, unit: $0)
        }
    }

    private func resized(_ request: Solver.Request, to size: ByteCount) -> Solver.Request {
        var request = request
        request.need = .exactly(size)
        return request
    }

    private func extent(of entry: RegionEntry) -> Extent? { entry.existing.flatMap { region.extent(of: $0) } }

    private func releasing(_ entries: [RegionEntry], from map: ExtentMap) -> ExtentMap {
        entries.compactMap(extent).reduce(into: map) { map, extent in map.remove(extent) }
    }
}

extension RegionEntry {
    /// Whether it asks for a share of the rest.
    package var isShare: Bool {
        if case .share = need { return true }
        return false
    }
}
