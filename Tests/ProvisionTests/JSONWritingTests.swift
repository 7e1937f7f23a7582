import ProvisionCore
import Testing

@Suite struct JSONWritingTests {
    private func document() -> JSONValue {
        var root = JSONValue.object()
        root.set("text", "a/b \"c\" \u{1}\u{7f}é")
        root.set("size", ByteCount.mib(2))
        root.set("largest", UInt64.max)
        root.set("smallest", Int64.min)
        root.set("missing", String?.none)
        root.setFlag("set", if: true)
        root.setFlag("unset", if: false)
        root.set("none", each: [Int]()) { .number($0) }
        root.set("list", each: [1, 2]) { .number($0) }
        root.set("empty", .object())
        root.set("null", .null)
        root.set("blank", "")
        return root
    }

    @Test func theCompactFormIsOneLine() {
        let expected =
            #"{"text":"a/b \"c\" \u0001\u007fé"#
            + #"","size":2097152,"largest":18446744073709551615,"smallest":-9223372036854775808,"#
            + #""set":true,"none":[],"list":[1,2],"empty":{},"null":null,"blank":""}"#
        #expect(document().text(.compact) == expected)
    }

    @Test func thePrettyFormIndentsByTwoSpacesAndEndsInANewline() {
        var root = JSONValue.object()
        root.set("list", each: [1]) { .integer($0) }
        root.set("path", "/dev")
        let expected = """
            {
              "list": [
                1
              ],
              "path": "/dev"
            }

            """
        #expect(root.text() == expected)
    }

    @Test func theSameContentGivesTheSameBytes() {
        #expect(document().text() == document().text())
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        let value = try JSONValue(parsing: document().text())
        #expect(try JSONValue(parsing: value.text(.compact)) == value)
        #expect(value.text() == document().text())
    }
}
