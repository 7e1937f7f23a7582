import ProvisionCore

/// Takes out of a text what a ticket should not tell: known secrets wherever they are, and what looks like one.
///
/// Equal secrets become equal words ("serial-1"), so that the text can still be followed. A pure function: equal texts and secrets give equal
/// results.
package struct Redaction {
    private let secrets: RedactionSecrets
    private let known: KnownSecrets

    /// The redaction of these secrets, and of whatever looks like one.
    package init(_ secrets: RedactionSecrets) {
        self.secrets = secrets
        known = KnownSecrets(secrets.all)
    }

    /// The text without secrets.
    package func redacted(_ text: String) -> String {
        let page = RedactionPage(text)
        var words = RedactionWords(avoiding: secrets.all)
        var result = String.UnicodeScalarView()
        var place = 0
        while place < page.count {
            if let find = find(on: page, at: place) {
                result.append(contentsOf: words.word(for: find).unicodeScalars)
                place = find.end
            } else {
                result.append(page.scalars[place])
                place += 1
            }
        }
        return String(result)
    }

    /// The secret that begins at a place. What stands behind `password=` goes as a whole, whatever it begins with.
    private func find(on page: RedactionPage, at place: Int) -> RedactionFind? {
        if let value = RedactedValue.find(on: page, at: place) { return precise(value, on: page, at: place) }
        return known.find(on: page, at: place) ?? RedactedShape.find(on: page, at: place)
    }

    /// A value that is wholly a known secret, or has its shape, is called as that is elsewhere. A known path can have spaces.
    private func precise(_ value: RedactionFind, on page: RedactionPage, at place: Int) -> RedactionFind {
        if let other = known.find(on: page, at: place), other.end >= value.end { return other }
        if let other = RedactedShape.find(on: page, at: place), other.end >= value.end { return other }
        return value
    }
}
