/// What YAML 1.1 and 1.2 parsers take a plain scalar for. A profile that means a string must quote these.
package enum ScalarText {
    /// Whether a plain scalar is a number: decimal, hexadecimal or octal, with a sign, a point or an exponent.
    package static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.starts(with: "0x".utf8) {
            return rest.count > 2 && rest.dropFirst(2).allSatisfy(isHexadecimal)
        }
        if rest.starts(with: "0o".utf8) { rest = rest.dropFirst(2) }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var digits = whole.count
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            digits += fraction.count
            rest = rest.dropFirst(1 + fraction.count)
        }
        return digits > 0 && (rest.isEmpty || isExponent(rest))
    }

    /// The boolean that a plain scalar stands for in some YAML version; nil for other words.
    package static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "y": true
        case "false", "no", "off", "n": false
        default: nil
        }
    }

    /// Whether a plain scalar means "nothing".
    package static func isNull(_ text: String) -> Bool {
        text.isEmpty || text == "~" || text.lowercased() == "null"
    }

    private static func isExponent(_ text: Substring.UTF8View) -> Bool {
        guard text.first == UInt8(ascii: "e") || text.first == UInt8(ascii: "E") else { return false }
        var rest = text.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    /// Digits, and the underscore that YAML 1.1 allows between them.
    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
