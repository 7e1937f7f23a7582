/// The words that agree to the loss of data (`--allow-destroy`).
enum ConsentWords {
    /// The changes, each with a word of its own: a name that several of them share, or that is the address or the label of
    /// another one, agrees to none, so these are agreed to by their addresses.
    static func told(apart changes: [Change]) -> [Change] {
        var uses: [String: Int] = [:]
        for change in changes {
            let words = [change.consent, change.address, change.before?.labelUUID?.description]
            for word in Set(words.compactMap(\.self)) { uses[word, default: 0] += 1 }
        }
        return changes.map { change in
            guard let word = change.consent, uses[word, default: 0] > 1 else { return change }
            var change = change
            change.consent = change.address
            return change
        }
    }
}

extension Change {
    /// What is to be written after `--allow-destroy` on a command line: quoted where the shell needs it. A name that a
    /// terminal does not show as it is, is agreed to by the label's UUID.
    var consentArgument: String? {
        guard let consent else { return nil }
        let words = [consent, before?.labelUUID?.description].compactMap(\.self)
        return ShellText.quoted(words.first { TerminalText.clean($0) == $0 } ?? consent)
    }
}

/// Text for a shell's command line.
enum ShellText {
    /// A word in quotes where it needs them.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.unicodeScalars.allSatisfy { scalar in
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "-_./:".unicodeScalars.contains(scalar)
            }
        guard !isPlain else { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}
