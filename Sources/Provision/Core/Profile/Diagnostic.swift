/// One thing wrong in a profile, and where.
public struct Diagnostic: Error, Equatable, Sendable {
    /// Where the text came from: a path, or `<stdin>`.
    public var source: String
    /// Where it is.
    public var position: SourcePosition
    /// How many characters it covers on its line; at least 1.
    public var length: Int
    /// What is wrong, in one line.
    public var message: String
    /// What to write instead, or where to look; nil where nothing is near.
    public var suggestion: String?
    /// The line it is on; nil where that is empty, or the text as a whole is wrong.
    public var excerpt: SourceExcerpt?

    /// A diagnostic with these parts. The position is moved to the nearest place that `text` has.
    package init(
        _ message: String, at position: SourcePosition, length: Int = 1, suggestion: String? = nil,
        in text: SourceText
    ) {
        let place = text.nearest(to: position)
        self.source = text.source
        self.position = place
        self.length = max(1, min(length, text.line(place.line).count - place.column + 1))
        self.message = message
        self.suggestion = suggestion
        let isEmpty = text.line(place.line).isEmpty
        self.excerpt = isEmpty ? nil : SourceExcerpt(of: text, at: place, length: length)
    }

    /// A diagnostic about a text as a whole, which was not read.
    package init(_ message: String, source: String, suggestion: String? = nil) {
        self.source = source
        self.position = SourcePosition(line: 1, column: 1)
        self.length = 1
        self.message = message
        self.suggestion = suggestion
        self.excerpt = nil
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message`, then the source line, a line with a caret below the place, and the
    /// suggestion. Several lines, without a line break at the end; free of control characters.
    public var description: String {
        let file = PrintableText.plain(source.unicodeScalars)
        var lines = ["\(file):\(position.line):\(position.column): error: \(message)"]
        if let excerpt {
            lines.append(excerpt.line)
            lines.append(excerpt.marker)
        }
        if let suggestion { lines.append("  \(suggestion)") }
        return lines.joined(separator: "\n")
    }
}

/// The part of a source line around a diagnostic, fit for a terminal.
public struct SourceExcerpt: Equatable, Sendable {
    /// The line, or about 100 characters of it with `…` where it was cut.
    public let line: String
    /// Spaces, a caret below the place, and tildes below the rest of what is wrong.
    public let marker: String

    private static let window = 98
    private static let before = 60

    /// The excerpt of `text` around `position`, which must exist.
    package init(of text: SourceText, at position: SourcePosition, length: Int) {
        let whole = text.line(position.line)
        let offset = position.column - 1
        let start =
            whole.count <= Self.window ? 0 : max(0, min(offset - Self.before, whole.count - Self.window))
        let end = min(whole.count, start + Self.window)
        let shown = whole[(whole.startIndex + start)..<(whole.startIndex + end)]
        let head = start > 0 ? "…" : ""
        let tail = end < whole.count ? "…" : ""
        line = head + PrintableText.plain(shown) + tail
        let padding = shown.prefix(offset - start).reduce(head.unicodeScalars.count) {
            $0 + PrintableText.width($1)
        }
        let marked = shown.dropFirst(offset - start).prefix(max(1, length))
        let width = max(1, marked.reduce(0) { $0 + PrintableText.width($1) })
        marker = String(repeating: " ", count: padding) + "^" + String(repeating: "~", count: width - 1)
    }
}
