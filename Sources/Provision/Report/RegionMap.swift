public import ProvisionCore

/// A picture of a region on lines of one width: what is allocated and what is free, in proportion.
///
/// Each namespace has its own letter, a to z, A to Z, 0 to 9, then again from a; `.` is free, `-` is free but too small
/// or too misaligned to allocate, `#` is taken by a label without a namespace. Every segment gets at least one cell; a wall stands between segments where all
/// walls fit.
public struct RegionMap: Sendable {
    /// The number of columns where nothing says another, brackets included.
    public static let width = 80
    static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    /// The picture.
    public let lines: [String]
    /// The letter of each of the region's namespaces, in their order; nil for one that lies outside the region.
    public let legend: [Character?]

    /// The map of a region; nil where the positions are not known, or there is nothing to show.
    /// - Parameter width: the number of columns, brackets included; at least 3.
    public init?(_ region: Region, width: Int = width) {
        guard region.size > .zero else { return nil }
        guard let free = region.freeExtents, let allocatable = region.allocatableExtents else { return nil }
        var segments = free.map { gap in
            Segment(extent: gap, fill: allocatable.contains { $0.overlaps(gap) } ? "." : "-")
        }
        let placed = Self.placed(region)
        guard placed.count == region.namespaces.count else { return nil }
        segments += placed.map { Segment(extent: $0.extent, fill: $0.letter) }
        segments += region.uninstantiated.map { Segment(extent: $0.extent, fill: "#") }
        segments.sort { $0.extent < $1.extent }
        guard !segments.isEmpty else { return nil }
        lines = Self.draw(segments, width)
        legend = region.namespaces.indices.map { index in
            placed.first { $0.index == index }?.letter
        }
    }

    /// A range to draw, from the start of what is drawn.
    struct Segment {
        var extent: Extent
        var fill: Character
    }

    /// The namespaces in the order of their positions, with their letters.
    private static func placed(_ region: Region) -> [(index: Int, extent: Extent, letter: Character)] {
        let known = region.namespaces.enumerated().compactMap { index, namespace in
            (region.labelling == .labelLess && region.namespaces.count == 1
                ? Extent(offset: .zero, length: region.size) : region.extent(of: namespace))
                .map { (index: index, extent: $0) }
        }
        return known.sorted { ($0.extent, $0.index) < ($1.extent, $1.index) }.enumerated().map { rank, item in
            (item.index, item.extent, letters[rank % letters.count])
        }
    }

    /// The picture of segments in order, which there must be.
    static func draw(_ segments: [Segment], _ width: Int) -> [String] {
        let interior = width - 2
        let hasWalls = 2 * segments.count - 1 <= interior
        let rows = (segments.count + interior - 1) / interior
        let cells = interior * rows - (hasWalls ? segments.count - 1 : 0)
        let shares = ProportionalShares.divide(cells, by: segments.map(\.extent.length.bytes))
        let texts = zip(segments, shares).map { String(repeating: $0.fill, count: $1) }
        let text = Array(texts.joined(separator: hasWalls ? "|" : ""))
        return (0..<rows).map { row in "[\(String(text[row * interior..<(row + 1) * interior]))]" }
    }
}

/// Divides cells among weights.
enum ProportionalShares {
    /// Gives each weight its share of `cells`, at least one: there must be as many cells as weights. Equal weights
    /// differ by one cell at most, evenly spread.
    static func divide(_ cells: Int, by weights: [UInt64]) -> [Int] {
        let weights = weights.map { UInt128(max($0, 1)) }
        let large = indicesAboveOneCell(cells, weights)
        let total = large.reduce(0) { $0 + weights[$1] }
        let room = UInt128(cells - (weights.count - large.count))
        var shares = weights.map { _ in 1 }
        var (weight, end) = (UInt128(0), 0)
        for index in large {
            weight += weights[index]
            let cut = Int((weight * room + total / 2) / total)
            shares[index] = cut - end
            end = cut
        }
        return shares
    }

    /// The weights that are worth a cell or more once the others have been given one cell each.
    private static func indicesAboveOneCell(_ cells: Int, _ weights: [UInt128]) -> [Int] {
        var large = Array(weights.indices)
        while true {
            let total = large.reduce(0) { $0 + weights[$1] }
            let room = UInt128(cells - (weights.count - large.count))
            let next = large.filter { weights[$0] * room >= total }
            if next.count == large.count { return large }
            large = next
        }
    }
}
