import ProvisionCore

/// Breaks long lines of a report between words, where a terminal would break them within one.
enum TextFill {
    /// The text on lines of at most `width` columns, each after the first behind `indent` spaces.
    ///
    /// Lines are broken after a comma where one is near, so that numbers keep their units, and else at a space. A word
    /// longer than a line stays whole.
    /// - Parameter width: nil leaves the text on one line.
    static func lines(_ text: String, width: Int?, indent: Int) -> [String] {
        guard let width, text.columns > width else { return [text] }
        var lines: [String] = []
        var rest = text[...]
        while rest.columns > width, let cut = cut(rest, width, indent) {
            lines.append(String(rest[..<cut]))
            let next = rest[cut...].drop { $0 == " " }
            rest = String(repeating: " ", count: indent) + next
        }
        return lines + [String(rest)]
    }

    /// Where a line ends: before a space behind the first words, within the width where there is one. A number keeps its
    /// unit.
    private static func cut(_ text: Substring, _ width: Int, _ indent: Int) -> String.Index? {
        var column = 0
        var space: String.Index?
        var comma: (index: String.Index, column: Int)?
        var previous: Character = " "
        for index in text.indices {
            let character = text[index]
            if character == " ", column > indent, previous != " ", !isWithinSize(text, index, previous) {
                if column > width, space != nil { break }
                space = index
                if column > width { break }
                if previous == "," { comma = (index, column) }
            }
            column += String(character).columns
            previous = character
        }
        if let comma, comma.column * 3 >= width * 2 { return comma.index }
        return space
    }

    /// Whether a space stands between a number and its unit.
    private static func isWithinSize(_ text: Substring, _ index: String.Index, _ previous: Character) -> Bool
    {
        previous.isNumber && text[text.index(after: index)...].first?.isUppercase == true
    }
}

extension StringProtocol {
    /// How many columns of a terminal the text takes. Most of it is ASCII, which is counted without a call.
    var columns: Int {
        unicodeScalars.reduce(0) { $0 + ($1.value &- 0x20 < 0x5F ? 1 : PrintableText.width($1)) }
    }

    /// The text cut to so many columns, with an ellipsis as the last where it was longer.
    func shortened(to width: Int) -> String {
        guard columns > width else { return String(self) }
        var result = ""
        var used = 1
        for character in self {
            used += String(character).columns
            if used > width { break }
            result.append(character)
        }
        return result + "…"
    }
}
