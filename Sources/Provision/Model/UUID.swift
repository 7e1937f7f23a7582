/// A 128-bit identifier, as labels and info blocks store it.
public struct UUID: Hashable, Comparable, Sendable {
    /// The 16 bytes in the order of the text form.
    public let bytes: [UInt8]

    /// The UUID of these 16 bytes, or nil where there are not 16.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The UUID of a text such as `f81d4fae-7dec-11d0-a765-00a0c91e6bf6` in either case, or nil.
    public init?(_ text: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for (index, character) in text.utf8.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Self.hexadecimalDigit(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard text.utf8.count == 36, bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// A new random UUID (version 4, RFC 9562) from the given generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> UUID {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return UUID(exactly: bytes)
    }

    private init(exactly bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether all bytes are zero: what the kernel shows for "no UUID".
    public var isNull: Bool { bytes.allSatisfy { $0 == 0 } }

    public static func < (left: UUID, right: UUID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    private static func hexadecimalDigit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension UUID: CustomStringConvertible {
    /// The lower-case text form.
    public var description: String {
        let digits = Array("0123456789abcdef")
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append("-") }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }
}
