/// A fault of a JSON text with the place in it, as a person looks for it.
public struct JSONFault: Equatable, Sendable {
    /// Where it is; nil where it is about a value, which its reason names.
    public let position: SourcePosition?
    /// What is wrong there.
    public let reason: String
    /// The line around the place; nil where there is none to show.
    public let excerpt: SourceExcerpt?

    /// The place of an error in the text that it is about.
    package init(_ error: JSONError, in bytes: [UInt8]) {
        guard case .offset(let offset) = error.place, offset <= bytes.count else {
            position = nil
            reason = error.description
            excerpt = nil
            return
        }
        let newline = UInt8(ascii: "\n")
        let start = bytes[..<offset].lastIndex(of: newline).map { $0 + 1 } ?? 0
        let end = bytes[offset...].firstIndex(of: newline) ?? bytes.count
        let line = bytes[..<offset].count { $0 == newline } + 1
        let column = Self.characters(bytes[start..<offset]) + 1
        position = SourcePosition(line: line, column: column)
        let isShown = offset < end
        let character = isShown ? String(decoding: bytes[offset...].prefix(4), as: UTF8.self).first : nil
        reason =
            error.reason == "unexpected character"
            ? "unexpected character" + (character.map { " '\($0)'" } ?? "") : error.reason
        // A listing can be one line of megabytes: what is far away is not needed.
        let (left, right) = (max(start, offset - 1024), min(end, offset + 1024))
        let text = SourceText(Array(bytes[left..<right]), source: "")
        let place = text.nearest(
            to: SourcePosition(line: 1, column: Self.characters(bytes[left..<offset]) + 1))
        excerpt = left < right ? SourceExcerpt(of: text, at: place, length: 1) : nil
    }

    private static func characters(_ bytes: ArraySlice<UInt8>) -> Int {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.count
    }
}
