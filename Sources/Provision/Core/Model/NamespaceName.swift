/// The name of a namespace: the `alt_name` in its label, and its identity in a profile.
public struct NamespaceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name's text.
    public let text: String

    /// The most bytes that a label stores: the field is 64 bytes and ends in NUL
    /// (kernel drivers/nvdimm/label.h, `NSLABEL_NAME_LEN`).
    public static let maximumLength = 63

    /// Whether the kernel would cut bytes off the ends of what is written to `alt_name`.
    ///
    /// It cuts off white space (`strim`), and takes single bytes for it: 9 to 13, 32, and 160, the no-break space of
    /// Latin-1, with which many letters of UTF-8 end, as the "à" of "voilà" (lib/ctype.c).
    package static func isCut(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { (9...13).contains(byte) || byte == 32 || byte == 160 }
        return bytes.first.map(isSpace) == true || bytes.last.map(isSpace) == true
    }

    /// A name, or nil where it is empty, longer than 63 bytes of UTF-8, has a control character, or begins or ends with
    /// a byte that the kernel cuts off (``isCut(_:)``).
    public init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count) else { return nil }
        guard !Self.isCut(text.utf8) else { return nil }
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
