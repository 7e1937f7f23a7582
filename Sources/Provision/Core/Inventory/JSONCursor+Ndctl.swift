/// The fields of `ndctl list`, whose numbers `-u` turns into text.
extension JSONCursor {
    /// The elements of this array of at most 65,536.
    package func limitedElements() throws(JSONError) -> [JSONCursor] {
        try limitedElements(upTo: Self.maximumNamespaces)
    }

    /// This value as a number that is printed as an integer, or as `"0x1f"` (util/json.c `display_hex`).
    package func hexadecimal<Number: FixedWidthInteger>(
        _ type: Number.Type = Number.self
    ) throws(JSONError) -> Number {
        guard case .string(let text) = value else { return try integer() }
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
        guard digits.first != "-", digits.first != "+", let number = Number(digits, radix: 16) else {
            throw error("is no hexadecimal number")
        }
        return number
    }

    /// The UUID at `key`, as far as the listing tells it. People take identities out of what they show to others: that
    /// must not lose the rest of the host.
    package func toldUUID(_ key: String) throws(JSONError) -> ToldUUID {
        guard let text = try optional(key)?.string() else { return .none }
        guard let uuid = UUID(text) else { return .unreadable }
        return uuid.isNull ? .none : .told(uuid)
    }

    /// The hexadecimal number at `key`; nil where there is none, or a text that is none.
    package func toldNumber<Number: FixedWidthInteger>(_ key: String) throws(JSONError) -> Number? {
        guard let node = try optional(key) else { return nil }
        if case .string = node.value { return try? node.hexadecimal() }
        return try node.hexadecimal()
    }

    /// This value as the cookie of an interleave set; nil where it is not told.
    ///
    /// An ndctl built against an older json-c prints it as a signed number, and `-u` prints every cookie from 2^63 on as
    /// the largest signed number (util/json.c `display_hex` reads it with `json_object_get_int64`).
    package func interleaveSetID() throws(JSONError) -> UInt64? {
        if case .integer(let number) = value, let signed = Int64(exactly: number) {
            return UInt64(bitPattern: signed)
        }
        guard case .string = value else { return try hexadecimal() }
        let cookie: UInt64? = try? hexadecimal()
        return cookie == UInt64(Int64.max) ? nil : cookie
    }

    /// The numbers of bytes that this value can mean: one for an integer, or a range with `-u` for a text such as
    /// `"1.00 GiB (1.07 GB)"`.
    package func printedRange(_ limits: inout Set<InventoryLimit>) throws(JSONError) -> ClosedRange<UInt64> {
        guard case .string(let text) = value else {
            let size = try size().bytes
            return size...size
        }
        guard let range = PrintedSize(text)?.range, range.upperBound <= Self.maximumSize.bytes else {
            throw error("'\(TerminalText.clean(text))' is no size")
        }
        limits.insert(.roundedSizes)
        return range
    }

    /// This value as a size; with `-u` the roundest that is printed so.
    package func printedSize(_ limits: inout Set<InventoryLimit>) throws(JSONError) -> ByteCount {
        PrintedSize.roundest(try printedRange(&limits))
    }
}

/// A UUID of a listing.
package enum ToldUUID: Equatable {
    /// There is none: the key is missing, or it is the nil UUID.
    case none
    /// There is one, and the text is none (redacted).
    case unreadable
    /// There is this one.
    case told(UUID)

    /// The UUID; nil where it is not told.
    package var value: UUID? {
        guard case .told(let uuid) = self else { return nil }
        return uuid
    }
}

/// A size as `ndctl list -u` prints it, in binary and in decimal units with two decimals (util/json.c
/// `display_size`).
package struct PrintedSize {
    /// The numbers of bytes that are printed so.
    package let range: ClosedRange<UInt64>

    /// Reads a text; nil where it is not one that ndctl prints.
    package init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[2].first == "(", parts[3].last == ")" else { return nil }
        guard let binary = Self.range(parts[0], parts[1], ["MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40]),
            let decimal = Self.range(
                parts[2].dropFirst(), parts[3].dropLast(),
                ["MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000])
        else { return nil }
        let lower = max(binary.lowerBound, decimal.lowerBound)
        let upper = min(binary.upperBound, decimal.upperBound)
        guard lower <= upper else { return nil }
        range = lower...upper
    }

    /// The number of the range with the most zero bits at its end: sizes are multiples of large powers of two.
    package static func roundest(_ range: ClosedRange<UInt64>) -> ByteCount {
        for shift in stride(from: UInt64(50), through: 0, by: -1) {
            let multiple = (range.upperBound >> shift) << shift
            if range.contains(multiple), multiple > 0 { return ByteCount(multiple) }
        }
        return ByteCount(range.lowerBound)
    }

    /// What is printed as "1.07" in a unit: half a hundredth around it.
    private static func range(
        _ number: Substring, _ unit: Substring, _ units: [String: UInt64]
    ) -> ClosedRange<UInt64>? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard let unit = units[String(unit)], parts.count == 2, parts[1].count == 2, parts[0].count <= 9,
            let whole = UInt64(parts[0]), let hundredths = UInt64(parts[1])
        else { return nil }
        let (twice, overflow) = (2 * (whole * 100 + hundredths)).multipliedReportingOverflow(by: unit)
        guard !overflow, twice > unit, twice < .max - unit else { return nil }
        return (twice - unit) / 200...(twice + unit) / 200
    }
}
