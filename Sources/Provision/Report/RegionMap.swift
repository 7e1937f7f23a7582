/// A picture of a region on lines of 80 columns: what is allocated and what is free, in proportion.
///
/// Each namespace has its own letter, a to z, A to Z, 0 to 9, then again from a; `.` is free, `-` is free but too small
/// or too misaligned to allocate. Every segment gets at least one cell; a wall stands between segments where all
/// walls fit.
public struct RegionMap: Sendable {
    /// The number of columns, brackets included.
    public static let width = 80
    private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    /// The picture.
    public let lines: [String]
    /// The letter of each of the region's namespaces, in their order; nil for one that lies outside the region.
    public let legend: [Character?]

    /// The map of a region; nil where the positions are not known, or there is nothing to show.
    public init?(_ region: Region) {
        guard region.size > .zero else { return nil }
        guard let free = region.freeExtents, let allocatable = region.allocatableExtents else { return nil }
        var segments = free.map { gap in
            Segment(extent: gap, fill: allocatable.contains { $0.overlaps(gap) } ? "." : "-")
        }
        let placed = Self.placed(region)
        guard placed.count == region.namespaces.count else { return nil }
        segments += placed.map { Segment(extent: $0.extent, fill: $0.letter) }
        segments.sort { $0.extent < $1.extent }
        guard !segments.isEmpty else { return nil }
        lines = Self.draw(segments)
        legend = region.namespaces.indices.map { index in
            placed.first { $0.index == index }?.letter
        }
    }

    /// A range to draw.
    private struct Segment {
        var extent: Extent
        var fill: Character
    }

    /// The namespaces in the order of their positions, with their letters.
    private static func placed(_ region: Region) -> [(index: Int, extent: Extent, letter: Character)] {
        let known = region.namespaces.enumerated().compactMap { index, namespace in
            (region.labelling == .labelless && region.namespaces.count == 1
                ? Extent(offset: .zero, length: region.size) : region.extent(of: namespace))
                .map { (index: index, extent: $0) }
        }
        return known.sorted { ($0.extent, $0.index) < ($1.extent, $1.index) }.enumerated().map { rank, item in
            (item.index, item.extent, letters[rank % letters.count])
        }
    }

    private static func draw(_ segments: [Segment]) -> [String] {
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
    /// Gives each weight its share of `cells`, at least one: there must be as many cells as weights. Rounding goes to
    /// the largest remainders, and what the minimum of one costs is taken from the largest shares.
    static func divide(_ cells: Int, by weights: [UInt64]) -> [Int] {
        let total = max(weights.reduce(UInt128(0)) { $0 + UInt128($1) }, 1)
        let exact = weights.map { (UInt128($0) * UInt128(cells)).quotientAndRemainder(dividingBy: total) }
        var shares = exact.map { max(1, Int($0.quotient)) }
        let order = weights.indices.sorted { left, right in
            (exact[right].remainder, left) < (exact[left].remainder, right)
        }
        var missing = cells - shares.reduce(0, +)
        for index in order where missing > 0 {
            shares[index] += 1
            missing -= 1
        }
        if missing > 0 { shares[0] += missing }
        while missing < 0, let largest = shares.indices.max(by: { shares[$0] < shares[$1] }) {
            shares[largest] -= 1
            missing += 1
        }
        return shares
    }
}
