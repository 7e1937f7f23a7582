/// The extents that a plan allocates, for looking up what is created over a range.
package struct PlacedExtents {
    /// In the order of their offsets; they do not overlap.
    private let sorted: [Solver.Placed]

    package init(_ placed: [Solver.Placed]) {
        sorted = placed.sorted { $0.extent < $1.extent }
    }

    /// The declaration of the first that overlaps the range; nil where none does.
    package func declaration(over range: Extent) -> Int? {
        var (low, high) = (sorted.startIndex, sorted.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if sorted[middle].extent.end <= range.offset { low = middle + 1 } else { high = middle }
        }
        guard low < sorted.endIndex, sorted[low].extent.overlaps(range) else { return nil }
        return sorted[low].declaration
    }
}
