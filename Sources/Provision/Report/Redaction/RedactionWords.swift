/// The words in the place of secrets: a number for each secret of a kind, in the order in which they are met.
struct RedactionWords {
    private var words: [RedactionKind: [String: String]] = [:]
    /// Secrets so short that a word could have one in it, in lower case.
    private let short: [String]

    /// Longer than any word.
    private static let longest = 24

    /// Words in which none of these secrets is.
    init(avoiding secrets: [RedactionSecrets.Secret]) {
        let texts = secrets.map { $0.text.lowercased() }
        short = texts.filter { $0.count >= 4 && $0.count <= Self.longest }
    }

    /// The word for a secret.
    mutating func word(for find: RedactionFind) -> String {
        let ofKind = words[find.kind] ?? [:]
        if let known = ofKind[find.identity] { return known }
        let word = Self.word(find.kind, ofKind.count + 1, avoiding: short)
        words[find.kind, default: [:]][find.identity] = word
        return word
    }

    /// "serial-1". A host that is called "serial" gets other words.
    private static func word(_ kind: RedactionKind, _ number: Int, avoiding short: [String]) -> String {
        let name = kind.rawValue
        let initial = name.prefix(1)
        let candidates = ["\(name)-\(number)", "hidden-\(initial)-\(number)", "x\(initial)\(number)"]
        let word = candidates.first { candidate in !short.contains { candidate.contains($0) } }
        return word ?? "***"
    }
}
