/// Text from a profile or a device made safe for a terminal and for one line of a message.
package enum PrintableText {
    /// `text` between backticks, cut after 60 characters, without anything that could move the cursor.
    package static func quoted(_ text: String) -> String {
        let limit = 60
        let scalars = text.unicodeScalars.prefix(limit + 1)
        let shown = plain(scalars.prefix(limit))
        return scalars.count > limit ? "`\(shown)…`" : "`\(shown)`"
    }

    /// `scalars` with a tab as one space, and as U+FFFD what ``TerminalText`` does not let through.
    package static func plain(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var result = String.UnicodeScalarView()
        for scalar in scalars { result.append(visible(scalar)) }
        return String(result)
    }

    /// Whether a profile may have a scalar: it is neither a control character nor one that reorders what follows it.
    /// Fewer scalars are shown: a soft hyphen is harmless, and stands for nothing.
    package static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }

    /// How many terminal columns a scalar takes as ``plain(_:)`` shows it: 0 for a combining mark, 2 for East Asian wide
    /// ones and emoji.
    package static func width(_ scalar: Unicode.Scalar) -> Int {
        switch visible(scalar).value {
        case 0...0x2FF, 0xFFFD: return 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return 1
        }
    }

    private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return " " }
        return TerminalText.isPrintable(scalar) ? scalar : "\u{FFFD}"
    }
}
