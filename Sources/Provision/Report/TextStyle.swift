/// How a text report looks: whether it uses colours, and how wide it may be.
public struct TextStyle: Sendable {
    private let usesColour: Bool
    /// The columns of the terminal; nil: lines are as long as they are.
    public let width: Int?

    /// A style. Less than ``leastWidth`` columns count as that many.
    public init(usesColour: Bool, width: Int? = nil) {
        self.usesColour = usesColour
        self.width = width.map { max($0, Self.leastWidth) }
    }

    /// No colours, and nothing shortened: for files and pipes.
    public static let plain = TextStyle(usesColour: false)
    /// The fewest columns that a report is laid out for.
    public static let leastWidth = 40

    /// The colours of a report, by what they mean.
    public enum Meaning: String, Sendable {
        /// Something is added.
        case addition = "32"
        /// Something changes.
        case change = "33"
        /// Something goes away, or fails.
        case loss = "31"
    }

    /// The text in the colour of its meaning.
    public func paint(_ text: String, _ meaning: Meaning) -> String {
        usesColour ? "\u{1b}[\(meaning.rawValue)m\(text)\u{1b}[0m" : text
    }
}
