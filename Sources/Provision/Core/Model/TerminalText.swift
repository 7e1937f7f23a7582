/// Text from devices, profiles and other processes, made safe for a terminal.
///
/// A name in a label may hold any bytes: escape sequences that move the cursor or set the title, and characters that
/// reverse the direction of what follows. Every text report passes such strings through here.
public enum TerminalText {
    /// The text on one line, with a question mark for every character that would not show as itself: control
    /// characters, format characters (bidirectional overrides, zero-width joiners), line and paragraph separators.
    public static func clean(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { !isPrintable($0) }) else { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { clean.append(isPrintable(scalar) ? scalar : "?") }
        return String(clean)
    }

    /// Whether a scalar shows as itself, and changes nothing about how others show.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20...0x7e).contains(scalar.value) { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: true
        }
    }
}
