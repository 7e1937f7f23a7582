/// The order in which people count: host2 comes before host10.
enum NaturalOrder {
    /// Whether a name comes before another: digits are compared as numbers, all else byte by byte. Names that are alike
    /// but for leading zeros are in the order of their bytes, so that no two different names are equal.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (first, second) = (Array(left.utf8), Array(right.utf8))
        var (i, j) = (0, 0)
        while i < first.count, j < second.count {
            guard isDigit(first[i]), isDigit(second[j]) else {
                if first[i] != second[j] { return first[i] < second[j] }
                (i, j) = (i + 1, j + 1)
                continue
            }
            let (number, other) = (digits(first, &i), digits(second, &j))
            if number.count != other.count { return number.count < other.count }
            if number != other { return number.lexicographicallyPrecedes(other) }
        }
        if first.count - i != second.count - j { return i == first.count }
        return first.lexicographicallyPrecedes(second)
    }

    /// The digits from an index on, without leading zeros; the index goes behind them.
    private static func digits(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return bytes[start..<index].drop { $0 == UInt8(ascii: "0") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
