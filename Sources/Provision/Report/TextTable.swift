/// Rows of text in columns as wide as their widest cell, two spaces apart.
public struct TextTable: Sendable {
    /// On which side a column's cells touch its edge.
    public enum Side: Sendable {
        /// Text.
        case left
        /// Numbers.
        case right
    }

    private let columns: [(title: String, side: Side)]
    private var rows: [[String]] = []

    /// An empty table with these columns.
    public init(_ columns: [(title: String, side: Side)]) {
        self.columns = columns
    }

    /// Adds a row: a cell a column. An empty cell shows as `-`.
    public mutating func add(_ cells: [String]) {
        rows.append(cells.map { $0.isEmpty ? "-" : $0 })
    }

    /// The title line and the rows, without spaces at the ends of lines.
    public var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { pad(row[$0], to: widths[$0], columns[$0].side) }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
        }
    }

    private func pad(_ text: String, to width: Int, _ side: Side) -> String {
        let space = String(repeating: " ", count: width - text.count)
        return side == .left ? text + space : space + text
    }
}
