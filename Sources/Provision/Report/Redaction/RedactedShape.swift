/// Secrets that are known by their shape: UUIDs, the identities of DIMMs, addresses of networks.
enum RedactedShape {
    /// The secret that begins at a place: at the start of a word.
    static func find(on page: RedactionPage, at place: Int) -> RedactionFind? {
        guard !isPart(page, place - 1) else { return nil }
        if let find = card(page, place) ?? worldWideName(page, place) { return find }
        let isHexadecimal = page.isHexadecimal(at: place)
        guard isHexadecimal || page.has(":", at: place) else { return nil }
        if isHexadecimal {
            let find = grouped(page, place) ?? mac(page, place, isWhole: true) ?? version4(page, place)
            if let find { return find }
        }
        return version6(page, place) ?? mac(page, place, isWhole: false)
    }

    /// Whether a shape that ends before a place, or begins behind it, is only a part of a word: "crypt_" can stand before one.
    private static func isPart(_ page: RedactionPage, _ place: Int) -> Bool {
        page.isWord(at: place) && !page.has("_", at: place)
    }

    /// The name of a network interface that is called by its address: "enx525400123456".
    private static func card(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        let start = place + 3
        guard page.has(["e", "n", "x"], at: place), let end = end(of: [12], on: page, at: start) else {
            return nil
        }
        return RedactionFind(kind: .mac, identity: page.foldedText(start..<end), end: end)
    }

    /// The name of a disk in the whole world: "wwn-0x5002538e40a1b2c3".
    private static func worldWideName(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard page.has(["w", "w", "n", "-", "0", "x"], at: place) else { return nil }
        let start = place + 6
        let end = start + page.length(from: start) { page.isHexadecimal(at: $0) }
        guard end > start else { return nil }
        return RedactionFind(kind: .serial, identity: page.foldedText(place..<end), end: end)
    }

    /// The lengths of groups of hexadecimal digits between hyphens (UUIDs; `ndctl_dimm_get_unique_id`: with and without where and when a
    /// DIMM was made), and a UUID without its hyphens.
    private static let shapes: [(lengths: [Int], kind: RedactionKind)] = [
        ([8, 4, 4, 4, 12], .uuid), ([32], .uuid), ([4, 2, 4, 8], .serial), ([4, 8], .serial),
    ]

    private static func grouped(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        for shape in shapes {
            guard let end = end(of: shape.lengths, on: page, at: place) else { continue }
            let text = page.foldedText(place..<end)
            return RedactionFind(
                kind: shape.kind, identity: shape.kind == .uuid ? text.filter { $0 != "-" } : text, end: end)
        }
        return nil
    }

    /// Where groups of so many hexadecimal digits end that begin at a place, with hyphens between them. Another hyphen can follow:
    /// "-data".
    private static func end(of lengths: [Int], on page: RedactionPage, at place: Int) -> Int? {
        var end = place
        for (number, length) in lengths.enumerated() {
            if number > 0 {
                guard page.has("-", at: end) else { return nil }
                end += 1
            }
            guard (end..<(end + length)).allSatisfy({ page.isHexadecimal(at: $0) }) else { return nil }
            end += length
        }
        return isPart(page, end) ? nil : end
    }

    /// Six or more pairs of digits, between colons or hyphens.
    /// - Parameter isWhole: whether no further digits may follow behind a colon: what has them can be an address of the Internet protocol.
    private static func mac(_ page: RedactionPage, _ place: Int, isWhole: Bool) -> RedactionFind? {
        for separator in [":", "-"] as [Unicode.Scalar] {
            var pairs = 0
            var end = place
            var next = place
            while page.isHexadecimal(at: next), page.isHexadecimal(at: next + 1), !isPart(page, next + 2) {
                pairs += 1
                end = next + 2
                guard page.has(separator, at: end) else { break }
                next = end + 1
            }
            guard pairs >= 6 else { continue }
            if isWhole, page.has(":", at: end), page.isHexadecimal(at: end + 1) { continue }
            let identity = page.foldedText(place..<end).filter { $0 != ":" && $0 != "-" }
            return RedactionFind(kind: .mac, identity: identity, end: end)
        }
        return nil
    }

    /// Four numbers up to 255 with dots between them, and no fifth: "6.1.0-28" is a version.
    private static func version4(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard !page.has(".", at: place - 1), let end = endOfQuad(page, place), !page.isWord(at: end),
            !(page.has(".", at: end) && page.isHexadecimal(at: end + 1))
        else { return nil }
        return RedactionFind(kind: .ip, identity: page.foldedText(place..<end), end: end)
    }

    private static func endOfQuad(_ page: RedactionPage, _ place: Int) -> Int? {
        var end = place
        for number in 0..<4 {
            if number > 0 {
                guard page.has(".", at: end) else { return nil }
                end += 1
            }
            let length = page.length(from: end) { (0x30...0x39).contains(page.scalars[$0].value) }
            guard (1...3).contains(length), let value = Int(page.text(end..<(end + length))), value < 256
            else { return nil }
            end += length
        }
        return end
    }

    /// Groups of digits with colons between them: eight of them, or fewer where two colons stand for the others. The last two can be
    /// written as four numbers.
    private static func version6(_ page: RedactionPage, _ place: Int) -> RedactionFind? {
        guard !page.has(":", at: place - 1) else { return nil }
        var end = place + page.length(from: place) { page.isHexadecimal(at: $0) || page.has(":", at: $0) }
        var last = end
        while last > place, page.isHexadecimal(at: last - 1) { last -= 1 }
        if last > place, last < end, let quad = endOfQuad(page, last) {
            end = quad
        } else if page.has(":", at: end - 1), !page.has(":", at: end - 2) {
            end -= 1
        }
        let text = page.foldedText(place..<end)
        let groups = text.split(separator: ":")
        let isShort = text.contains("::")
        let hasQuad = text.contains(".")
        let count = groups.count + (hasQuad ? 1 : 0)
        guard !groups.isEmpty, isShort ? count < 8 : count == 8, !page.isWord(at: end),
            groups.allSatisfy({ $0.count <= 4 || $0.contains(".") })
        else { return nil }
        return RedactionFind(kind: .ip, identity: text, end: end)
    }
}
