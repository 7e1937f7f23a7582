/// Reads profiles: text in, a valid ``Profile`` or everything that is wrong with it out.
public enum ProfileReader {
    /// The largest profile that is read.
    public static let maximumSize = ByteCount.mib(1)

    /// The profile that `bytes` write.
    /// - Parameter source: where they came from, for diagnostics.
    /// - Throws: ``ProfileError/invalid(_:)``.
    public static func read(_ bytes: [UInt8], source: String) throws(ProfileError) -> Profile {
        guard UInt64(bytes.count) <= maximumSize.bytes else { throw tooLarge(source) }
        if let foreign = ForeignDocument.diagnostic(of: bytes, source: source) { throw .invalid([foreign]) }
        let text = SourceText(bytes, source: source)
        if let problem = EncodingCheck.problem(in: text, bytes: bytes) { throw .invalid([problem]) }
        var composer = YamlComposer(bytes, text: text)
        let root: YamlNode?
        do {
            root = try composer.document()
        } catch {
            throw .invalid(inOrder(composer.diagnostics + [error]))
        }
        var decoder = ProfileDecoder(text: text, diagnostics: composer.diagnostics)
        guard let profile = decoder.profile(from: root), decoder.diagnostics.isEmpty else {
            throw .invalid(inOrder(decoder.diagnostics))
        }
        return profile
    }

    private static func tooLarge(_ source: String) -> ProfileError {
        .invalid([Diagnostic("the profile is larger than \(maximumSize)", source: source)])
    }

    private static func inOrder(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            (left.element.position, left.offset) < (right.element.position, right.offset)
        }.map(\.element)
    }
}
