import Glibc
import SystemPackage

/// One transaction being recorded.
struct TransactionWriter: ~Copyable {
    /// The transaction's name.
    let name: String
    private let store: TransactionStore
    private var journal: Journal

    /// Begins a transaction: nothing of the host has been touched when this returns, and a place for everything that
    /// it will save is known to be writable.
    static func begin(
        in store: TransactionStore, source: String, before: Observed, plan: Plan
    ) throws(StateError) -> TransactionWriter {
        try store.directory.prepare()
        let now = Int(time(nil))
        let name = Self.name(at: now, after: try store.names().last)
        let path = store.directory.transactions.appending(name)
        try StateDirectory.makePrivate(path)
        try StateDirectory.synchronize(store.directory.transactions)
        let header = JournalHeader(
            id: name, time: now, toolVersion: ToolVersion.current, source: source, before: before,
            steps: plan.steps.map { JournalStep($0, of: plan) })
        return TransactionWriter(
            name: name, store: store, journal: try .create(store.journalPath(name), header))
    }

    /// Goes on with a transaction that was interrupted.
    static func resume(_ name: String, in store: TransactionStore) throws(StateError) -> TransactionWriter {
        TransactionWriter(name: name, store: store, journal: try .reopen(store.journalPath(name)))
    }

    private init(name: String, store: TransactionStore, journal: consuming Journal) {
        self.name = name
        self.store = store
        self.journal = journal
    }

    /// Appends a record, durably.
    mutating func append(_ record: JournalRecord) throws(StateError) {
        try journal.append(record)
    }

    /// Saves bytes in a file of the transaction, durably, and returns their checksum.
    func save(_ bytes: [UInt8], as file: String) throws(StateError) -> UInt32 {
        let directory = store.directory.transactions.appending(name)
        let target = try StateFile.create(directory.appending(file))
        try target.write(bytes)
        try target.synchronize()
        try StateDirectory.synchronize(directory)
        return Checksum.of(bytes)
    }

    /// "000012-20261122T133000Z": sorts by the number, which grows whatever the clock does.
    private static func name(at now: Int, after last: String?) -> String {
        var seconds = time_t(now)
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let date =
            unsafe digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2)
        let clock = unsafe digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2)
        let number = last.flatMap { Int32($0.prefix { $0 != "-" }) } ?? 0
        return "\(digits(number + 1, 6))-\(date)T\(clock)Z"
    }
}
