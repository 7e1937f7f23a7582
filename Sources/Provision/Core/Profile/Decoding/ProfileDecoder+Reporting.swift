extension ProfileDecoder {
    /// Reports what is wrong with a node.
    package mutating func report(_ message: String, at node: YamlNode, suggestion: String? = nil) {
        diagnostics.append(
            Diagnostic(message, at: node.position, length: node.length, suggestion: suggestion, in: text))
    }

    /// Reports what is wrong at a place.
    package mutating func report(_ message: String, at position: SourcePosition, suggestion: String? = nil) {
        diagnostics.append(Diagnostic(message, at: position, suggestion: suggestion, in: text))
    }

    /// Reports that a node is of the wrong kind; says nothing of one that was refused before.
    package mutating func reportType(
        of node: YamlNode, key: String, expected: String, suggestion: String? = nil
    ) {
        if case .refused = node.content { return }
        if node.isMissing {
            return report("\(key) has no value", at: node, suggestion: suggestion ?? "expected \(expected)")
        }
        report("\(key) must be \(expected), not \(description(of: node))", at: node, suggestion: suggestion)
    }

    /// What a node is, for "must be ..., not ...".
    package func description(of node: YamlNode) -> String {
        switch node.content {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .refused: return "this"
        case .scalar(let value, let isPlain):
            guard isPlain else { return "the string \(PrintableText.quoted(value))" }
            if value.isEmpty { return "nothing" }
            return ScalarText.isNumber(value)
                ? "the number \(PrintableText.quoted(value))" : PrintableText.quoted(value)
        }
    }
}
