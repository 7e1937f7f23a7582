/// What of a region's capacity is allocated, and where the kernel would put the next namespace.
///
/// The kernel allocates one extent of equal size on every DIMM of the interleave set, at the start of the first gap
/// in DPA order that is large enough, its edges rounded inwards to the region's alignment divided by the ways
/// (drivers/nvdimm/namespace_devs.c, `scan_allocate` and `space_valid`). Since all DIMMs of a set are laid out alike,
/// the map is kept in region offsets: a DPA offset times the ways.
public struct ExtentMap: Equatable, Sendable {
    /// The region's capacity.
    public let capacity: ByteCount
    /// The region's alignment: gaps are trimmed to its multiples.
    public let grid: ByteCount
    /// What lies before offset 0 in the address space whose multiples the kernel rounds to.
    private let base: ByteCount
    /// The allocated ranges, sorted by offset.
    public private(set) var allocated: [Extent]

    /// The map of an empty region.
    /// - Parameter base: the DPA at which the region begins on its DIMMs, times the ways.
    public init(capacity: ByteCount, grid: ByteCount, base: ByteCount = .zero) {
        self.capacity = capacity
        self.grid = grid
        self.base = base
        self.allocated = []
    }

    /// Marks a range as allocated.
    public mutating func insert(_ extent: Extent) {
        let index = allocated.firstIndex { extent < $0 } ?? allocated.endIndex
        allocated.insert(extent, at: index)
    }

    /// Marks an allocated range as free. A range that was not inserted is ignored.
    public mutating func remove(_ extent: Extent) {
        guard let index = allocated.firstIndex(of: extent) else { return }
        allocated.remove(at: index)
    }

    /// The ranges that the kernel could allocate, trimmed to the grid, in order.
    public var gaps: [Extent] {
        var gaps: [Extent] = []
        var start = ByteCount.zero
        for extent in allocated {
            if extent.offset > start { appendTrimmed(from: start, to: extent.offset, into: &gaps) }
            start = max(start, extent.end)
        }
        if capacity > start { appendTrimmed(from: start, to: capacity, into: &gaps) }
        return gaps
    }

    /// The longest gap, the first of several; nil where there is none.
    public var largestGap: Extent? {
        gaps.reduce(nil) { best, gap in
            guard let best, best.length >= gap.length else { return gap }
            return best
        }
    }

    /// The sum of all gaps.
    public var available: ByteCount { gaps.reduce(.zero) { $0 + $1.length } }

    /// Where the kernel would put a namespace of this raw size; nil where no gap holds it.
    public func firstFit(_ size: ByteCount) -> Extent? {
        gaps.first { $0.length >= size }.map { Extent(offset: $0.offset, length: size) }
    }

    private func appendTrimmed(from start: ByteCount, to end: ByteCount, into gaps: inout [Extent]) {
        guard let first = (base + start).roundedUp(to: grid) else { return }
        let last = (base + end).roundedDown(to: grid)
        if last > first { gaps.append(Extent(offset: first - base, length: last - first)) }
    }
}

extension ExtentMap {
    /// The map of an observed region with its namespaces; nil where an address is not known (not root).
    public init?(of region: Region) {
        guard let grid = region.align, grid > .zero else { return nil }
        let dpa = region.mappings.first?.offset ?? .zero
        self.init(capacity: region.size, grid: grid, base: dpa * UInt64(region.interleaveWays))
        for namespace in region.namespaces {
            guard let extent = region.extent(of: namespace) else { return nil }
            insert(extent)
        }
    }
}

extension Region {
    /// The range that the namespace holds of this region; nil where an address is not known (not root).
    public func extent(of namespace: Namespace) -> Extent? {
        guard let start = resource, let address = namespace.resource, address >= start else { return nil }
        return Extent(offset: ByteCount(address - start), length: namespace.rawSize)
    }
}
