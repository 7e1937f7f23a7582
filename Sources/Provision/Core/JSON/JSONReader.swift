extension JSONValue {
    /// The most bytes that a text may have.
    public static let maximumLength = 64 << 20
    /// The most arrays and objects that may be open at once.
    public static let maximumDepth = 64

    /// Reads one JSON text (RFC 8259) and nothing after it but white space.
    ///
    /// Refuses what the standard leaves open and no honest writer produces: repeated keys, NUL in strings, numbers that
    /// do not fit in 64 bits. Half of a surrogate pair is read as U+FFFD.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        guard bytes.count <= Self.maximumLength else {
            throw JSONError(.offset(Self.maximumLength), "the text is longer than 64 MiB")
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONError(.offset(error.byteOffsets.lowerBound), "the text is not UTF-8")
        }
        var reader = JSONReader(bytes)
        self = try reader.document()
    }

    /// Reads one JSON text; see ``init(parsing:)-([UInt8])``.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// Reads a JSON text from its first byte to its last, once. The reasons of its errors are json-c's words.
private struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    /// - Parameter bytes: valid UTF-8.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONError) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw JSONError(.offset(index), "unexpected character") }
        return value
    }

    /// The byte at the index; nil at the end.
    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0a, 0x0d, 0x09: index += 1
            default: return
            }
        }
    }

    /// Goes past the byte, if it is the next one.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// The error that something else than the next byte belongs here.
    private func mismatch(_ reason: String) -> JSONError {
        guard let byte else { return JSONError(.offset(bytes.count), "the text ends too early") }
        switch byte {
        case 0, UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "'"):
            return JSONError(.offset(index), "unexpected character")
        default: return JSONError(.offset(index), reason)
        }
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard let byte else { throw mismatch("") }
        switch byte {
        case UInt8(ascii: "{"): return try .object(object())
        case UInt8(ascii: "["): return try .array(array())
        case UInt8(ascii: "\""): return try .string(string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"), UInt8(ascii: "T"): return try literal("true", .bool(true), "boolean expected")
        case UInt8(ascii: "f"), UInt8(ascii: "F"):
            return try literal("false", .bool(false), "boolean expected")
        case UInt8(ascii: "n"): return try literal("null", .null, "null expected")
        default: throw mismatch("unexpected character")
        }
    }

    private mutating func literal(
        _ word: StaticString, _ value: JSONValue, _ reason: String
    ) throws(JSONError) -> JSONValue {
        for character in word.description.utf8 {
            guard byte == character else { throw mismatch(reason) }
            index += 1
        }
        return value
    }

    /// Goes into an array or an object, past its bracket.
    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONValue.maximumDepth else {
            let reason = "more than \(JSONValue.maximumDepth) arrays and objects are open at once"
            throw JSONError(.offset(index), reason)
        }
        index += 1
        skipSpace()
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if skip("]") { return elements }
        while true {
            elements.append(try value())
            skipSpace()
            if skip("]") { return elements }
            guard skip(",") else { throw mismatch("array value separator ',' expected") }
            skipSpace()
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        try enter()
        defer { depth -= 1 }
        var members = JSONMembers()
        if skip("}") { return JSONObject(members: []) }
        while true {
            let start = index
            guard byte == UInt8(ascii: "\"") else {
                let isLastComma = byte == UInt8(ascii: "}")
                throw mismatch(isLastComma ? "unexpected character" : "quoted object property name expected")
            }
            let key = try string()
            guard !members.contains(key) else { throw JSONError(.offset(start), "a key is repeated") }
            skipSpace()
            guard skip(":") else { throw mismatch("object property name separator ':' expected") }
            skipSpace()
            members.append(key, try value())
            skipSpace()
            if skip("}") { return JSONObject(members: members.list) }
            guard skip(",") else { throw mismatch("object value separator ',' expected") }
            skipSpace()
        }
    }
}

/// The members of an object that is read.
private struct JSONMembers {
    private(set) var list: [JSONObject.Member] = []
    /// The bytes of the keys, where there are many.
    private var keys: Set<[UInt8]> = []
    private static let few = 32

    /// Whether there is this key. Keys are compared as they are written: text that only looks alike differs.
    func contains(_ key: String) -> Bool {
        if list.count >= Self.few { return keys.contains(Array(key.utf8)) }
        return list.contains { $0.key.utf8.elementsEqual(key.utf8) }
    }

    mutating func append(_ key: String, _ value: JSONValue) {
        list.append(JSONObject.Member(key: key, value: value))
        if list.count > Self.few {
            keys.insert(Array(key.utf8))
        } else if list.count == Self.few {
            keys = Set(list.map { Array($0.key.utf8) })
        }
    }
}

extension JSONReader {
    /// The text of a string, which begins here.
    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                defer { index += 1 }
                return String(decoding: bytes[start..<index], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw controlCharacter
            default: index += 1
            }
        }
        throw mismatch("")
    }

    private var controlCharacter: JSONError {
        JSONError(.offset(index), "a string has an unescaped control character")
    }

    /// The same of one that has an escape here.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<index])
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw controlCharacter
            default:
                text.append(byte)
                index += 1
            }
        }
        throw mismatch("")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        guard let letter = byte else { throw mismatch("") }
        let plain: UInt8
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = letter
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0c
        case UInt8(ascii: "n"): plain = 0x0a
        case UInt8(ascii: "r"): plain = 0x0d
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            index = start
            text += UTF8.encode(try escapedScalar()) ?? UTF8.encodedReplacementCharacter
            return
        default: throw JSONError(.offset(index), "invalid string sequence")
        }
        text.append(plain)
        index += 1
    }

    /// The character of a `\u` with its four digits, or of a surrogate pair.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let start = index
        let first = try escapedUnit()
        guard first != 0 else { throw JSONError(.offset(start), "a string has a NUL character") }
        guard UTF16.isLeadSurrogate(first), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        let next = index
        let second = try escapedUnit()
        guard UTF16.isTrailSurrogate(second) else {
            // The first stands alone, and the second for itself.
            index = next
            return "\u{FFFD}"
        }
        let (high, low) = (UInt32(first) - 0xd800, UInt32(second) - 0xdc00)
        return Unicode.Scalar(0x10000 + high << 10 + low) ?? "\u{FFFD}"
    }

    private mutating func escapedUnit() throws(JSONError) -> UInt16 {
        index += 2
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = byte.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw byte == nil ? mismatch("") : JSONError(.offset(index), "invalid string sequence")
            }
            unit = unit << 4 | UInt16(digit)
            index += 1
        }
        return unit
    }
}

extension JSONReader {
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        let isNegative = skip("-")
        let first = index
        var magnitude: UInt64 = 0
        var overflows = false
        while let digit {
            let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            overflows = overflows || high || carry
            magnitude = sum
            index += 1
        }
        guard index > first else { throw mismatch("number expected") }
        guard index == first + 1 || bytes[first] != UInt8(ascii: "0") else {
            throw JSONError(.offset(start), "a number has a leading zero")
        }
        if let number = try fraction(of: start) {
            try requireEnd()
            return .double(number)
        }
        guard !overflows, !isNegative || magnitude <= UInt64(Int64.max) + 1 else {
            throw JSONError(.offset(start), "an integer does not fit in 64 bits")
        }
        try requireEnd()
        return .integer(isNegative ? -Int128(magnitude) : Int128(magnitude))
    }

    private var digit: UInt64? {
        guard let byte, (0x30...0x39).contains(byte) else { return nil }
        return UInt64(byte - 0x30)
    }

    private mutating func skipDigits() { while digit != nil { index += 1 } }

    /// The number from `start` on, if a fraction or an exponent follows here; nil where neither does.
    private mutating func fraction(of start: Int) throws(JSONError) -> Double? {
        let end = index
        if skip(".") {
            guard digit != nil else {
                throw JSONError(.offset(start), "a number has no digit after its point")
            }
            skipDigits()
        }
        if skip("e") || skip("E") {
            if !skip("-") { _ = skip("+") }
            guard digit != nil else { throw mismatch("number expected") }
            skipDigits()
        }
        guard index > end else { return nil }
        guard let number = Double(String(decoding: bytes[start..<index], as: UTF8.self)), number.isFinite
        else {
            throw JSONError(.path(""), "a number is out of range")
        }
        return number
    }

    /// Refuses what makes no number of the one before it: `1-2`, `1.5.2`, `1x`.
    private func requireEnd() throws(JSONError) {
        guard let byte else { return }
        switch byte {
        case 0x20, 0x0a, 0x0d, 0x09, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): return
        default: throw mismatch("number expected")
        }
    }
}
