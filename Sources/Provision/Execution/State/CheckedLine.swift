import ProvisionHost

/// A text on a line of its own with its checksum before it: the CRC-32C of the text in eight hexadecimal digits, a space, the text, a
/// line feed. It tells a line that was written wholly from any other.
enum CheckedLine {
    /// The line.
    static func bytes(_ text: String) -> [UInt8] {
        Array("\(Checksum.text(Checksum.of(text.utf8))) \(text)\n".utf8)
    }

    /// The text of a line without its line feed; nil where the checksum is not its.
    static func text(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " ") else { return nil }
        let text = line.dropFirst(9)
        let isWhole = String(decoding: line.prefix(8), as: UTF8.self) == Checksum.text(Checksum.of(text))
        return isWhole ? text : nil
    }
}
