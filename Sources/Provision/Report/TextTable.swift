/// Rows of text in columns as wide as their widest cell, two spaces apart, and within a width where one is given.
public struct TextTable: Sendable {
    /// On which side a column's cells touch its edge.
    public enum Side: Sendable {
        /// Text.
        case left
        /// Numbers.
        case right
    }

    /// What becomes of a column where a line would be too long.
    public enum Room: Equatable, Sendable {
        /// It stays.
        case kept
        /// Its cells are cut, down to so many columns, with an ellipsis. After all that can move has moved.
        case cut(least: Int)
        /// Its cells move to a line of their own below the row, behind this word; the lowest rank first.
        case below(rank: Int, word: String)
    }

    /// A column.
    public struct Column: Sendable {
        let title: String
        let side: Side
        let room: Room

        /// A column with this title.
        public init(_ title: String, _ side: Side, _ room: Room = .kept) {
            self.title = title
            self.side = side
            self.room = room
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// An empty table with these columns.
    public init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row: a cell a column. An empty cell shows as `-`.
    public mutating func add(_ cells: [String]) {
        rows.append(cells.map { $0.isEmpty ? "-" : $0 })
    }

    /// The title line and the rows, without spaces at the ends of lines: on lines of at most `width` columns, as far as the columns allow.
    public func lines(width: Int?) -> [String] { blocks(width: width).flatMap(\.self) }

    /// The lines of the title and of each row.
    func blocks(width: Int?) -> [[String]] {
        let (shown, widths) = layout(width)
        let moved = columns.indices.filter { !shown.contains($0) }
        let indent = (widths[shown[0]] ?? 0) + 2
        return ([columns.map(\.title)] + rows).enumerated().map { number, row in
            let cells = shown.map { pad(row[$0], to: widths[$0] ?? 0, columns[$0].side) }
            let line = Self.trimmed(cells.joined(separator: "  "))
            return [line] + (number == 0 ? [] : below(row, moved, width, indent))
        }
    }

    /// The columns that stay in the rows, and their widths.
    private func layout(_ width: Int?) -> (shown: [Int], widths: [Int: Int]) {
        var widths: [Int: Int] = [:]
        for column in columns.indices {
            widths[column] =
                rows.map { $0[column].columns }.max().map { max($0, columns[column].title.columns) }
                ?? columns[column].title.columns
        }
        var shown = Array(columns.indices)
        guard let width else { return (shown, widths) }
        func excess() -> Int { shown.reduce(-2) { $0 + (widths[$1] ?? 0) + 2 } - width }
        let movable = columns.indices.compactMap { index -> (rank: Int, index: Int)? in
            if case .below(let rank, _) = columns[index].room { (rank, index) } else { nil }
        }
        for (_, index) in movable.sorted(by: { $0.rank < $1.rank }) where excess() > 0 {
            shown.removeAll { $0 == index }
        }
        for index in shown {
            guard case .cut(let least) = columns[index].room, let natural = widths[index], excess() > 0
            else { continue }
            widths[index] = max(min(natural, least), natural - excess())
        }
        return (shown, widths)
    }

    /// What moved out of a row, filled into lines.
    private func below(_ row: [String], _ moved: [Int], _ width: Int?, _ indent: Int) -> [String] {
        let items = moved.compactMap { index -> String? in
            guard case .below(_, let word) = columns[index].room, row[index] != "-" else { return nil }
            return word.isEmpty ? row[index] : "\(word) \(row[index])"
        }
        guard !items.isEmpty else { return [] }
        let space = String(repeating: " ", count: indent)
        return TextFill.lines(space + items.joined(separator: ", "), width: width, indent: indent)
    }

    private func pad(_ text: String, to width: Int, _ side: Side) -> String {
        let text = text.shortened(to: width)
        let space = String(repeating: " ", count: max(0, width - text.columns))
        return side == .left ? text + space : space + text
    }

    private static func trimmed(_ line: String) -> String {
        String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
    }
}
