import ProvisionCore
import ProvisionHost

/// A part of a report: a heading, and lines below it that a terminal shows as they are.
struct ReportSection {
    private let title: String
    private let lines: [String]

    /// A section of these lines.
    init(_ title: String, _ lines: [String]) {
        self.title = title
        self.lines = lines
    }

    /// A section of a text, or of the reason why there is none.
    init(_ title: String, of text: Result<String, Unread>) {
        switch text {
        case .success(let text): self.init(title, Self.lines(text))
        case .failure(let why): self.init(title, [Self.words(why)])
        }
    }

    /// The section with a line end behind its last line. Every line of it is behind two spaces, so that none can pass for a heading.
    var text: String {
        let shown = lines.isEmpty ? ["none was found"] : lines
        return (["== \(title) =="] + shown.map { $0.isEmpty ? "" : "  \(Self.plain($0))" })
            .map { $0 + "\n" }.joined()
    }

    /// The lines of a text.
    static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Why something is missing.
    static func words(_ why: Unread) -> String { "could not be read: \(why.reason)" }

    /// The line with nothing in it that a terminal would act on. A tab is a space.
    private static func plain(_ line: String) -> String {
        TerminalText.clean(String(line.map { $0 == "\t" ? " " : $0 }))
    }
}
