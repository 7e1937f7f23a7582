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
        while rest.columns > width, let cut = cut(rest, width, isFirst: lines.isEmpty, indent) {
            lines.append(String(rest[..<cut]))
            let next = rest[cut...].drop { $0 == " " }
            rest = String(repeating: " ", count: indent) + next
        }
        return lines + [String(rest)]
    }

    /// Where a line ends: before a space that is neither part of the indent nor beyond the width.
    private static func cut(_ text: Substring, _ width: Int, isFirst: Bool, _ indent: Int) -> String.Index? {
        let start = text.firstIndex { $0 != " " } ?? text.endIndex
        var column = text[..<start].columns
        var space: String.Index?
        var comma: (index: String.Index, column: Int)?
        var previous: Character = " "
        for index in text[start...].indices {
            let character = text[index]
            if character == " ", column <= width {
                space = index
                if previous == "," { comma = (index, column) }
            }
            column += String(character).columns
            if column > width, space != nil { break }
            previous = character
        }
        if let comma, comma.column * 3 >= width * 2 { return comma.index }
        return space
    }
}

extension StringProtocol {
    /// How many columns of a terminal the text takes.
    var columns: Int { unicodeScalars.reduce(0) { $0 + PrintableText.width($1) } }

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
