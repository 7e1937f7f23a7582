import CJson

extension JSONNode {
    /// How a document is laid out.
    public enum Style: Sendable {
        /// Two spaces a level, a line a member, a newline at the end.
        case pretty
        /// One line without spaces and without a newline at its end.
        case compact
        /// ndctl's own layout, to the byte: one space a level, no space after a colon, a newline at the end.
        case ndctl

        package var flags: Int32 {
            switch self {
            case .pretty:
                JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE
            case .compact: JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE
            case .ndctl: JSON_C_TO_STRING_PRETTY
            }
        }
    }

    /// The document as text: equal to the byte for equal content built in the same order.
    ///
    /// Characters that a terminal would act on are escaped, those that JSON allows as they are as well.
    ///
    /// The corresponding C function is `json_object_to_json_string_length`.
    public borrowing func text(_ style: Style = .pretty) -> String {
        var length = 0
        guard let characters = unsafe json_object_to_json_string_length(pointer, style.flags, &length) else {
            preconditionFailure("json-c is out of memory")
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: characters, count: length)
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        let isPlain = unsafe bytes.allSatisfy { $0 < 0x7f }
        return (isPlain ? text : Self.escaping(text)) + (style == .compact ? "" : "\n")
    }

    /// The text with `\u` and the UTF-16 codes for what stands in a string and does not show as itself.
    private static func escaping(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || TerminalText.isPrintable(scalar) {
                escaped.unicodeScalars.append(scalar)
                continue
            }
            for unit in UTF16.encode(scalar) ?? .init() {
                let digits = String(unit, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return escaped
    }
}
