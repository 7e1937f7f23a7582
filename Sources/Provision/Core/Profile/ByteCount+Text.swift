/// Why a text is not a size.
public struct SizeTextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with the text, as a clause: "the unit `gb` is not known".
    public let reason: String
    /// What to write instead; nil where nothing is near.
    public let suggestion: String?

    package init(_ reason: String, suggestion: String? = nil) {
        self.reason = reason
        self.suggestion = suggestion
    }

    /// The reason and the suggestion in one line.
    public var description: String { suggestion.map { "\(reason); \($0)" } ?? reason }
}

extension ByteCount {
    /// The units of a size text with the bytes that each stands for: binary as in ndctl, and decimal with two
    /// letters.
    package static let units: [(name: String, bytes: UInt64)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ]

    /// The size that a text such as `4096`, `64 GiB`, `1.5T` or `10 GB` writes.
    ///
    /// A number of digits, with decimals where the result is a whole number of bytes, then at most one space and a
    /// unit; bytes where there is none. Units are exact in case.
    public init(parsing text: String) throws(SizeTextError) {
        let number = try DecimalText(prefixOf: text)
        let unit = try Self.unit(number.rest, of: text)
        guard let bytes = number.multiplied(by: unit) else {
            throw SizeTextError("it does not fit in 64 bits")
        }
        guard bytes.isWhole else {
            throw SizeTextError(
                "it is not a whole number of bytes",
                suggestion: "write the exact number of bytes, or fewer decimals")
        }
        self.init(bytes.whole)
    }

    private static func unit(_ rest: String, of text: String) throws(SizeTextError) -> UInt64 {
        guard !rest.isEmpty else { return 1 }
        let name = rest.hasPrefix(" ") ? String(rest.dropFirst()) : rest
        if let unit = units.first(where: { $0.name == name }) { return unit.bytes }
        guard !name.isEmpty else { throw SizeTextError("it ends in a space") }
        guard name.first != " " else { throw SizeTextError("more than one space stands before its unit") }
        let number = PrintableText.plain(text.dropLast(rest.count).unicodeScalars.prefix(40))
        throw SizeTextError(
            "the unit \(PrintableText.quoted(name)) is not known",
            suggestion: suggestion(for: name, after: number))
    }

    private static func suggestion(for unit: String, after number: String) -> String {
        if unit.first == "," { return "decimals are written with a point" }
        if unit.first == "x" || unit.first == "_" { return "sizes are written in plain decimal digits" }
        return nearest(to: unit).map { "did you mean `\(number) \($0)`?" } ?? unitList
    }

    /// The unit that was most likely meant; nil where none is near.
    package static func nearest(to unit: String) -> String? {
        let alike = units.map(\.name).filter { $0.first?.lowercased() == unit.first?.lowercased() }
        return NearestWord.to(unit, among: alike)
    }

    private static let unitList =
        "units are B, K or KiB, M or MiB, G or GiB, T or TiB, and decimal KB, MB, GB, TB"
}

/// An unsigned decimal number at the beginning of a text, exact.
package struct DecimalText {
    /// The digits before the point.
    package let whole: UInt64
    /// The digits after the point as a number, without zeros at the end.
    package let fraction: UInt64
    /// Ten to the number of digits in ``fraction``.
    package let scale: UInt64
    /// What follows the number.
    package let rest: String

    /// The most decimals that are read.
    private static let maximumDecimals = 18

    /// The number that `text` begins with. Throws where there is none, or where it is not written plainly.
    package init(prefixOf text: String) throws(SizeTextError) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { throw Self.noNumber(text) }
        guard digits.count == 1 || digits.first != "0" else {
            throw SizeTextError("it begins with a zero", suggestion: "sizes are decimal: leave the zero out")
        }
        guard let whole = UInt64(digits) else { throw SizeTextError("it does not fit in 64 bits") }
        self.whole = whole
        let after = text.dropFirst(digits.count)
        guard after.first == "." else {
            (fraction, scale, rest) = (0, 1, String(after))
            return
        }
        let decimals = after.dropFirst().prefix { $0.isASCII && $0.isNumber }
        guard !decimals.isEmpty else { throw SizeTextError("no digit follows its point") }
        let significant = decimals.reversed().drop { $0 == "0" }.reversed()
        guard significant.count <= Self.maximumDecimals else {
            throw SizeTextError("it has more than \(Self.maximumDecimals) decimals")
        }
        fraction = UInt64(String(significant)) ?? 0
        scale = significant.reduce(1) { power, _ in power * 10 }
        rest = String(after.dropFirst(1 + decimals.count))
    }

    /// This number times `unit`, rounded down, and whether that was exact; nil where it does not fit in 64 bits.
    package func multiplied(by unit: UInt64) -> (whole: UInt64, isWhole: Bool)? {
        let (high, low) = fraction.multipliedFullWidth(by: unit)
        guard high < scale else { return nil }
        let (part, rest) = scale.dividingFullWidth((high, low))
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        let (sum, carry) = product.addingReportingOverflow(part)
        return overflow || carry ? nil : (sum, rest == 0)
    }

    private static func noNumber(_ text: String) -> SizeTextError {
        switch text.first {
        case nil: SizeTextError("it is empty", suggestion: "sizes are written as `64 GiB`")
        case "-": SizeTextError("it is negative")
        case "+": SizeTextError("it begins with a sign", suggestion: "leave the `+` out")
        case " ": SizeTextError("it begins with a space")
        case ".":
            SizeTextError(
                "it begins with a point",
                suggestion: "write `0\(PrintableText.plain(text.unicodeScalars.prefix(30)))`")
        default:
            if let unit = ByteCount.nearest(to: text) {
                SizeTextError("its number is missing", suggestion: "sizes are written as `64 \(unit)`")
            } else {
                SizeTextError(
                    "it does not begin with a number", suggestion: "sizes are written as `64 GiB`")
            }
        }
    }
}
