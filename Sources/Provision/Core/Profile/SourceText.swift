/// The text of a profile, indexed by line so that a diagnostic costs no search.
///
/// Lines end in LF or CRLF; the reader refuses every other character that YAML takes for a line break, so lines and
/// columns here are libyaml's.
package struct SourceText {
    /// Where the text came from.
    package let source: String
    /// The text as scalars; a byte sequence that is not UTF-8 is one U+FFFD.
    package let scalars: [Unicode.Scalar]
    /// Where the first bytes are that are not UTF-8; nil where all are.
    package let firstMalformation: SourcePosition?
    private let lineStarts: [Int]

    /// The text that `bytes` encode.
    package init(_ bytes: [UInt8], source: String) {
        var decoder = UTF8()
        var input = bytes.makeIterator()
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(bytes.count)
        var lineStarts = [0]
        var malformation: SourcePosition?
        decoding: while true {
            switch decoder.decode(&input) {
            case .scalarValue(let scalar):
                scalars.append(scalar)
                if scalar == "\n" { lineStarts.append(scalars.count) }
            case .error:
                let column = scalars.count - (lineStarts.last ?? 0) + 1
                malformation = malformation ?? SourcePosition(line: lineStarts.count, column: column)
                scalars.append("\u{FFFD}")
            case .emptyInput: break decoding
            }
        }
        self.source = source
        self.scalars = scalars
        self.lineStarts = lineStarts
        self.firstMalformation = malformation
    }

    /// The number of lines; the empty one after a last line break counts.
    package var lineCount: Int { lineStarts.count }

    /// A line's scalars without its line break; `number` counts from 1 and must exist.
    package func line(_ number: Int) -> ArraySlice<Unicode.Scalar> {
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : scalars.count
        if end > start, scalars[end - 1] == "\r" { end -= 1 }
        return scalars[start..<end]
    }

    /// The scalar at a position; nil at a line's end.
    package func scalar(at position: SourcePosition) -> Unicode.Scalar? {
        guard (1...lineCount).contains(position.line) else { return nil }
        let line = line(position.line)
        guard (1...max(1, line.count)).contains(position.column), !line.isEmpty else { return nil }
        return line[line.startIndex + position.column - 1]
    }

    /// The position of the scalar at `index`.
    package func position(ofScalar index: Int) -> SourcePosition {
        let line = lineStarts.partitionPoint { $0 > index }
        return SourcePosition(line: line, column: index - lineStarts[line - 1] + 1)
    }

    /// The nearest place that exists: within the lines, and at most one past a line's end.
    package func nearest(to position: SourcePosition) -> SourcePosition {
        let line = min(max(position.line, 1), lineCount)
        return SourcePosition(line: line, column: min(max(position.column, 1), self.line(line).count + 1))
    }

    /// The place after the last character that is not white space; where the end of the text is reported.
    package var end: SourcePosition {
        let last = scalars.lastIndex { $0 != "\n" && $0 != "\r" && $0 != " " && $0 != "\t" }
        guard let last else { return SourcePosition(line: 1, column: 1) }
        let position = position(ofScalar: last)
        return SourcePosition(line: position.line, column: position.column + 1)
    }

    /// How many characters lie between two places, or to the end of the first one's line where they are on
    /// different lines; at least 1.
    package func span(from start: SourcePosition, to end: SourcePosition) -> Int {
        let stop = end.line == start.line ? end.column : line(start.line).count + 1
        return max(1, stop - start.column)
    }
}
