extension YamlSyntaxError {
    /// This error in words that somebody who does not know libyaml can act on.
    package func diagnostic(in text: SourceText) -> Diagnostic {
        let place = place(in: text)
        let (message, suggestion) = wording(at: place, in: text)
        return Diagnostic(message, at: place, suggestion: suggestion ?? origin(of: place, in: text), in: text)
    }

    /// Where the text is wrong; for quotes that never end, where they begin.
    private func place(in text: SourceText) -> SourcePosition {
        if let contextPosition, problem == "found unexpected end of stream" {
            return text.nearest(to: contextPosition)
        }
        return isAtEnd(of: text) ? text.end : text.nearest(to: position)
    }

    private func isAtEnd(of text: SourceText) -> Bool {
        let end = text.end
        return position.line > end.line || (position.line == end.line && position.column > end.column)
    }

    private func wording(at place: SourcePosition, in text: SourceText) -> (String, String?) {
        if text.scalar(at: place) == "\t", problem.contains("cannot start any token") {
            return ("a tab in the indentation", "YAML indents with spaces only")
        }
        if let known = Self.wordings[problem] { return known }
        return (context.isEmpty ? "not valid YAML: \(problem)" : "not valid YAML: \(problem) \(context)", nil)
    }

    /// Where the list, mapping or quoted text began that the error is in, if elsewhere.
    private func origin(of place: SourcePosition, in text: SourceText) -> String? {
        guard let contextPosition, contextPosition.line < place.line else { return nil }
        return "it belongs to what begins on line \(text.nearest(to: contextPosition).line)"
    }

    /// libyaml's words (scanner.c, parser.c) and ours.
    private static let wordings: [String: (String, String?)] = [
        "found character that cannot start any token": (
            "this character cannot begin a value", "quote the value"
        ),
        "mapping values are not allowed in this context": (
            "a `key: value` is not allowed here", "check the indentation, or quote a value that has a colon"
        ),
        "block sequence entries are not allowed in this context": (
            "a `- item` is not allowed here", "put it on a line of its own"
        ),
        "could not find expected ':'": (
            "a key without `:`", "write `key: value`; check the line before as well"
        ),
        "did not find expected key": (
            "a key is expected here", "check the indentation of this line and those before"
        ),
        "did not find expected '-' indicator": (
            "a `- item` is expected here", "check the indentation of this line and those before"
        ),
        "did not find expected node content": ("a value, or a closing bracket, is expected here", nil),
        "did not find expected ',' or ']'": ("a `,` or the closing `]` of the list is expected here", nil),
        "did not find expected ',' or '}'": ("a `,` or the closing `}` of the mapping is expected here", nil),
        "found unexpected end of stream": ("these quotes are never closed", nil),
        "found unexpected document indicator": ("a document separator inside quotes", nil),
        "found incompatible YAML document": (
            "this YAML version is not supported", "write %YAML 1.2, or leave the line out"
        ),
        "found duplicate %YAML directive": ("a second %YAML line", "leave it out"),
        "found unknown directive name": ("this directive is not supported", "leave the line out"),
        "found undefined tag handle": ("tags are not supported", "leave the `!tag` out"),
        "found unknown escape character": (
            "this escape is not known", "write `\\\\` for a backslash, or use single quotes"
        ),
        "found a tab character where an indentation space is expected": (
            "a tab in the indentation", "YAML indents with spaces only"
        ),
        "found a tab character that violates indentation": (
            "a tab in the indentation", "YAML indents with spaces only"
        ),
    ]
}
