/// What tells a document that daxprov wrote from other texts.
public enum OwnDocument {
    /// The most bytes of one whose content is looked at for that.
    package static let maximumSize = ByteCount.mib(16)
    /// The most separators that it may have, which bounds the number of its values.
    package static let maximumSeparators = 500_000

    /// Whether a text is meant to be a document of daxprov's rather than a profile: an object with `format_version`,
    /// which no profile has; or one that begins with it and is damaged further on.
    public static func isOne(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        func skipSpace() { rest = rest.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) } }
        skipSpace()
        guard rest.first == UInt8(ascii: "{") else { return false }
        rest = rest.dropFirst()
        skipSpace()
        if rest.starts(with: Array("\"format_version\"".utf8)) { return true }
        guard isSmall(bytes), case .object(let object)? = try? JSONValue(parsing: bytes) else { return false }
        return object["format_version"] != nil
    }

    /// Whether so many values as the text can have are read in no time.
    package static func isSmall(_ bytes: [UInt8]) -> Bool {
        let separators = [UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{")]
        return UInt64(bytes.count) <= maximumSize.bytes
            && bytes.count { separators.contains($0) } <= maximumSeparators
    }
}
