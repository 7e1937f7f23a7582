/// Looks for the order of creation that wastes least.
///
/// The order of the profile is taken where no other could do better. Otherwise the others are judged by, in this
/// order: every namespace can be mapped where it lies; metadata and alignment cost least; the largest free extent
/// afterwards is largest.
package struct PlacementSearch {
    package let solver: Solver
    package let fixed: [Solver.Request]
    package let shares: [Solver.Request]

    /// How many placements the search beyond the usual orders may try: a matter of milliseconds.
    private static let budget = 2000
    /// How many requests it is worth trying for: of more, the budget would cover next to nothing.
    private static let most = 12

    /// An order of creation, as far as it has been followed.
    package struct Attempt {
        package var placed: [Solver.Placed] = []
        package var space: FreeSpace
        /// How many cannot be mapped where they lie.
        package var unmappable = 0
        /// What metadata and alignment take of sizes that are given, and all of sizes that follow from what is usable.
        package var cost = ByteCount.zero
        /// The largest gap that the fixed sizes left.
        package var largest = ByteCount.zero

        package func isBetter(than other: Attempt) -> Bool {
            guard unmappable == other.unmappable else { return unmappable < other.unmappable }
            guard cost == other.cost else { return cost < other.cost }
            return largest > other.largest
        }
    }

    /// The best attempt, or the first request that the order of the profile leaves without a place.
    package func best() -> Result<Attempt, Solver.Unplaced> {
        let inProfileOrder = attempt(fixed)
        if case .success(let attempt) = inProfileOrder, isUnbeatable(attempt) { return inProfileOrder }
        var best = try? inProfileOrder.get()
        let descending = descending
        if case .success(let attempt) = attempt(descending) { keep(attempt, in: &best) }
        if isWorthSearching(beyond: best) {
            var left = Self.budget
            search(descending, after: Attempt(space: start), left: &left, best: &best)
        }
        return best.map { .success($0) } ?? inProfileOrder
    }

    private func isWorthSearching(beyond best: Attempt?) -> Bool {
        guard fixed.count <= Self.most else { return false }
        if let best { return best.unmappable > 0 || !shares.isEmpty && !isUnbeatable(best) }
        let least = fixed.reduce(ByteCount?.some(.zero)) { sum, request in
            solver.leastSize(of: request).flatMap { sum?.adding($0) }
        }
        return least.map { $0 <= start.available } ?? false
    }

    private var start: FreeSpace { FreeSpace(solver.map) }

    /// Gigantic alignments first, for whom it matters most where they lie, then the largest.
    private var descending: [Solver.Request] {
        let keyed = fixed.map { request in
            (request, request.layout.align == .gigantic ? 0 : 1, solver.leastSize(of: request) ?? .zero)
        }
        return keyed.enumerated().sorted { left, right in
            guard left.element.1 == right.element.1 else { return left.element.1 < right.element.1 }
            guard left.element.2 == right.element.2 else { return left.element.2 > right.element.2 }
            return left.offset < right.offset
        }.map(\.element.0)
    }

    private func attempt(_ order: [Solver.Request]) -> Result<Attempt, Solver.Unplaced> {
        var attempt = Attempt(space: start)
        for request in order where !place(request, in: &attempt) {
            return .failure(unplaced(request, attempt))
        }
        return placeShares(in: attempt)
    }

    private func place(_ request: Solver.Request, in attempt: inout Attempt) -> Bool {
        guard let extent = solver.extent(for: request, in: &attempt.space) else { return false }
        attempt.placed.append(Solver.Placed(declaration: request.declaration, extent: extent))
        let usable = solver.sizing.usableSize(
            of: request.layout, rawSize: extent.length, offset: extent.offset)
        if usable == nil { attempt.unmappable += 1 }
        attempt.cost += cost(of: request, rawSize: extent.length, usable: usable)
        return true
    }

    private func cost(of request: Solver.Request, rawSize: ByteCount, usable: ByteCount?) -> ByteCount {
        guard case .exactly = request.need else { return rawSize }
        return rawSize - (usable ?? .zero)
    }

    private func placeShares(in attempt: Attempt) -> Result<Attempt, Solver.Unplaced> {
        var attempt = attempt
        attempt.largest = attempt.space.largestGap?.length ?? .zero
        for (request, size) in zip(shares, ShareDivision.sizes(of: shares, in: attempt.largest)) {
            let least = solver.sizing.minimum(for: request.layout, unit: request.unit)
            guard size >= least, let extent = attempt.space.allocate(size) else {
                return .failure(unplaced(request, attempt))
            }
            attempt.placed.append(Solver.Placed(declaration: request.declaration, extent: extent))
        }
        return .success(attempt)
    }

    private func unplaced(_ request: Solver.Request, _ attempt: Attempt) -> Solver.Unplaced {
        let waiting = Set((fixed + shares).map(\.declaration)).subtracting(attempt.placed.map(\.declaration))
        return Solver.Unplaced(
            request: request, needed: solver.leastSize(of: request), space: attempt.space, waiting: waiting)
    }

    private func keep(_ attempt: Attempt, in best: inout Attempt?) {
        if best.map({ attempt.isBetter(than: $0) }) ?? true { best = attempt }
    }

    /// Tries every order of the requests, depth first, until one is unbeatable or the budget is used up.
    private func search(
        _ requests: [Solver.Request], after attempt: Attempt, left: inout Int, best: inout Attempt?
    ) {
        guard !requests.isEmpty else {
            if case .success(let whole) = placeShares(in: attempt) { keep(whole, in: &best) }
            if let best, isUnbeatable(best) { left = 0 }
            return
        }
        for (index, request) in requests.enumerated() where left > 0 {
            if requests[..<index].contains(where: { $0.isAlike(request) }) { continue }
            left -= 1
            var next = attempt
            guard place(request, in: &next) else { continue }
            var others = requests
            others.remove(at: index)
            search(others, after: next, left: &left, best: &best)
        }
    }

    /// Whether no order can do better: all are mapped at the least cost, and what is free afterwards is in one gap,
    /// or the largest gap is as it was.
    private func isUnbeatable(_ attempt: Attempt) -> Bool {
        guard attempt.unmappable == 0, attempt.cost == leastCost else { return false }
        let before = start
        let taken = attempt.placed.prefix(fixed.count).reduce(ByteCount.zero) { $0 + $1.extent.length }
        let most = min(before.largestGap?.length ?? .zero, max(before.available, taken) - taken)
        return attempt.largest >= most
    }

    /// The sum of what each would cost at a start that suits it.
    private var leastCost: ByteCount {
        fixed.reduce(.zero) { sum, request in
            guard let size = solver.leastSize(of: request) else { return sum }
            let usable = solver.sizing.bestUsableSize(of: request.layout, rawSize: size)
            return sum + cost(of: request, rawSize: size, usable: usable)
        }
    }
}
