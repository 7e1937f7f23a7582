/// Why a JSON text was refused.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where the fault is.
    public enum Place: Equatable, Sendable {
        /// At this byte of the text, counted from 0.
        case offset(Int)
        /// At this value: "buses[0].regions[1].size". Empty for the whole document.
        case path(String)
    }

    /// Where the fault is.
    public let place: Place
    /// What is wrong there.
    public let reason: String

    /// An error at `place`.
    public init(_ place: Place, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    /// The place and the reason in one line. Keys of the text are part of it, so it is made safe for a terminal.
    public var description: String { TerminalText.clean(words) }

    private var words: String {
        switch place {
        case .offset(let offset): "byte \(offset): \(reason)"
        case .path(""): reason
        case .path(let path): "\(path): \(reason)"
        }
    }
}
