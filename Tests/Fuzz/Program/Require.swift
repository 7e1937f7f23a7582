import ProvisionCore

/// What must hold whatever the input is.
enum Require {
    /// Ends the process with a finding.
    static func that(_ condition: Bool, _ finding: @autoclosure () -> String) {
        if !condition { preconditionFailure("finding: \(finding())") }
    }

    /// A text report has nothing that a terminal would act on.
    static func printable(_ text: String) {
        for scalar in text.unicodeScalars where scalar != "\n" {
            that(
                TerminalText.clean(String(scalar)) == String(scalar),
                "U+\(String(scalar.value, radix: 16)) in \(text)")
        }
    }

    /// No two namespaces of a region share a byte, and none lies outside.
    static func isWithinCapacity(_ observed: Observed, _ what: @autoclosure () -> String) {
        that(!observed.isOverAllocated, "over-allocated: \(what())")
    }
}

extension Observed {
    /// Whether namespaces of a region overlap or leave it.
    var isOverAllocated: Bool {
        regions.contains { region in
            let extents = region.namespaces.filter { $0.rawSize > .zero }
                .compactMap { region.extent(of: $0) }.sorted { $0.offset < $1.offset }
            return zip(extents, extents.dropFirst()).contains { $0.overlaps($1) }
                || extents.contains { $0.end > region.size }
        }
    }
}
