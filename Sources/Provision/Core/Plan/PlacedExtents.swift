/// The extents that a plan allocates, for looking up what is created over a range.
package struct PlacedExtents {
    /// In the order of their offsets; they do not overlap.
    private let sorted: [Solver.Placed]

    package init(_ placed: [Solver.Placed]) {
        sorted = placed.sorted { $0.extent < $1.extent }
    }

    /// The declaration of the first that overlaps the range; nil where none does.
    package func declaration(over range: Extent) -> Int? {
        let first = sorted.partitionPoint { $0.extent.end > range.offset }
        guard first < sorted.endIndex, sorted[first].extent.overlaps(range) else { return nil }
        return sorted[first].declaration
    }
}
