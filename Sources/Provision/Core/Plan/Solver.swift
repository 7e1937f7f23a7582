/// Places new namespaces: which order of creation to choose, and so where and how large each comes out.
///
/// The kernel's placement is first fit; the order of creation is all that is ours to choose. Shares of the rest come
/// last, whatever the order. ``PlacementSearch`` looks through the orders.
package struct Solver {
    package let sizing: Sizing
    /// The region as it is when the first namespace is created.
    package let map: ExtentMap

    /// A namespace to be placed.
    package struct Request: Equatable {
        /// The index of its declaration.
        package var declaration: Int
        package var layout: Layout
        package var need: Sizing.Need
        package var unit: ByteCount
    }

    /// Where and how large a request comes out.
    package struct Placed: Equatable {
        package var declaration: Int
        package var extent: Extent
    }

    /// The first request that found no place.
    package struct Unplaced: Error {
        package var request: Request
        /// The least that it needs, wherever it lies; nil where no size suffices.
        package var needed: ByteCount?
        /// What was free at that point.
        package var space: FreeSpace
        /// The declarations that had no place at that point, this one included.
        package var waiting: Set<Int>
    }

    /// Places all requests, in the order in which they must be created.
    package func place(_ requests: [Request]) -> Result<[Placed], Unplaced> {
        PlacementSearch(
            solver: self, fixed: requests.filter { !$0.isShare }, shares: requests.filter(\.isShare)
        ).best().map(\.placed)
    }

    /// Where the request comes to lie in the space, if it is created next; nil where it does not fit.
    package func extent(for request: Request, in space: inout FreeSpace) -> Extent? {
        switch request.need {
        case .exactly(let size): space.allocate(size)
        case .usable(let usable): size(of: request, usable: usable, in: space).flatMap { space.allocate($0) }
        case .share: nil
        }
    }

    /// The least size whose first fit is a place where it leaves the usable size. What a place costs depends on where
    /// it is, so a size that suffices in one gap may fit, and not suffice, in an earlier one: then it has to be larger
    /// than that.
    private func size(of request: Request, usable: ByteCount, in space: FreeSpace) -> ByteCount? {
        let minimum = sizing.minimum(for: request.layout, unit: request.unit)
        var passed = ByteCount.zero
        for (index, gap) in space.gaps.enumerated() where gap.length >= passed {
            let sufficient = sizing.rawSize(
                of: request.layout, forUsable: usable, unit: request.unit, offset: space.start(ofGap: index))
            let above = passed.roundedDown(to: request.unit).adding(request.unit)
            if let sufficient, let above {
                let size = max(sufficient, minimum, passed == .zero ? .zero : above)
                if size <= gap.length { return size }
            }
            passed = gap.length
        }
        return nil
    }

    /// The least size that meets the request, wherever it lies; nil where none does.
    package func leastSize(of request: Request) -> ByteCount? {
        let minimum = sizing.minimum(for: request.layout, unit: request.unit)
        switch request.need {
        case .exactly(let size): return size
        case .share: return minimum
        case .usable(let usable):
            return sizing.leastRawSize(of: request.layout, forUsable: usable, unit: request.unit)
                .map { max($0, minimum) }
        }
    }
}

extension Solver.Request {
    /// Whether the request is for a share of the rest.
    package var isShare: Bool {
        if case .share = need { return true }
        return false
    }

    /// The divisor of a share; 1 for other requests.
    package var divisor: Int {
        if case .share(let divisor) = need { return divisor }
        return 1
    }

    /// Whether another request asks for the same: the order of the two is of no consequence.
    package func isAlike(_ other: Solver.Request) -> Bool {
        need == other.need && unit == other.unit && layout.isFormatted(as: other.layout)
    }
}
