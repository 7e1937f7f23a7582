extension JSONValue {
    /// How a document is laid out.
    public enum Style: Sendable {
        /// Two spaces a level, a line a member, a newline at the end.
        case pretty
        /// One line without spaces and without a newline at its end.
        case compact
        /// ndctl's own layout, to the byte: no space after a colon, slashes escaped, a newline at the end.
        case ndctl
    }

    /// The document as text: equal to the byte for equal content built in the same order.
    ///
    /// Characters that a terminal would act on are escaped, those that JSON allows as they are as well.
    public func text(_ style: Style = .pretty) -> String {
        var writer = JSONWriter(style)
        writer.append(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Writes a value as text, as json-c 0.16 lays it out (json_object.c, `json_object_object_to_json_string`): the brackets of what is empty
/// are on two lines, as earlier releases of daxprov have them.
private struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var level = 0
    private let breaksLines: Bool
    private let spacesColons: Bool
    private let escapesSlashes: Bool

    init(_ style: JSONValue.Style) {
        breaksLines = style != .compact
        spacesColons = style == .pretty
        escapesSlashes = style == .ndctl
    }

    /// Adds a document.
    mutating func append(_ value: JSONValue) {
        add(value)
        if breaksLines { bytes.append(0x0a) }
    }

    private mutating func add(_ value: JSONValue) {
        switch value {
        case .null: add("null")
        case .bool(let value): add(value ? "true" : "false")
        case .integer(let number): add(number)
        case .double(let number):
            precondition(number.isFinite, "JSON has no \(number)")
            add(number.description)
        case .string(let text): addQuoted(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            level += 1
            var isFirst = true
            for element in elements {
                separate(&isFirst)
                add(element)
            }
            close("]")
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            level += 1
            var isFirst = true
            for member in object.members {
                separate(&isFirst)
                addQuoted(member.key)
                add(spacesColons ? ": " : ":")
                add(member.value)
            }
            close("}")
        }
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func add(_ number: Int128) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = UInt64(number.magnitude)
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func separate(_ isFirst: inout Bool) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        breakLine()
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        level -= 1
        breakLine()
        bytes.append(UInt8(ascii: bracket))
    }

    private mutating func breakLine() {
        guard breaksLines else { return }
        bytes.append(0x0a)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    private mutating func addQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if !addPlain(text) {
            for scalar in text.unicodeScalars { add(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds a text as it is; false where some of it needs an escape, or may need one.
    private mutating func addPlain(_ text: String) -> Bool {
        unsafe text.utf8.withContiguousStorageIfAvailable { buffer in
            guard unsafe buffer.allSatisfy(isPlain) else { return false }
            unsafe bytes.append(contentsOf: buffer)
            return true
        } ?? false
    }

    /// Whether a byte stands for itself.
    private func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): false
        case UInt8(ascii: "/"): !escapesSlashes
        case 0x20...0x7e: true
        default: false
        }
    }

    private mutating func add(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": add("\\\"")
        case "\\": add("\\\\")
        case "/": add(escapesSlashes ? "\\/" : "/")
        case "\u{8}": add("\\b")
        case "\u{9}": add("\\t")
        case "\u{a}": add("\\n")
        case "\u{c}": add("\\f")
        case "\u{d}": add("\\r")
        case _ where TerminalText.isPrintable(scalar):
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                add("\\u" + Hexadecimal.digits(unit, count: 4))
            }
        }
    }
}
