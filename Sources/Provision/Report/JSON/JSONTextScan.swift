/// The checks that json-c's tokener leaves out, made on the bytes. They need to tell strings and numbers from the
/// rest, and nothing more of the grammar.
struct JSONTextScan {
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
    static func countingKeys(in bytes: [UInt8], depth: Int) throws(JSONError) -> Int {
        var scan = JSONTextScan(bytes)
        while scan.index < bytes.count { try scan.step(limit: depth) }
        return scan.keys
    }

    /// The first place where an object has a key that it had before, keys compared as written; nil where they are
    /// alike only when their escapes are resolved. Only for texts that were accepted otherwise.
    static func offsetOfRepeatedKey(in bytes: [UInt8]) -> Int? {
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
        while index < bytes.count, Self.isPartOfNumber(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        let digits = text.drop { $0 == "-" }
        if digits.first == "0", digits.dropFirst().hasDigitFirst {
            throw JSONError(.offset(start), "a number has a leading zero")
        }
        if let point = digits.firstIndex(of: "."), !digits[point...].dropFirst().hasDigitFirst {
            throw JSONError(.offset(start), "a number has no digit after its point")
        }
        guard digits.allSatisfy(\.isNumber) else { return }
        guard Int64(text) != nil || UInt64(text) != nil else {
            throw JSONError(.offset(start), "an integer does not fit in 64 bits")
        }
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

extension Substring {
    fileprivate var hasDigitFirst: Bool { first?.isNumber == true }
}
