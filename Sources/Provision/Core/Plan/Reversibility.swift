/// What undoing a step brings back.
public enum Reversibility: String, CaseIterable, Comparable, Sendable {
    /// Undo restores everything, whatever happened since.
    case lossless
    /// Undo restores identity and data, unless the media was written after the step.
    case untilWritten = "until_written"
    /// Undo restores the layout, never the data.
    case irreversible

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
