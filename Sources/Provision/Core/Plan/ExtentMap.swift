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

    /// The map of a region in which nothing but these ranges is allocated.
    /// - Parameter base: the DPA at which the region begins on its DIMMs, times the ways.
    public init(
        capacity: ByteCount, grid: ByteCount, base: ByteCount = .zero, allocated: [Extent] = []
    ) {
        self.capacity = capacity
        self.grid = grid
        self.base = base
        self.allocated = allocated.sorted()
    }

    /// Marks a range as allocated.
    public mutating func insert(_ extent: Extent) {
        allocated.insert(extent, at: lowerBound(of: extent))
    }

    /// Marks an allocated range as free. A range that was not inserted is ignored.
    public mutating func remove(_ extent: Extent) {
        let index = lowerBound(of: extent)
        guard index < allocated.endIndex, allocated[index] == extent else { return }
        allocated.remove(at: index)
    }

    /// The ranges that the kernel could allocate, trimmed to the grid, in order.
    public var gaps: [Extent] {
        var gaps: [Extent] = []
        var start = ByteCount.zero
        for extent in allocated where start < capacity {
            let end = min(extent.offset, capacity)
            if end > start { appendTrimmed(from: start, to: end, into: &gaps) }
            start = max(start, extent.end)
        }
        if capacity > start { appendTrimmed(from: start, to: capacity, into: &gaps) }
        return gaps
    }

    /// The longest gap, the first of several; nil where there is none.
    public var largestGap: Extent? { FreeSpace(self).largestGap }

    private func appendTrimmed(from start: ByteCount, to end: ByteCount, into gaps: inout [Extent]) {
        guard let first = (base + start).roundedUp(to: grid) else { return }
        let last = (base + end).roundedDown(to: grid)
        if last > first { gaps.append(Extent(offset: first - base, length: last - first)) }
    }

    /// The index of the first range that does not sort before this one.
    private func lowerBound(of extent: Extent) -> Int {
        allocated.partitionPoint { $0 >= extent }
    }
}

extension ExtentMap {
    /// The map of an observed region with its namespaces, and the labels that show none; nil where an address is not known (not root).
    public init?(of region: Region) {
        guard let grid = region.align, grid > .zero else { return nil }
        let dpa = region.mappings.first?.offset ?? .zero
        var extents = region.uninstantiated.map(\.extent)
        for namespace in region.namespaces {
            guard let extent = region.extent(of: namespace) else { return nil }
            extents.append(extent)
        }
        self.init(
            capacity: region.size, grid: grid, base: dpa * UInt64(region.interleaveWays), allocated: extents)
    }
}

extension Region {
    /// The range that the namespace holds of this region; nil where an address is not known (not root).
    public func extent(of namespace: Namespace) -> Extent? {
        offset(of: namespace.resource).map { Extent(offset: $0, length: namespace.rawSize) }
    }

    /// How far a physical address is from the start of this region; nil where one of them is not known (not root), or it lies before the
    /// region.
    package func offset(of address: UInt64?) -> ByteCount? {
        guard let start = resource, let address, address >= start else { return nil }
        return ByteCount(address - start)
    }
}
