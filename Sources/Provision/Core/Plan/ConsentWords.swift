/// The words that agree to the loss of data (`--allow-destroy`).
package enum ConsentWords {
    /// The changes, each with the word that agrees to it alone (``Consent/word(for:among:)``).
    package static func told(apart changes: [Change]) -> [Change] {
        let losses = changes.compactMap(Loss.init)
        return changes.map { change in
            guard let loss = Loss(change) else { return change }
            var change = change
            change.consent = Consent.word(for: loss, among: losses)
            return change
        }
    }
}

extension Change {
    /// What is to be written after `--allow-destroy` on a command line: quoted where the shell needs it.
    package var consentArgument: String? { consent.map { ShellText.quoted($0) } }
}

/// Text for a shell's command line.
package enum ShellText {
    /// A word in quotes where it needs them.
    package static func quoted(_ word: String) -> String {
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
