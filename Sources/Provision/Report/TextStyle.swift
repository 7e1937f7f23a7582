/// Whether a text report uses colours.
public struct TextStyle: Sendable {
    private let usesColour: Bool

    /// No colours: for files, pipes and `NO_COLOR`.
    public static let plain = TextStyle(usesColour: false)
    /// Colours as a terminal shows them.
    public static let terminal = TextStyle(usesColour: true)

    /// The colours of a report, by what they mean.
    public enum Meaning: String, Sendable {
        /// Something is added.
        case addition = "32"
        /// Something changes.
        case change = "33"
        /// Something goes away, or fails.
        case loss = "31"
        /// A heading.
        case heading = "1"
    }

    /// The text in the colour of its meaning.
    public func paint(_ text: String, _ meaning: Meaning) -> String {
        usesColour ? "\u{1b}[\(meaning.rawValue)m\(text)\u{1b}[0m" : text
    }
}
