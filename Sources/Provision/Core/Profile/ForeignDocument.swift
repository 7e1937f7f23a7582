/// A document of daxprov's own that was given where a profile belongs: its JSON is YAML too, and every key of it would be
/// reported as unknown.
package enum ForeignDocument {
    /// The diagnostic that says what the text is; nil where it may be meant as a profile.
    package static func diagnostic(of bytes: [UInt8], source: String) -> Diagnostic? {
        guard OwnDocument.isOne(bytes) else { return nil }
        let name = PrintableText.plain(source.unicodeScalars)
        func has(_ text: String) -> Bool { bytes.contains(text.utf8) }
        if has("\"saved_plan\"") {
            return Diagnostic(
                "this is a saved plan, not a profile", source: source,
                suggestion:
                    "daxprov show \(name) shows it and says whether it is stale; daxprov apply \(name) applies it"
            )
        }
        if has("\"simulated_host\"") {
            return Diagnostic(
                "this is the state of a simulated host, not a profile", source: source,
                suggestion: "give it as --simulate \(name), beside a profile")
        }
        if has("\"buses\"") {
            return Diagnostic(
                "this is an inventory, not a profile", source: source,
                suggestion:
                    "daxprov plan PROFILE --inventory \(name) plans for its host; daxprov export --inventory "
                    + "\(name) makes a profile of it")
        }
        return Diagnostic("this is a document that daxprov printed, not a profile", source: source)
    }
}
