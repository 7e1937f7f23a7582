import ProvisionCore

/// Reading a journal without the inventories in it. Each line's checksum and number are checked all the same.
///
/// The inventory is the last member of the record that holds it (`begin`: before, `end`: after), so that the text before
/// it is the rest of the record. Its key, with the comma before it, stands nowhere else there: inside of a JSON string a
/// quote has a backslash before it.
enum JournalOutline {
    /// The transaction's summary; nil where the journal has no whole record.
    static func summary(of bytes: [UInt8], _ place: Journal.Place) throws(OperationError)
        -> TransactionSummary?
    {
        var summary: TransactionSummary?
        for (number, text) in try Journal.texts(in: bytes, place).enumerated() {
            if number == 0 {
                guard let header = header(text) else { throw place.damage(1) }
                summary = header
            } else if !isPassedOver(text) {
                guard let (record, time) = record(text, sequence: number) else {
                    throw place.damage(number + 1)
                }
                summary?.add(record, at: time)
            }
        }
        return summary
    }

    /// What the first record says, its steps counted.
    private static func header(_ text: ArraySlice<UInt8>) -> TransactionSummary? {
        guard let cut = position(of: stepsKey, in: text) else { return nil }
        let end = position(of: beforeKey, in: text[cut...]) ?? text.endIndex
        do throws(JSONError) {
            let cursor = JSONCursor(try JSONValue(parsing: text[..<cut] + [UInt8(ascii: "}")]))
            guard try cursor.required("seq").integer() == 0,
                try cursor.required("record").string() == "begin",
                JournalHeader.formats.contains(try cursor.required("format_version").integer())
            else { return nil }
            return TransactionSummary(
                id: try cursor.required("id").string(), time: try cursor.required("time").integer(),
                source: try cursor.required("profile").string(),
                stepCount: count(of: stepKey, in: text[cut..<end]),
                isAfterBoot: try cursor.optional("after_boot")?.bool() ?? false,
                clearsErrors: try cursor.optional("clears_errors")?.bool() ?? false,
                proofs: try cursor.list("proves") { item throws(JSONError) in try RecordedProof(item) })
        } catch {
            return nil
        }
    }

    private static func count(of key: [UInt8], in text: ArraySlice<UInt8>) -> Int {
        var count = 0
        var start = text.startIndex
        while let brace = text[start...].firstIndex(of: key[0]) {
            if text[brace...].starts(with: key) { count += 1 }
            start = brace + 1
        }
        return count
    }

    /// The transaction as far as reports show it: its ``TransactionLog/after`` is missing and the inventory in its
    /// header is empty. Nothing can be undone from that.
    static func log(of bytes: [UInt8], _ place: Journal.Place) throws(OperationError) -> TransactionLog? {
        var entries: [Journal.Entry] = []
        for (number, text) in try Journal.texts(in: bytes, place).enumerated() {
            guard let entry = record(text, sequence: number) else { throw place.damage(number + 1) }
            entries.append(entry)
        }
        return TransactionLog(entries)
    }

    /// Whether the line is of a kind that a summary says nothing about. One that is not as the journal writes it is looked
    /// at in full.
    private static func isPassedOver(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: sequenceKey) else { return false }
        let rest = text.dropFirst(sequenceKey.count).drop { (0x30...0x39).contains($0) }
        return passedOver.contains { rest.starts(with: $0) }
    }

    private static func record(_ text: ArraySlice<UInt8>, sequence: Int) -> Journal.Entry? {
        let isFirst = sequence == 0
        guard let cut = position(of: isFirst ? beforeKey : afterKey, in: text) else {
            return Journal.entry(text, sequence: sequence)
        }
        let rest = isFirst ? Array(emptyBefore.utf8) : [UInt8(ascii: "}")]
        return Journal.entry((text[..<cut] + rest)[...], sequence: sequence)
    }

    private static func position(of key: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        var start = text.startIndex
        while let first = text[start...].firstIndex(of: key[0]) {
            if text[first...].starts(with: key) { return first }
            start = first + 1
        }
        return nil
    }

    private static let sequenceKey = Array(#"{"seq":"#.utf8)
    private static let stepsKey = Array(#","steps":["#.utf8)
    private static let stepKey = Array(#"{"action":"#.utf8)
    private static let beforeKey = Array(#","before":"#.utf8)
    private static let afterKey = Array(#","after":"#.utf8)
    private static let emptyBefore =
        #","before":"# + InventoryReport(Observed(buses: [])).document.text(.compact) + "}"
    private static let passedOver = [
        "labels", "range", "sample", "look", "expected", "intent", "done", "accounted", "placeholder",
        "returned", "labels_restored",
    ]
    .map { Array(#","record":"\#($0)""#.utf8) }
}
