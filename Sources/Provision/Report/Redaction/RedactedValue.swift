/// Values that are secret because of what stands before them: `password=`, `token:`, `http://user:password@`, `/home/`, `by-id/`.
enum RedactedValue {
    /// The value that begins at a place.
    static func find(on page: RedactionPage, at place: Int) -> RedactionFind? {
        guard place > 0, !isSpace(page, place) else { return nil }
        return path(page, place) ?? assigned(page, place) ?? link(page, place) ?? credentials(page, place)
            ?? target(page, place)
    }

    // MARK: Paths

    private static let home = Array("/home/".unicodeScalars)
    private static let media = ["/media/", "/run/media/"].map { Array($0.unicodeScalars) }

    /// All of a path below `/home`, `/media` and `/run/media`, where directories have the names of people.
    private static func path(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        let isMedium = media.contains { head in
            page.has(head, at: place - head.count) && !page.isWord(at: place - head.count - 1)
        }
        guard isMedium || page.has(home, at: place - home.count), let end = endOfPath(page, place) else {
            return nil
        }
        return RedactionFind(kind: .path, identity: page.text(place..<end), end: end)
    }

    /// Where a path ends, or a part of one where a slash ends it; nil where nothing is there.
    private static func endOfPath(
        _ page: RedactionPage, _ place: Int, atSlash endsAtSlash: Bool = false
    ) -> Int? {
        var end =
            place
            + page.length(from: place) {
                !isSpace(page, $0) && !isPathEnd(page, $0) && !(endsAtSlash && page.has("/", at: $0))
            }
        while end > place, page.has(":", at: end - 1) || page.has(".", at: end - 1) { end -= 1 }
        return end > place ? end : nil
    }

    private static let links: [(head: [Unicode.Scalar], kind: RedactionKind)] = [
        (Array("by-id/".unicodeScalars), .serial), (Array("by-uuid/".unicodeScalars), .uuid),
        (Array("by-partuuid/".unicodeScalars), .uuid),
    ]

    /// The name of a link below `/dev/disk/by-id` and the like: it has the serial number or the UUID of a disk in it.
    private static func link(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard let link = links.first(where: { page.has($0.head, at: place - $0.head.count) }),
            let end = endOfPath(page, place, atSlash: true)
        else { return nil }
        let text = page.foldedText(place..<end)
        return RedactionFind(
            kind: link.kind, identity: link.kind == .uuid ? text.filter { $0 != "-" } : text, end: end)
    }

    private static func isPathEnd(_ page: RedactionPage, _ place: Int) -> Bool {
        ["\"", "'", ")", ",", ";"].contains(page.scalars[place])
    }

    // MARK: Assignments

    /// Words that a key has in it whose value is a secret.
    private static let strong = [
        "password", "passwd", "passphrase", "secret", "token", "credential",
    ]
    /// Words that such a key ends in, behind a dot, a hyphen or an underscore, or that it is.
    private static let endings: [String: RedactionKind] = [
        "key": .secret, "apikey": .secret, "pass": .secret, "pwd": .secret, "pw": .secret, "auth": .secret,
        "psk": .secret, "pin": .secret, "sig": .secret, "signature": .secret, "uuid": .uuid,
        "partuuid": .uuid, "serial": .serial, "user": .user,
        "username": .user, "login": .user, "hostname": .host,
    ]

    private static func assigned(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard let (key, hasEqualsSign) = assignment(before: place, page),
            let kind = kind(of: key, page, hasEqualsSign)
        else { return nil }
        let end = endOfValue(at: place, key, page)
        guard end > place else { return nil }
        return RedactionFind(kind: kind, identity: page.text(place..<end), end: end)
    }

    /// The place of the key of a value, and whether an equals sign stands between them, and no colon.
    private static func assignment(before place: Int, _ page: RedactionPage) -> (Range<Int>, Bool)? {
        var end = place - 1
        let hasEqualsSign = page.has("=", at: end)
        if !hasEqualsSign {
            if page.has(" ", at: end) { end -= 1 }
            guard page.has(":", at: end) else { return nil }
        }
        var start = end
        while start > 0, isKey(page, start - 1) { start -= 1 }
        return start < end ? (start..<end, hasEqualsSign) : nil
    }

    private static func isKey(_ page: RedactionPage, _ place: Int) -> Bool {
        page.isWord(at: place) || page.has(".", at: place) || page.has("-", at: place)
    }

    private static func kind(
        of key: Range<Int>, _ page: RedactionPage, _ hasEqualsSign: Bool
    ) -> RedactionKind? {
        let name = page.foldedText(key)
        if strong.contains(where: { name.contains($0) }) { return .secret }
        guard hasEqualsSign, let last = name.split(whereSeparator: { "._-".contains($0) }).last else {
            return nil
        }
        return endings[String(last)]
    }

    /// Where a value ends: at its closing quote, or at that of the whole assignment, else at a space.
    private static func endOfValue(at place: Int, _ key: Range<Int>, _ page: RedactionPage) -> Int {
        let quotes: [Unicode.Scalar] = ["\"", "'"]
        if let quote = quotes.first(where: { page.has($0, at: place) }) {
            let end = endOfQuotation(from: place + 1, quote, page)
            return page.has(quote, at: end) ? end + 1 : end
        }
        if let quote = quotes.first(where: { page.has($0, at: key.lowerBound - 1) }) {
            return endOfQuotation(from: place, quote, page)
        }
        return place + page.length(from: place) { !isSpace(page, $0) }
    }

    private static func endOfQuotation(
        from place: Int, _ quote: Unicode.Scalar, _ page: RedactionPage
    ) -> Int {
        place + page.length(from: place) { !page.has(quote, at: $0) && !page.has("\n", at: $0) }
    }

    // MARK: Addresses of services

    private static let scheme = Array("://".unicodeScalars)

    /// The user and the password of an address: "http://user:password@host/".
    private static func credentials(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard page.has(scheme, at: place - scheme.count) else { return nil }
        let length = page.length(from: place) {
            !isSpace(page, $0) && !page.has("/", at: $0) && !page.has("@", at: $0)
        }
        let end = place + length
        guard end > place, page.has("@", at: end) else { return nil }
        return RedactionFind(kind: .secret, identity: page.text(place..<end), end: end)
    }

    private static let iscsi = Array("iscsi:".unicodeScalars)
    private static let netroot = Array("netroot=".unicodeScalars)

    /// The users and passwords of a target of dracut's: "netroot=iscsi:user:password:user:password@host:...". They end at the last "@" of the
    /// word, since a password can have one in it.
    private static func target(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard page.has(":", at: place - 1), isTarget(page, place) else { return nil }
        var end = place + page.length(from: place) { !isSpace(page, $0) }
        while end > place, !page.has("@", at: end) { end -= 1 }
        guard end > place else { return nil }
        return RedactionFind(kind: .secret, identity: page.text(place..<end), end: end)
    }

    /// Whether "iscsi:" stands before a place, or "netroot=" and another word with a colon.
    private static func isTarget(_ page: RedactionPage, _ place: Int) -> Bool {
        let start = place - iscsi.count
        if page.has(iscsi, at: start), !page.isWord(at: start - 1) { return true }
        var word = place - 1
        while word > 0, page.isWord(at: word - 1) { word -= 1 }
        return page.has(netroot, at: word - netroot.count)
    }

    private static func isSpace(_ page: RedactionPage, _ place: Int) -> Bool {
        page.scalars[place].properties.isWhitespace
    }
}
