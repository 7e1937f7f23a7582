import SystemPackage
import ProvisionCore
import ProvisionHost

/// One transaction being recorded.
struct TransactionWriter: ~Copyable {
    /// The transaction's name.
    let name: String
    private let store: TransactionStore
    private var journal: Journal
    /// The files that are there already, empty, with room for what will be saved in them.
    private var reserved: Set<String> = []

    /// Begins a transaction: nothing of the host has been touched when this returns, and there is room for every record
    /// of it and of its undoing. What is old is removed first.
    static func begin(
        in store: TransactionStore, source: String, before: Observed, plan: Plan, bootID: String? = nil,
        protects: [ProtectedName] = [], isAfterBoot: Bool = false
    ) throws(OperationError) -> TransactionWriter {
        try begin(
            in: store,
            JournalHeader(
                id: "", time: 0, toolVersion: ToolVersion.current, source: source, before: before,
                steps: plan.steps.map { JournalStep($0, of: plan) }, bootID: bootID, protects: protects,
                proves: plan.proofs.map(RecordedProof.init), isAfterBoot: isAfterBoot))
    }

    /// The same of what a header says, which gets its name and time here.
    static func begin(
        in store: TransactionStore, _ header: JournalHeader
    ) throws(OperationError) -> TransactionWriter {
        try store.directory.prepare()
        let now = UTCTime.now
        try store.prune(now: now)
        let name = try TransactionName.next(after: try store.lastName(), at: now).description
        let path = store.directory.transactions.appending(name)
        try StateDirectory.makePrivate(path)
        try StateDirectory.synchronize(store.directory.transactions)
        var header = header
        (header.id, header.time) = (name, now)
        let journal = try Journal.create(store.journalPath(name), header)
        store.announce(.begin(header), of: name)
        try journal.reserve(room + roomForStep * header.steps.count + 3 * journal.length)
        return TransactionWriter(name: name, store: store, journal: journal)
    }

    /// What a journal needs beside its steps and observations, and for a step and its undoing: several times what they
    /// take, since both contain error texts.
    private static let room = 64 << 10, roomForStep = 8 << 10

    /// Goes on with a transaction that was interrupted.
    static func resume(_ name: String, in store: TransactionStore) throws(OperationError) -> TransactionWriter
    {
        TransactionWriter(name: name, store: store, journal: try .reopen(store.journalPath(name)))
    }

    private init(name: String, store: TransactionStore, journal: consuming Journal) {
        self.name = name
        self.store = store
        self.journal = journal
    }

    /// Appends a record, durably.
    mutating func append(_ record: JournalRecord) throws(OperationError) {
        try journal.append(record)
        store.announce(record, of: name)
    }

    /// Makes sure that there is room for a file that will be saved.
    mutating func reserve(_ length: ByteCount, for file: String) throws(OperationError) {
        try StateFile.create(path(of: file)).reserve(Int(length.bytes))
        reserved.insert(file)
    }

    /// Gives room back that is not needed any more once the end is recorded: what was reserved, and after an undo, which is
    /// never undone itself, what was saved of media. What cannot be given back now goes with the transaction.
    func giveBack(after end: TransactionEnd) {
        try? journal.releaseReserve()
        if end == .rolledBack { try? store.discardMedia(of: name) }
    }

    private func path(of file: String) -> FilePath {
        store.directory.transactions.appending(name).appending(file)
    }

    /// Saves bytes in a file of the transaction, durably, and returns their checksum.
    func save(_ bytes: [UInt8], as file: String) throws(OperationError) -> UInt32 {
        let path = path(of: file)
        let target = try reserved.contains(file) ? StateFile.append(path) : .create(path)
        try target.write(bytes)
        try target.synchronize()
        try StateDirectory.synchronize(path.removingLastComponent())
        return Checksum.of(bytes)
    }
}
