@testable import ProvisionCore
import Testing

@Suite struct JSONParsingTests {
    @Test func everyKindOfValueIsRead() throws {
        let text = #" {"a": [1, -2, 18446744073709551615, 1.5, true, false, null, "é\u00e9\n", {}, []]} "#
        guard case .object(let object) = try JSONValue(parsing: text) else {
            Issue.record("not an object")
            return
        }
        #expect(
            object["a"]
                == .array([
                    .integer(1), .integer(-2), .integer(18_446_744_073_709_551_615), .double(1.5),
                    .bool(true), .bool(false), .null, .string("éé\n"), .object(JSONObject.empty), .array([]),
                ]))
    }

    @Test func keysKeepTheirOrder() throws {
        guard case .object(let object) = try JSONValue(parsing: #"{"z":1,"a":2,"m":3}"#) else {
            Issue.record("not an object")
            return
        }
        #expect(object.members.map(\.key) == ["z", "a", "m"])
    }

    @Test(arguments: [
        ("", 0), ("   ", 3), ("{", 1), ("[1,", 3), ("[1,]", 3), ("{\"a\":1,}", 7), ("{\"a\" 1}", 5),
        ("{'a':1}", 1), ("[1] x", 4), ("[1][2]", 3), ("[/* c */1]", 1), ("[01]", 1), ("[-01]", 2),
        ("[+1]", 1), ("[.5]", 1), ("NaN", 0), ("[Infinity]", 1), ("[-Infinity]", 2), ("[tRUE]", 1),
        ("[\"a\nb\"]", 3), ("[\"\\u0000\"]", 2), ("[\"\\x\"]", 3), ("[\u{0}]", 1), ("\"abc", 4),
        ("{\"a\":1,\"a\":2}", 7), ("[{\"a\":{\"b\":1,\"b\":2}}]", 13), ("{1:2}", 1), ("[1 2]", 3), ("[-]", 1),
        ("[1-2]", 1), ("[1.]", 3), ("]", 0), ("[1e]", 3), ("{\"a\"::1}", 5),
    ])
    func malformedTextIsRefusedWithItsPlace(text: String, offset: Int) throws {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        guard case .offset(let found)? = error?.place else {
            Issue.record("no offset for \(text)")
            return
        }
        #expect(abs(found - offset) <= 2, "\(text): \(String(describing: error))")
    }

    @Test(arguments: ["1e999", "18446744073709551616", "-9223372036854775809"])
    func numbersThatDoNotFitAreRefused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: "[\(text)]") }
    }

    @Test(arguments: ["caf\u{e9}", "e\u{301}", "\u{65e5}\u{672c}", "\u{1f600}", "\\\\\u{e9}"])
    func charactersBeyondAsciiAreRead(text: String) throws {
        let read = text.replacing("\\\\", with: "\\")
        #expect(
            try JSONValue(parsing: "{\"\(text)\": \"\(text)\"}")
                == .object(
                    .init(members: [
                        .init(key: read, value: .string(read))
                    ])))
    }

    @Test(arguments: ["\"\\\u{e9}\"", "\u{e9}", "{\u{e9}: 1}"])
    func charactersBeyondAsciiWhereNoneBelongAreRefused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func theOffsetOfAnErrorBehindCharactersBeyondAsciiIsThatOfTheText() {
        let text = "[\"\u{e9}\u{1f600}\", x]"
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.description.contains("11") == true, "\(String(describing: error))")
    }

    @Test func aKeyRepeatedThroughAnEscapeIsRefused() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"a":1,"\u0061":2}"#) }
    }

    @Test(arguments: [
        [0xff], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xe2, 0x82],
    ])
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func nestingIsLimitedTo64() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(parsing: nested(64))
        _ = try JSONValue(
            parsing: String(repeating: "[", count: 64) + "1" + String(repeating: "]", count: 64))
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(65)) }
        #expect(error?.reason.contains("64") == true)
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(100_000)) }
    }

    @Test func aTextBeyondTheSizeLimitIsRefused() {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: JSONValue.maximumLength + 1)
        #expect(throws: JSONError(.offset(JSONValue.maximumLength), "the text is longer than 64 MiB")) {
            try JSONValue(parsing: bytes)
        }
    }

    @Test func everyTruncationOfADocumentIsRefused() throws {
        let bytes = Array(#"{"a":[1,true,"x\u00e9"],"b":{"c":null}}"#.utf8)
        _ = try JSONValue(parsing: bytes)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes.prefix(length))) }
        }
    }

    @Test func mutatedDocumentsNeverTrap() {
        let original = Array(#"{"a":[1,-2.5e3,true,"x\u00e9"],"b":{"c":null,"d":"é"}}"#.utf8)
        for position in original.indices {
            for byte in UInt8.min...UInt8.max {
                var bytes = original
                bytes[position] = byte
                _ = try? JSONValue(parsing: bytes)
            }
        }
    }

    @Test func errorsOfFieldsNameTheirPath() throws {
        let root = JSONCursor(try JSONValue(parsing: #"{"buses":[{"size":-1}]}"#))
        let bus = try #require(try root.elements("buses").first)
        #expect(throws: JSONError(.path("buses[0].size"), "-1 is out of range")) {
            try bus.required("size").byteCount()
        }
        #expect(throws: JSONError(.path("buses[0].dev"), "is missing")) { try bus.required("dev") }
    }

    /// Text that only looks alike makes different keys, whatever their number; the work for each stays the same.
    @Test func keysAreComparedByTheirBytes() throws {
        let keys = (0..<1 << 13).map { number in
            (0..<13).map { number >> $0 & 1 == 0 ? "\u{e9}" : "e\u{301}" }.joined()
        }
        let text = "{" + keys.map { "\"\($0)\": 0" }.joined(separator: ",") + "}"
        guard case .object(let object) = try JSONValue(parsing: Array(text.utf8)) else {
            Issue.record("no object")
            return
        }
        #expect(object.members.count == keys.count)
        let repeated = String(text.dropLast()) + ",\"\(keys[4711])\": 1}"
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(repeated.utf8)) }
    }
}

extension JSONObject {
    fileprivate static var empty: JSONObject {
        guard case .object(let object)? = try? JSONValue(parsing: "{}") else { preconditionFailure() }
        return object
    }
}
