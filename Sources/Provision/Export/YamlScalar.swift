import ProvisionCore

/// A string as a YAML scalar that ``ProfileReader`` reads back as the same string.
enum YamlScalar {
    /// The string as it is where every YAML version takes it for a string, else in double quotes.
    static func text(_ string: String) -> String {
        isPlain(string) ? string : "\"" + string.unicodeScalars.map(escaped).joined() + "\""
    }

    /// An identifier of hardware as YAML: as it is where no YAML version takes it for anything but a string, although it
    /// begins with a digit ("8089-a2-1740-00000133").
    static func identifier(_ string: String) -> String {
        let parts = string.split(separator: "-", omittingEmptySubsequences: false)
        let isPlain =
            parts.count > 1
            && parts.allSatisfy { $0.utf8.allSatisfy { isLetter($0) || isDigit($0) } && !$0.isEmpty }
            && !ScalarText.isNumber(string) && !isDate(parts)
        return isPlain ? string : text(string)
    }

    /// Whether YAML 1.1 reads it as a date: "2026-11-28".
    private static func isDate(_ parts: [Substring]) -> Bool {
        parts.count == 3 && parts.allSatisfy { $0.utf8.allSatisfy(isDigit) } && parts[0].utf8.count == 4
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isPlain(_ string: String) -> Bool {
        guard let first = string.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else {
            return false
        }
        guard ScalarText.boolean(string) == nil, !ScalarText.isNull(string), !ScalarText.isNumber(string)
        else {
            return false
        }
        return string.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "-_./".utf8.contains($0)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// A scalar that shows as itself, or its escape (YAML 1.2, section 5.7).
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"", "\\": return "\\\(scalar)"
        default: break
        }
        guard TerminalText.clean(String(scalar)) != String(scalar) else { return String(scalar) }
        let (letter, width) = scalar.value > 0xffff ? ("U", 8) : ("u", 4)
        return "\\\(letter)" + Hexadecimal.digits(scalar.value, count: width)
    }
}
