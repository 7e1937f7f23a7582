import ProvisionCore

/// A transaction's name, such as `000012-20261122T133000Z`: a number, and the time in UTC at which it began.
///
/// The number gives the order. It grows whatever the clock does.
struct TransactionName: Comparable, CustomStringConvertible {
    /// The number.
    let number: Int
    /// The whole name.
    let description: String

    /// The name in a text; nil where the text is not one. What has another name is no transaction of ours.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength, let dash = bytes.firstIndex(of: UInt8(ascii: "-")),
            (6...Self.maximumDigits).contains(dash), let number = Self.number(bytes[..<dash]),
            Self.isTime(bytes[(dash + 1)...])
        else { return nil }
        self.number = number
        description = text
    }

    /// The name of the transaction that begins at a time, in seconds since 1970, after those that there are.
    static func next(after last: TransactionName?, at time: Int) throws(OperationError) -> TransactionName {
        let digits = String((last?.number ?? 0) + 1)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        guard let name = TransactionName("\(padded)-\(UTCTime(clamping: time).compact)") else {
            throw OperationError(
                record: .unusable,
                "cannot name a transaction after \(last?.description ?? "none"): no number is left",
                advice: "somebody made that directory by hand; move it out of the state directory")
        }
        return name
    }

    static func < (left: TransactionName, right: TransactionName) -> Bool {
        (left.number, left.description) < (right.number, right.description)
    }

    /// The names among these that a person can mean by a text: the one that it is, else those with it as their number,
    /// zeroes before it or not, else those that begin with it.
    static func meant(by text: String, among names: [String]) -> [String] {
        if names.contains(text) { return [text] }
        if let number = number(Array(text.utf8)[...]) {
            let numbered = names.filter { TransactionName($0)?.number == number }
            if !numbered.isEmpty { return numbered }
        }
        return text.isEmpty ? [] : names.filter { $0.hasPrefix(text) }
    }

    /// Whether a text can be a name, or a shortened one: a number, or the beginning of a name.
    static func canMean(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= maximumLength else { return false }
        let dash = bytes.firstIndex(of: UInt8(ascii: "-")) ?? bytes.count
        return number(bytes[..<dash]) != nil && bytes[dash...].dropFirst().allSatisfy(isPartOfTime)
    }

    private static let maximumLength = 64
    /// So many that one more than any number fits in 64 bits.
    private static let maximumDigits = 18

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...maximumDigits).contains(digits.count), digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// Whether these are "YYYYMMDDTHHMMSSZ", with a year of four digits or more.
    private static func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "T"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count >= 8, parts[0].allSatisfy(isDigit), parts[1].count == 7 else {
            return false
        }
        return parts[1].last == UInt8(ascii: "Z") && parts[1].dropLast().allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isPartOfTime(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "T") || byte == UInt8(ascii: "Z")
    }
}
