/// Something that the administrator is to agree to by typing a word.
public struct ConsentRequest: Equatable, Sendable {
    /// What it is about: `region0/wal`.
    public var address: String
    /// What happens to it, in words: "would be destroyed".
    public var consequence: String
    /// What is to be typed: as `--allow-destroy` takes it.
    public var word: String
    /// What ``Consent/allowDestroy`` gets when it was typed.
    public var grant: String

    /// A request for the first of some words that a terminal shows as it is: a name in a label may hold anything, and
    /// nobody is to agree to what looks like another name.
    package init(address: String, consequence: String, words: [String?], grant: String) {
        let words = words.compactMap { $0 }
        self.address = address
        self.consequence = consequence
        self.word = words.first { !$0.isEmpty && TerminalText.clean($0) == $0 } ?? grant
        self.grant = grant
    }
}
