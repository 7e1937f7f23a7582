/// Known secrets, so ordered that one of many is found at once.
///
/// One of at least four characters is found anywhere, also within a word. A shorter one, and the name of a user, is found as a word of its
/// own: "max" is no part of "maximum". An underscore is no part of a host's name, and the domain behind one goes with it.
struct KnownSecrets {
    private struct Entry {
        let scalars: [Unicode.Scalar]
        let secret: RedactionSecrets.Secret
        let isWord: Bool
    }

    /// By their first scalar in lower case, the longest first.
    private var entries: [Unicode.Scalar: [Entry]] = [:]

    private static let leastAnywhere = 4

    /// These secrets.
    init(_ secrets: [RedactionSecrets.Secret]) {
        for secret in secrets {
            let scalars = RedactionPage(secret.text).folded
            guard let first = scalars.first else { continue }
            let isWord = secret.kind == .user || scalars.count < Self.leastAnywhere
            entries[first, default: []].append(Entry(scalars: scalars, secret: secret, isWord: isWord))
        }
        for first in entries.keys { entries[first]?.sort { $0.scalars.count > $1.scalars.count } }
    }

    /// The longest secret that begins at a place.
    func find(on page: RedactionPage, at place: Int) -> RedactionFind? {
        guard let candidates = entries[page.folded[place]] else { return nil }
        for entry in candidates where page.has(entry.scalars, at: place) {
            let end = place + entry.scalars.count
            let isHost = entry.secret.kind == .host
            if entry.isWord {
                let isWithin = [place - 1, end].contains {
                    page.isWord(at: $0) && !(isHost && page.has("_", at: $0))
                }
                if isWithin { continue }
            }
            return RedactionFind(
                kind: entry.secret.kind, identity: entry.secret.identity,
                end: isHost ? Self.endOfDomain(page, end) : end)
        }
        return nil
    }

    /// Where the domain ends that begins at a place: ".example.com".
    private static func endOfDomain(_ page: RedactionPage, _ place: Int) -> Int {
        var end = place
        while page.has(".", at: end), page.isWord(at: end + 1) {
            end += 1 + page.length(from: end + 1) { page.isWord(at: $0) || page.has("-", at: $0) }
        }
        return end
    }
}
