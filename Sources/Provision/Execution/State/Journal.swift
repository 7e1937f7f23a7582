import SystemPackage
import ProvisionCore
import ProvisionHost

/// The append-only record of one transaction: a line a record, each durable before what it announces happens.
///
/// A line is the CRC-32C of what follows in eight hexadecimal digits, a space, and one line of JSON with its sequence
/// number. A torn last line was never acted on, so it is ignored; anything else that does not check is damage.
struct Journal: ~Copyable {
    private let file: StateFile
    private var sequence: Int
    /// The length of its whole records, in bytes.
    private(set) var length: Int
    /// Whether an append failed whose rest is still there.
    private var isUnfinished = false

    /// A new journal.
    static func create(_ path: FilePath, _ header: JournalHeader) throws(OperationError) -> Journal {
        var journal = Journal(file: try .create(path), sequence: 0, length: 0)
        try journal.append(.begin(header))
        try StateDirectory.synchronize(path.removingLastComponent())
        return journal
    }

    /// An existing journal, to go on with behind its last whole record: a torn tail is cut off.
    static func reopen(_ path: FilePath) throws(OperationError) -> Journal {
        let contents = try StateFile.contents(path, limit: Journal.maximumLength)
        let (entries, length) = try parse(contents, Place(path))
        let file = try StateFile.append(path)
        if length < contents.count { try file.truncate(to: length) }
        return Journal(file: file, sequence: entries.count, length: length)
    }

    private init(file: consuming StateFile, sequence: Int, length: Int) {
        self.file = file
        self.sequence = sequence
        self.length = length
    }

    /// Appends a record, and returns when it is durable.
    mutating func append(_ record: JournalRecord) throws(OperationError) {
        let text = record.json(sequence: sequence, time: UTCTime.now)
        let line = CheckedLine.bytes(text)
        guard Self.entry(Array(text.utf8)[...], sequence: sequence) != nil else {
            throw OperationError(
                record: .unusable,
                "a record of the journal would not read back: the host shows an impossible value",
                advice: "compare daxprov inventory --json with ndctl list -v")
        }
        try discardUnfinished()
        do throws(OperationError) {
            try file.write(line)
            try file.synchronize()
        } catch {
            isUnfinished = true
            try? discardUnfinished()
            throw error
        }
        sequence += 1
        length += line.count
    }

    /// Cuts off what an append left that failed: whole or not, it is not known to be durable, and was not acted upon.
    private mutating func discardUnfinished() throws(OperationError) {
        guard isUnfinished else { return }
        try file.truncate(to: length)
        isUnfinished = false
    }

    /// Reserves room for so many more bytes.
    func reserve(_ length: Int) throws(OperationError) { try file.reserve(length) }

    /// Gives reserved room back that was not needed.
    func releaseReserve() throws(OperationError) { try file.releaseReserve() }

    /// A record, with the time at which it was written, in seconds since 1970; nil where it does not tell.
    typealias Entry = (record: JournalRecord, time: Int?)

    /// Where a journal is, for errors.
    struct Place {
        let path: FilePath

        init(_ path: FilePath) {
            self.path = path
        }

        /// Damage at a line, which counts from 1.
        func damage(_ line: Int) -> OperationError {
            OperationError(record: .damaged, "the journal \(path) is damaged at line \(line)")
        }
    }

    /// The records of a journal's bytes, with their times.
    static func entries(in bytes: [UInt8], _ path: FilePath) throws(OperationError) -> [Entry] {
        try parse(bytes, Place(path)).entries
    }

    /// The texts of a journal's whole records, their checksums checked.
    static func texts(in bytes: [UInt8], _ place: Place) throws(OperationError) -> [ArraySlice<UInt8>] {
        try lines(of: bytes, place).texts
    }

    private static func parse(
        _ bytes: [UInt8], _ place: Place
    ) throws(OperationError) -> (entries: [Entry], length: Int) {
        let (texts, length) = try lines(of: bytes, place)
        var entries: [Entry] = []
        for (number, text) in texts.enumerated() {
            guard let entry = entry(text, sequence: number) else { throw place.damage(number + 1) }
            entries.append(entry)
        }
        return (entries, length)
    }

    /// The texts of the whole records, and where the last of them ends. What follows the last line break was never acted
    /// on, nor was a last line with zeroes in it: blocks of it never reached the disk, so its append did not return.
    private static func lines(
        of bytes: [UInt8], _ place: Place
    ) throws(OperationError) -> (texts: [ArraySlice<UInt8>], length: Int) {
        var length = end(of: bytes[...])
        let last = bytes[end(of: bytes[..<max(0, length - 1)])..<length]
        if last.contains(0) { length = last.startIndex }
        var texts: [ArraySlice<UInt8>] = []
        for (number, line) in bytes[..<length].split(separator: newline).enumerated() {
            guard let text = CheckedLine.text(line) else { throw place.damage(number + 1) }
            texts.append(text)
        }
        return (texts, length)
    }

    /// Where the last whole line ends.
    private static func end(of bytes: ArraySlice<UInt8>) -> Int {
        bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
    }

    /// The record that a text describes; nil where it is none with that number.
    static func entry(_ text: ArraySlice<UInt8>, sequence: Int) -> Entry? {
        do throws(JSONError) {
            let cursor = JSONCursor(try JSONValue(parsing: Array(text)))
            guard try cursor.required("seq").integer() == sequence else { return nil }
            return (try JournalRecord(cursor), try cursor.optional("time")?.integer())
        } catch {
            return nil
        }
    }

    /// More than any journal has.
    static let maximumLength = 256 << 20

    private static let newline = UInt8(ascii: "\n")
}
