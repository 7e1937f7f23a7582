/// A 128-bit identifier, as labels and info blocks store it.
public struct UUID: Hashable, Comparable, Sendable {
    /// The 16 bytes in the order of the text form.
    public let bytes: [UInt8]

    /// The UUID of these 16 bytes, or nil where there are not 16.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The UUID of two numbers, the first byte of each being its highest.
    package init(_ high: UInt64, _ low: UInt64) {
        bytes = [high, low].flatMap { number in
            (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
        }
    }

    /// The UUID of a text such as `f81d4fae-7dec-11d0-a765-00a0c91e6bf6` in either case, or nil.
    public init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        var high: UInt8?
        var place = 0
        for character in text.utf8 {
            if Self.isHyphenPlace(place) {
                guard character == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.hexadecimalDigit(character) else { return nil }
                if let first = high { bytes.append(first << 4 | digit) }
                high = high == nil ? digit : nil
            }
            place += 1
        }
        self.bytes = bytes
    }

    private static func isHyphenPlace(_ place: Int) -> Bool {
        place == 8 || place == 13 || place == 18 || place == 23
    }

    /// A new random UUID (version 4, RFC 9562) from the given generator.
    public static func random(using generator: inout some RandomNumberGenerator) -> UUID {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return UUID(exactly: bytes)
    }

    /// The UUID of zeroes.
    package static let null = UUID(exactly: [UInt8](repeating: 0, count: 16))

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
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            func put(_ character: UInt8) {
                unsafe buffer[place] = character
                place += 1
            }
            for byte in bytes {
                if place == 8 || place == 13 || place == 18 || place == 23 { put(UInt8(ascii: "-")) }
                put(Self.digit(byte >> 4))
                put(Self.digit(byte & 15))
            }
            return place
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
