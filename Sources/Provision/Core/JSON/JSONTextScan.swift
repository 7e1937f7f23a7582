/// The checks that json-c's tokener leaves out, made on the bytes. They need to tell strings and numbers from the
/// rest, and nothing more of the grammar.
package struct JSONTextScan {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0
    private var keys = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The number of keys, which is the number of colons outside strings in any text that the tokener accepts.
    ///
    /// Refuses NUL anywhere, control characters in strings, the words `NaN` and `Infinity`, single quotes, leading
    /// zeros, integers beyond 64 bits, and more than `depth` open arrays and objects.
    package static func countingKeys(in bytes: [UInt8], depth: Int) throws(JSONError) -> Int {
        var scan = JSONTextScan(bytes)
        while scan.skipSpace() { try scan.step(limit: depth) }
        return scan.keys
    }

    /// Goes to the next byte that is neither a space nor a line feed, of which most texts have many; false at the end.
    private mutating func skipSpace() -> Bool {
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\n") else { return true }
            index += 1
        }
        return false
    }

    /// The first place where an object has a key that it had before, keys compared as written; nil where they are
    /// alike only when their escapes are resolved. Only for texts that were accepted otherwise.
    package static func offsetOfRepeatedKey(in bytes: [UInt8]) -> Int? {
        var scan = JSONTextScan(bytes)
        var open: [Set<ArraySlice<UInt8>>] = [[]]
        var string = 0..<0
        while scan.index < bytes.count {
            let start = scan.index
            guard (try? scan.step(limit: .max)) != nil else { return nil }
            switch bytes[start] {
            case UInt8(ascii: "\""): string = start..<scan.index
            case UInt8(ascii: "{"), UInt8(ascii: "["): open.append([])
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open.removeLast(open.count > 1 ? 1 : 0)
            case UInt8(ascii: ":"):
                if !open[open.count - 1].insert(bytes[string]).inserted { return string.lowerBound }
            default: break
            }
        }
        return nil
    }

    private mutating func step(limit: Int) throws(JSONError) {
        switch bytes[index] {
        case UInt8(ascii: "\""): return try skipString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try skipNumber()
        case UInt8(ascii: ":"): keys += 1
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            guard depth <= limit else {
                throw JSONError(.offset(index), "more than \(limit) arrays and objects are open at once")
            }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case 0, UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "'"):
            throw JSONError(.offset(index), "unexpected character")
        default: break
        }
        index += 1
    }

    private mutating func skipString() throws(JSONError) {
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"):
                if bytes[index...].starts(with: Self.escapedNUL) {
                    throw JSONError(.offset(index), "a string has a NUL character")
                }
                index += 2
            case 0..<0x20: throw JSONError(.offset(index), "a string has an unescaped control character")
            default: index += 1
            }
        }
        throw JSONError(.offset(bytes.count), "the text ends too early")
    }

    private static let escapedNUL = Array(#"\u0000"#.utf8)

    private mutating func skipNumber() throws(JSONError) {
        let start = index
        var integer = IntegerDigits(isNegative: bytes[start] == UInt8(ascii: "-"))
        if integer.isNegative { index += 1 }
        while index < bytes.count, integer.add(bytes[index]) { index += 1 }
        if integer.hasLeadingZero { throw JSONError(.offset(start), "a number has a leading zero") }
        guard index < bytes.count, Self.isPartOfNumber(bytes[index]) else {
            guard !integer.isTooLarge else {
                throw JSONError(.offset(start), "an integer does not fit in 64 bits")
            }
            return
        }
        if bytes[index] == UInt8(ascii: "."), !(index + 1 < bytes.count && Self.isDigit(bytes[index + 1])) {
            throw JSONError(.offset(start), "a number has no digit after its point")
        }
        while index < bytes.count, Self.isPartOfNumber(bytes[index]) { index += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}

/// The value of an integer's digits, as far as it matters whether 64 bits hold it.
private struct IntegerDigits {
    let isNegative: Bool
    private(set) var hasLeadingZero = false
    private var count = 0
    private var magnitude: UInt64 = 0
    private var overflows = false

    init(isNegative: Bool) {
        self.isNegative = isNegative
    }

    /// Adds a digit; false where the byte is none.
    mutating func add(_ byte: UInt8) -> Bool {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return false }
        if count == 1, magnitude == 0, !overflows { hasLeadingZero = true }
        count += 1
        let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
        if high || carry { overflows = true }
        magnitude = sum
        return true
    }

    /// Whether neither Int64 nor UInt64 holds it.
    var isTooLarge: Bool { overflows || isNegative && magnitude > UInt64(Int64.max) + 1 }
}
