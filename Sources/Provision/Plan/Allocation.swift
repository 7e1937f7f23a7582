/// Decides which namespaces keep their extent, and where the others go.
struct Allocation {
    /// The region without what is destroyed for good.
    let map: ExtentMap
    let sizing: Sizing
    let region: Region
    let entries: [RegionEntry]

    /// The entries that get a new extent, in the order in which they must be created; all others keep theirs.
    struct Outcome {
        var placed: [Solver.Placed]
    }

    /// Shares of the rest keep their extents where their sizes still are what the shares come to; otherwise they are
    /// given up, first those whose size differs, then all.
    func solve() -> Result<Outcome, Solver.Unplaced> {
        let fixedMap = entries.reduce(into: map) { map, entry in
            if !entry.isShare, !keepsExtent(entry) { release(entry, from: &map) }
        }
        let fixed = entries.filter { !$0.isShare && !keepsExtent($0) }.compactMap { request($0, $0.need) }
        let shares = entries.filter(\.isShare)
        let bareMap = shares.reduce(into: fixedMap) { map, entry in release(entry, from: &map) }
        if let outcome = keepingShares(shares, fixed, fixedMap: fixedMap, bareMap: bareMap) {
            return .success(outcome)
        }
        return Solver(sizing: sizing, map: bareMap)
            .place(fixed + shares.compactMap { request($0, $0.need) })
            .map { Outcome(placed: $0) }
    }

    /// The outcome in which at least one share keeps its extent; nil where none can.
    private func keepingShares(
        _ shares: [RegionEntry], _ fixed: [Solver.Request], fixedMap: ExtentMap, bareMap: ExtentMap
    ) -> Outcome? {
        guard shares.contains(where: { $0.existing != nil }),
            case .success(let placed) = Solver(sizing: sizing, map: fixedMap).place(fixed)
        else { return nil }
        let rest = placed.reduce(into: bareMap) { map, placed in map.insert(placed.extent) }
        let sizes = Solver.shareSizes(
            shares.compactMap { request($0, $0.need) }, of: room(for: shares, in: rest))
        guard sizes.count == shares.count else { return nil }
        let kept = zip(shares, sizes).filter { $0.existing?.rawSize == $1 }.map(\.0)
        guard !kept.isEmpty else { return nil }
        let keptMap = kept.reduce(into: bareMap) { map, entry in
            if let extent = extent(of: entry) { map.insert(extent) }
        }
        let others = zip(shares, sizes).filter { $0.existing?.rawSize != $1 }
            .compactMap { request($0, .exactly($1)) }
        guard others.allSatisfy({ isLargeEnough($0) }),
            case .success(let all) = Solver(sizing: sizing, map: keptMap).place(fixed + others)
        else { return nil }
        return Outcome(placed: all)
    }

    /// What there is to share: the gap around the one that has it already, or the largest.
    private func room(for shares: [RegionEntry], in map: ExtentMap) -> ByteCount {
        if shares.count == 1, let extent = shares.first.flatMap({ self.extent(of: $0) }),
            let gap = map.gaps.first(where: { $0.overlaps(extent) })
        {
            return gap.length
        }
        return map.largestGap?.length ?? .zero
    }

    /// Whether an existing namespace has the size that a fixed need asks for.
    private func keepsExtent(_ entry: RegionEntry) -> Bool {
        guard let existing = entry.existing else { return false }
        switch entry.need {
        case .exactly(let size): return existing.rawSize == size
        case .share: return false
        case .usable(let usable):
            guard let extent = extent(of: entry), let unit = sizing.unit(for: entry.layout),
                existing.rawSize.isMultiple(of: unit)
            else { return false }
            let gained = sizing.usableSize(of: entry.layout, rawSize: existing.rawSize, offset: extent.offset)
            return gained.map { $0 >= usable } ?? false
        }
    }

    private func isLargeEnough(_ request: Solver.Request) -> Bool {
        guard case .exactly(let size) = request.need else { return true }
        return size >= sizing.minimum(for: request.layout, unit: request.unit)
    }

    private func request(_ entry: RegionEntry, _ need: Sizing.Need) -> Solver.Request? {
        sizing.unit(for: entry.layout).map {
            Solver.Request(declaration: entry.index, layout: entry.layout, need: need, unit: $0)
        }
    }

    private func extent(of entry: RegionEntry) -> Extent? { entry.existing.flatMap { region.extent(of: $0) } }

    private func release(_ entry: RegionEntry, from map: inout ExtentMap) {
        if let extent = extent(of: entry) { map.remove(extent) }
    }
}

extension RegionEntry {
    /// Whether it asks for a share of the rest.
    var isShare: Bool {
        if case .share = need { return true }
        return false
    }
}
