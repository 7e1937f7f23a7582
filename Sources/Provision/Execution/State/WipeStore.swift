public import ProvisionCore

/// The recorded wipes: a file each, in the directory `wipes` of the state directory.
public struct WipeStore: Sendable {
    private let records: StateRecords<WipeRecord>
    private let store: TransactionStore

    /// The wipes in a state directory.
    public init(_ store: TransactionStore) {
        self.store = store
        records = StateRecords(store.directory, "wipes")
    }

    /// How many that ended are kept.
    private static let kept = 100

    /// The wipes, in the order in which they began. One whose record is damaged is left out: it can only begin anew.
    public func all() throws(OperationError) -> [WipeRecord] {
        try records.found().records.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    }

    /// The wipes that did not end.
    public func unfinished() throws(OperationError) -> [WipeRecord] { try all().filter { $0.end == nil } }

    /// Whether a word is the name of a wipe, or of none, rather than of a transaction.
    public static func canMean(_ text: String) -> Bool { text.hasPrefix("wipe-") }

    /// The wipe that a person means: by its name.
    public func wipe(_ text: String) throws(OperationError) -> WipeRecord {
        let found = try all().filter { $0.id == text }
        guard let wipe = found.first, found.count == 1 else {
            throw OperationError(
                record: .unsuitable, "there is no wipe \(text)", advice: "daxprov history lists them")
        }
        return wipe
    }

    /// Gives up a wipe that did not end: what it did not zero stays as it is.
    public func abandon(_ wipe: WipeRecord, at time: Int) throws(OperationError) {
        guard wipe.end == nil else {
            throw OperationError(record: .unsuitable, "\(wipe.id) has ended: there is nothing to give up")
        }
        try end(wipe, .abandoned, at: time)
    }

    /// The time now, in seconds since 1970.
    public static var now: Int { UTCTime.now }

    /// Writes a record, durably.
    func write(_ record: WipeRecord) throws(OperationError) {
        try records.write([record])
    }

    /// Records the beginning of a wipe, and forgets the oldest that ended.
    func begin(_ record: WipeRecord) throws(OperationError) {
        try write(record)
        store.announce(record, "begins", "begin")
        // The wipe has begun: what is not forgotten now is forgotten with the next one.
        let ended = ((try? all()) ?? []).filter { $0.end != nil }
        for old in ended.dropLast(Self.kept) { try? records.remove(old.key) }
    }

    /// Records the end of a wipe.
    func end(_ record: WipeRecord, _ end: WipeRecord.End, at time: Int) throws(OperationError) {
        var record = record
        record.end = end
        record.ended = time
        try write(record)
        store.announce(record, end == .wiped ? "is done" : "is given up", "end")
    }
}
