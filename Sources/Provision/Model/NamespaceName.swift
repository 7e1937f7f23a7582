/// The name of a namespace: the `alt_name` in its label, and its identity in a profile.
public struct NamespaceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name's text.
    public let text: String

    /// The most bytes that a label stores: the field is 64 bytes and ends in NUL
    /// (kernel drivers/nvdimm/label.h, `NSLABEL_NAME_LEN`).
    public static let maximumLength = 63

    /// A name, or nil where it is empty, longer than 63 bytes of UTF-8, begins or ends with a space, or has a
    /// control character. The kernel trims white space from what is written to `alt_name`.
    public init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count) else { return nil }
        guard text.first != " ", text.last != " " else { return nil }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            return nil
        }
        self.text = text
    }

    /// Whether a name is the same text in other bytes: Unicode writes `é` as one character or as a letter and an accent.
    ///
    /// Such names are equal here, since nobody can tell them apart. The kernel and ndctl compare bytes.
    public func isSpelledDifferently(from other: String) -> Bool {
        text == other && !text.utf8.elementsEqual(other.utf8)
    }

    public static func < (left: NamespaceName, right: NamespaceName) -> Bool { left.text < right.text }

    public var description: String { text }
}
