/// What undoing a step brings back.
public enum Reversibility: String, CaseIterable, Comparable, Sendable {
    /// Undo restores everything, whatever happened since.
    case lossless
    /// Undo restores identity and data, unless the media was written after the step.
    case untilWritten = "until_written"
    /// Undo restores the layout, never the data.
    case irreversible

    /// What undoing the destruction of a namespace brings back, and why.
    /// - Parameter reused: what is created over its range; nil: nothing is.
    package static func ofDestroying(reused: String?) -> (reversibility: Reversibility, reason: String) {
        guard let reused else {
            return (.untilWritten, "its label is deleted; the media stays as it is until its range is reused")
        }
        return (.irreversible, "\(reused) is created over its range")
    }

    public static func < (left: Reversibility, right: Reversibility) -> Bool {
        left.severity < right.severity
    }

    private var severity: Int {
        switch self {
        case .lossless: 0
        case .untilWritten: 1
        case .irreversible: 2
        }
    }
}
