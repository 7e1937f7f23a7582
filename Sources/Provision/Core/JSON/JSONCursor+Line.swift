extension JSONCursor {
    /// This value as a short text that a terminal shows as it is.
    package func line() throws(JSONError) -> String {
        let text = try string()
        guard text.utf8.count <= 4096 else { throw error("is longer than 4096 bytes") }
        guard TerminalText.clean(text) == text else { throw error("has a character that does not print") }
        return text
    }
}
