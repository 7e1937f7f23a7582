/// What a profile's bytes must be before YAML looks at them: UTF-8 without a byte order mark, with LF or CRLF line
/// ends, and without control characters.
package enum EncodingCheck {
    /// The first thing wrong with the encoding, or nil.
    package static func problem(in text: SourceText, bytes: [UInt8]) -> Diagnostic? {
        if let mark = byteOrderMark(bytes) {
            return Diagnostic(
                "the text begins with a \(mark) byte order mark", at: SourcePosition(line: 1, column: 1),
                suggestion: "save the profile as UTF-8 without a byte order mark", in: text)
        }
        let control = text.scalars.indices.first { !isAllowed(at: $0, in: text.scalars) }
        let position = control.map(text.position(ofScalar:))
        if let bad = text.firstMalformation, bad < position ?? SourcePosition(line: .max, column: 1) {
            return Diagnostic(
                "this byte is not valid UTF-8", at: bad, suggestion: "save the profile as UTF-8", in: text)
        }
        guard let control, let position else { return nil }
        return Diagnostic(
            "\(name(of: text.scalars[control])) is not allowed in a profile", at: position,
            suggestion: suggestion(for: text.scalars[control]), in: text)
    }

    private static func byteOrderMark(_ bytes: [UInt8]) -> String? {
        let marks: [(bytes: [UInt8], name: String)] = [
            ([0xEF, 0xBB, 0xBF], "UTF-8"), ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF], "UTF-32"),
            ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"),
        ]
        return marks.first { bytes.starts(with: $0.bytes) }?.name
    }

    private static func isAllowed(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        switch scalars[index] {
        case "\n", "\t": true
        case "\r": index + 1 < scalars.count && scalars[index + 1] == "\n"
        case let scalar: PrintableText.isHarmless(scalar)
        }
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        switch scalar {
        case "\0": return "a NUL byte"
        case "\r": return "a carriage return that no line feed follows"
        case "\u{FEFF}": return "a byte order mark (\(code))"
        case "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
            return "the line or direction character \(code)"
        default: return "the control character \(code)"
        }
    }

    private static func suggestion(for scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\0": "save the profile as UTF-8"
        case "\r": "end lines with LF or CRLF"
        default: nil
        }
    }
}
