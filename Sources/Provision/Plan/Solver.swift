/// Finds the order of creation in which everything fits, and so the place and size of each new namespace.
///
/// The kernel's placement is first fit; the order of creation is all that is ours to choose. Shares of the rest come
/// last, whatever the order.
struct Solver {
    let sizing: Sizing
    /// The region as it is when the first namespace is created.
    let map: ExtentMap

    /// A namespace to be placed.
    struct Request {
        /// The index of its declaration.
        var declaration: Int
        var layout: Layout
        var need: Sizing.Need
        var unit: ByteCount
    }

    /// Where and how large a request comes out.
    struct Placed: Equatable {
        var declaration: Int
        var extent: Extent
    }

    /// The first request that found no place.
    struct Unplaced: Error {
        var declaration: Int
        /// What it needs; nil for a share of nothing.
        var needed: ByteCount?
        /// The map at that point.
        var map: ExtentMap
    }

    /// Places all requests, in the order in which they must be created.
    ///
    /// Tries the order of the profile, then the largest first, then (up to six) every order.
    func place(_ requests: [Request]) -> Result<[Placed], Unplaced> {
        let shares = requests.filter(\.isShare)
        let fixed = requests.filter { !$0.isShare }
        var firstFailure: Unplaced?
        for order in orders(of: fixed) {
            switch attempt(order, then: shares) {
            case .success(let placed): return .success(placed)
            case .failure(let failure): firstFailure = firstFailure ?? failure
            }
        }
        return .failure(firstFailure ?? Unplaced(declaration: 0, needed: nil, map: map))
    }

    private func attempt(_ fixed: [Request], then shares: [Request]) -> Result<[Placed], Unplaced> {
        var map = map
        var placed: [Placed] = []
        for request in fixed {
            guard let extent = extent(for: request, in: map) else {
                return .failure(
                    Unplaced(declaration: request.declaration, needed: leastSize(of: request), map: map))
            }
            map.insert(extent)
            placed.append(Placed(declaration: request.declaration, extent: extent))
        }
        let rest = map.largestGap?.length ?? .zero
        for (request, size) in zip(shares, Self.shareSizes(shares, of: rest)) {
            let least = sizing.minimum(for: request.layout, unit: request.unit)
            guard size >= least, let extent = map.firstFit(size) else {
                return .failure(Unplaced(declaration: request.declaration, needed: nil, map: map))
            }
            map.insert(extent)
            placed.append(Placed(declaration: request.declaration, extent: extent))
        }
        return .success(placed)
    }

    /// The sizes of the shares of one gap: each its part rounded down to its unit. Where the shares make a whole,
    /// the units that rounding left over go to the first of them, so that less than one unit is stranded.
    static func shareSizes(_ shares: [Request], of rest: ByteCount) -> [ByteCount] {
        var sizes = shares.map { (rest / UInt64($0.divisor)).roundedDown(to: $0.unit) }
        var left = sizes.reduce(rest) { $0 - $1 }
        guard makeWhole(shares.map(\.divisor)) else { return sizes }
        for (index, share) in shares.enumerated() where left >= share.unit {
            sizes[index] += share.unit
            left -= share.unit
        }
        return sizes
    }

    /// Whether the unit fractions of these divisors add up to one.
    private static func makeWhole(_ divisors: [Int]) -> Bool {
        var common = 1
        for divisor in divisors {
            let (product, overflow) = common.multipliedReportingOverflow(by: divisor)
            guard !overflow else { return false }
            if !common.isMultiple(of: divisor) { common = product }
        }
        return divisors.reduce(0) { $0 + common / $1 } == common
    }

    private func extent(for request: Request, in map: ExtentMap) -> Extent? {
        switch request.need {
        case .exactly(let size): map.firstFit(size)
        case .usable(let usable): usableExtent(for: request, usable: usable, in: map)
        case .share: nil
        }
    }

    /// The first fit that leaves the usable size at the very place where it comes to lie.
    private func usableExtent(for request: Request, usable: ByteCount, in map: ExtentMap) -> Extent? {
        var candidate = leastSize(of: request)
        while let size = candidate, let extent = map.firstFit(size) {
            let gained = sizing.usableSize(of: request.layout, rawSize: size, offset: extent.offset)
            if let gained, gained >= usable { return extent }
            candidate = size.adding(request.unit)
        }
        return nil
    }

    private func leastSize(of request: Request) -> ByteCount? {
        switch request.need {
        case .exactly(let size): return size
        case .share: return nil
        case .usable(let usable):
            let least = sizing.minimum(for: request.layout, unit: request.unit)
            return sizing.rawSize(of: request.layout, forUsable: usable, unit: request.unit, offset: .zero)
                .map { max($0, least) }
        }
    }

    private func orders(of requests: [Request]) -> [[Request]] {
        let descending = requests.enumerated().sorted { left, right in
            let sizes = (leastSize(of: left.element) ?? .zero, leastSize(of: right.element) ?? .zero)
            return sizes.0 != sizes.1 ? sizes.0 > sizes.1 : left.offset < right.offset
        }.map(\.element)
        let all = requests.count <= 6 ? Self.permutations(of: requests) : []
        return [requests, descending] + all
    }

    private static func permutations(of requests: [Request]) -> [[Request]] {
        guard !requests.isEmpty else { return [[]] }
        return requests.indices.flatMap { index in
            var others = requests
            let first = others.remove(at: index)
            return permutations(of: others).map { [first] + $0 }
        }
    }
}

extension Solver.Request {
    /// Whether the request is for a share of the rest.
    var isShare: Bool {
        if case .share = need { return true }
        return false
    }

    /// The divisor of a share; 1 for other requests.
    fileprivate var divisor: Int {
        if case .share(let divisor) = need { return divisor }
        return 1
    }
}
