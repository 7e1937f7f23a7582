import CJson
import ProvisionCore
import Testing

/// Our reader and writer of JSON beside json-c's, on random documents and on damaged ones.
@Suite struct JSONDifferentialTests {
    /// Why ours refuses what json-c reads in strict mode.
    private static let stricter = [
        "a key is repeated", "a string has a NUL character", "a string has an unescaped control character",
        "a number has a leading zero", "a number has no digit after its point", "a number is out of range",
        "an integer does not fit in 64 bits", "arrays and objects are open at once",
    ]
    /// The words for numbers that are none, and where json-c takes them: `NaN`, `Infinity`, `-Infinity`.
    private static let words = [UInt8(ascii: "N"), UInt8(ascii: "I")]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func randomDocumentsAreReadAndWrittenAlike(seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        for _ in 0..<250 {
            let value = random.value()
            for style in [JSONValue.Style.pretty, .compact, .ndctl] {
                let text = value.text(style)
                let theirs = try #require(JSONC.value(of: Array(text.utf8)), "\(text)")
                #expect(theirs == value, "\(text)")
                #expect(try JSONValue(parsing: text) == value)
                // Releases after 0.16 leave an empty array, or object, on one line.
                let short = text.replacing(/\[\n *\]/, with: "[]").replacing(/\{\n *\}/, with: "{}")
                let written = JSONC.text(of: text, style)
                #expect(written == text || written == short, "\(text)")
            }
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func damagedDocumentsAreReadAlikeOrRefused(seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        var counts = (read: 0, refused: 0)
        for _ in 0..<3_000 {
            let bytes = random.damaged(Array(random.value().text(.compact).utf8))
            let theirs = JSONC.value(of: bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(JSONError) {
                let ours = try JSONValue(parsing: bytes)
                #expect(ours == theirs, "\(text)")
                counts.read += 1
            } catch {
                counts.refused += 1
                guard theirs != nil else { continue }
                var isExpected = Self.stricter.contains { error.reason.hasSuffix($0) }
                if case .offset(let offset) = error.place, offset < bytes.count {
                    let isWithoutDigit = bytes[..<(offset + 1)].ends(with: "-.")
                    isExpected = isExpected || Self.words.contains(bytes[offset]) || isWithoutDigit
                }
                #expect(isExpected, "\(error): \(text)")
            }
        }
        #expect(counts.read > 100 && counts.refused > 100)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}

/// json-c, as an independent reader and writer.
private enum JSONC {
    /// What it reads in strict mode; nil where it refuses the text, or has nothing of its own for what it reads.
    static func value(of bytes: [UInt8]) -> JSONValue? {
        unsafe parsed(bytes) { unsafe value($0) }
    }

    /// The text that it writes for what it reads; nil where it refuses the text.
    static func text(of text: String, _ style: JSONValue.Style) -> String? {
        let (flags, end) =
            switch style {
            case .pretty:
                (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE, "\n")
            case .compact: (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, "")
            case .ndctl: (JSON_C_TO_STRING_PRETTY, "\n")
            }
        return unsafe parsed(Array(text.utf8)) { node in
            unsafe json_object_to_json_string_ext(node, flags).map { unsafe String(cString: $0) + end }
        }
    }

    private static func parsed<Result>(_ bytes: [UInt8], _ body: (OpaquePointer?) -> Result?) -> Result? {
        guard let tokener = unsafe json_tokener_new_ex(66) else { return nil }
        defer { unsafe json_tokener_free(tokener) }
        unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT)
        // A NUL behind the text shows that a number at its end is complete.
        let text = bytes + [0]
        let node = unsafe text.withUnsafeBytes { raw in
            unsafe json_tokener_parse_ex(
                tokener, raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count))
        }
        defer { unsafe json_object_put(node) }
        guard unsafe json_tokener_get_error(tokener) == json_tokener_success else { return nil }
        return unsafe body(node)
    }

    private static func value(_ node: OpaquePointer?) -> JSONValue? {
        switch unsafe json_object_get_type(node) {
        case json_type_null: return .null
        case json_type_boolean: return unsafe .bool(json_object_get_boolean(node) != 0)
        case json_type_int:
            // It clamps what the other type cannot hold.
            let signed = unsafe json_object_get_int64(node)
            return unsafe .integer(signed == .max ? Int128(json_object_get_uint64(node)) : Int128(signed))
        case json_type_double: return unsafe .double(json_object_get_double(node))
        case json_type_string:
            let length = unsafe Int(json_object_get_string_len(node))
            let bytes = unsafe UnsafeRawBufferPointer(start: json_object_get_string(node), count: length)
            return unsafe .string(String(decoding: bytes, as: UTF8.self))
        case json_type_array:
            var elements: [JSONValue] = []
            for index in unsafe 0..<json_object_array_length(node) {
                guard let element = unsafe value(json_object_array_get_idx(node, index)) else { return nil }
                elements.append(element)
            }
            return .array(elements)
        case json_type_object:
            var object = JSONValue.object()
            var entry = unsafe json_object_get_object(node)?.pointee.head
            while let current = unsafe entry {
                let key = unsafe String(cString: current.pointee.k.assumingMemoryBound(to: CChar.self))
                let child = unsafe current.pointee.v.map { OpaquePointer($0) }
                guard let member = unsafe value(child) else { return nil }
                object.set(key, member)
                unsafe entry = current.pointee.next
            }
            return object
        default: return nil
        }
    }
}

/// Random values, and damage to texts.
private struct RandomJSON {
    private var generator: RandomObserved.Generator

    init(seed: UInt64) {
        generator = RandomObserved.Generator(state: seed)
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    mutating func value(depth: Int = 0) -> JSONValue {
        switch below(depth > 4 ? 6 : 9) {
        case 0: return .null
        case 1: return .bool(below(2) == 0)
        case 2: return .integer(Int128(Int64.random(in: -1000...1000, using: &generator)))
        case 3:
            let edges: [Int128] = [Int128(Int64.min), Int128(Int64.max), Int128(UInt64.max), 0, -1, 1 << 53]
            return .integer(edges[below(edges.count)])
        // Sixteenths, as temperatures are: both write these in the same way.
        case 4: return .double(Double(below(1 << 16)) / 16)
        case 5: return .string(text())
        case 6: return .array((0..<below(5)).map { _ in value(depth: depth + 1) })
        default:
            var object = JSONValue.object()
            for number in 0..<below(below(8) == 0 ? 80 : 5) {
                object.set("\(number) \(text())", value(depth: depth + 1))
            }
            return object
        }
    }

    /// Characters that json-c writes as ours does: it leaves what is beyond ASCII, and DEL, as it is.
    private static let characters: [Unicode.Scalar] =
        (1..<0x7f).compactMap { Unicode.Scalar($0) } + ["/", "\"", "\\", "\n"]

    private mutating func text() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<below(12) { text.append(Self.characters[below(Self.characters.count)]) }
        return String(text)
    }

    private static let pieces = [
        "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00",
        "\\u0000", "\\u12",
        "\\/", "\\x", "\\", "\"", ",", ":", "[", "]", "{", "}", "[]", "{}", " ", "\t", "\r\n", "\u{c}",
        "\u{1}", "0", "-",
        "-.5", ".", ".5", "1.", "1e5", "1E+2", "1e-2", "e", "+1", "01", "-0", "-0.0", "1.5.2", "1-2",
        "18446744073709551615",
        "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1e999", "1e-999", "true",
        "True", "tru",
        "false", "null", "Null", "nan", "NaN", "Infinity", "-Infinity", "inf", "/*c*/", "//", "'a'",
        "\"a\":1,", "\"a\":1",
    ]

    /// A text with a byte removed, doubled or replaced, cut off, or with a piece in it, once or more often. It stays ASCII without NUL,
    /// of which every release of json-c reads the same.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        repeat {
            let place = below(bytes.count + 1)
            switch below(6) {
            case 0 where place < bytes.count: bytes.remove(at: place)
            case 1 where place < bytes.count: bytes.insert(bytes[place], at: place)
            case 2 where place < bytes.count: bytes[place] = UInt8(1 + below(0x7f))
            case 3 where below(4) == 0: bytes.removeSubrange(place...)
            default: bytes.insert(contentsOf: Self.pieces[below(Self.pieces.count)].utf8, at: place)
            }
        } while below(3) == 0
        return bytes
    }
}
