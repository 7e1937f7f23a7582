/// A JSON text with every character beyond ASCII as an escape.
///
/// In strict mode newer releases of json-c (0.18 was seen) refuse every byte above 0x7f in a string: they compare a signed
/// `char` with the control characters. Escapes mean the same to all of them.
package struct JSONAsciiText {
    /// The text.
    package let bytes: [UInt8]

    /// The ASCII form of a UTF-8 text.
    package init(_ text: [UInt8]) {
        bytes = text.allSatisfy { $0 < 0x80 } ? text : Self.escaped(text) { _, _ in true }
    }

    /// Where in the original text a byte of this one comes from.
    package func offset(in text: [UInt8], of position: Int) -> Int {
        guard bytes.count != text.count else { return min(position, text.count) }
        var found = 0
        _ = Self.escaped(text) { original, escaped in
            if escaped <= position { found = original }
            return escaped < position
        }
        return found
    }

    /// Escapes a text, as long as `visit` says so for the offset of each character in it and in the result. A character
    /// behind a lone backslash stays: no escape may come of what is none.
    private static func escaped(_ text: [UInt8], _ visit: (Int, Int) -> Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count * 2)
        var offset = 0
        var isEscape = false
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            guard visit(offset, result.count) else { break }
            let plain = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            offset += plain.count
            if scalar.isASCII || isEscape {
                result += plain
            } else {
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let digits = String(unit, radix: 16)
                    result += Array("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
                }
            }
            isEscape = scalar == "\\" && !isEscape
        }
        return result
    }
}
