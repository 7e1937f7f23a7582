import Glibc
public import SystemPackage
public import ProvisionCore
import ProvisionHost

/// The transactions in a state directory: each a directory with its journal and what it saved.
public struct TransactionStore: Sendable {
    /// The state directory.
    public let directory: StateDirectory

    private let announcer: TransactionAnnouncer?

    /// The transactions in a state directory.
    /// - Parameter announcer: who is told of their beginnings and ends; nil: nobody.
    public init(_ directory: StateDirectory, announcer: TransactionAnnouncer? = nil) {
        self.directory = directory
        self.announcer = announcer
    }

    /// Tells the announcer of a record that was written.
    func announce(_ record: JournalRecord, of name: String) {
        announcer?.announce(record, of: name) { try? outline(name) }
    }

    /// Tells the announcer of a wipe that begins or has ended.
    func announce(_ wipe: WipeRecord, _ what: String, _ event: String) {
        announcer?.announce(wipe, what, event)
    }

    /// The names of all transactions, oldest first.
    public func names() throws(OperationError) -> [String] {
        guard directory.exists else { return [] }
        try directory.requirePrivate()
        return try StateDirectory.entries(of: directory.transactions).compactMap { TransactionName($0) }
            .sorted().map(\.description)
    }

    /// The name of the youngest transaction, those that were set aside included; nil where there is none.
    func lastName() throws(OperationError) -> TransactionName? {
        (try names() + setAsideNames()).compactMap { TransactionName($0) }.max()
    }

    /// The name of the transaction that somebody means: its whole name, its number (with or without the zeroes before
    /// it), or as much of the beginning as no other has.
    public func name(meant text: String) throws(OperationError) -> String {
        let meant = TransactionName.meant(by: text, among: try names())
        guard let name = meant.first else {
            throw OperationError(
                record: .unsuitable, "there is no transaction \(text)", advice: "daxprov history lists them")
        }
        guard meant.count == 1 else {
            throw OperationError(
                record: .unsuitable,
                "\(text) can mean \(meant.count) transactions: \(meant.joined(separator: ", "))",
                advice: "write more of the name")
        }
        return name
    }

    /// A transaction by its name.
    public func log(_ name: String) throws(OperationError) -> TransactionLog {
        let entries = try entries(name)
        guard !entries.isEmpty else { throw Self.neverBegan(name) }
        guard let log = TransactionLog(entries), log.header.id == name else { throw mismatch(name) }
        return log
    }

    /// A transaction as far as reports show it, without the inventories in its journal. Nothing can be undone from
    /// that.
    public func outline(_ name: String) throws(OperationError) -> TransactionLog {
        let log = try advising(name) { () throws(OperationError) in
            let journal = try journal(name)
            guard StateDirectory.exists(journal) else { return TransactionLog?.none }
            return try JournalOutline.log(of: bytes(journal), Journal.Place(journal))
        }
        if log == nil, try summary(name) == nil { throw Self.neverBegan(name) }
        guard let log, log.header.id == name else { throw mismatch(name) }
        return log
    }

    /// Every transaction that began, oldest first, those that cannot be read included: without their inventories.
    public func readings() throws(OperationError) -> [TransactionReading] {
        var readings: [TransactionReading] = []
        for name in try names() {
            if let reading = reading(name) { readings.append(reading) }
        }
        return readings
    }

    /// A transaction as far as it can be read; nil where it began nothing: its journal never got its first record.
    private func reading(_ name: String) -> TransactionReading? {
        do throws(OperationError) {
            guard let summary = try summary(name) else { return nil }
            return .readable(summary)
        } catch {
            return .unreadable(UnreadableTransaction(name: name, error: error, header: header(name)))
        }
    }

    /// What a transaction's journal says of it as a whole; nil where it has no whole record.
    func summary(_ name: String) throws(OperationError) -> TransactionSummary? {
        let summary = try advising(name) { () throws(OperationError) in
            let journal = try journal(name)
            guard StateDirectory.exists(journal) else { return TransactionSummary?.none }
            return try JournalOutline.summary(of: bytes(journal), Journal.Place(journal))
        }
        guard let summary else { return nil }
        guard summary.id == name else { throw mismatch(name) }
        return summary
    }

    /// The first record of a journal that cannot be read as a whole; nil where not even that can be.
    private func header(_ name: String) -> JournalHeader? {
        guard let journal = try? journal(name), let bytes = try? bytes(journal),
            let line = bytes.split(separator: 10, maxSplits: 1).first
        else { return nil }
        let entries = try? Journal.entries(in: line + [10], journal)
        guard case .begin(let header)? = entries?.first?.record, header.id == name else { return nil }
        return header
    }

    /// The transactions that cannot be read, oldest first.
    public func unreadable() throws(OperationError) -> [UnreadableTransaction] {
        Self.unreadable(among: try readings())
    }

    /// Those of transactions that cannot be read.
    static func unreadable(among readings: [TransactionReading]) -> [UnreadableTransaction] {
        readings.compactMap { if case .unreadable(let transaction) = $0 { transaction } else { nil } }
    }

    /// The transactions that can be read and did not end, oldest first. Of those that cannot be read (``unreadable()``)
    /// it is not known whether they did.
    public func interrupted() throws(OperationError) -> [TransactionLog] {
        try interrupted(among: try readings())
    }

    /// Those of transactions that can be read and did not end, in their order.
    func interrupted(among readings: [TransactionReading]) throws(OperationError) -> [TransactionLog] {
        var logs: [TransactionLog] = []
        for reading in readings {
            guard let summary = reading.summary, summary.end == nil else { continue }
            logs.append(try log(summary.id))
        }
        return logs
    }

    /// The name of the youngest transaction; nil where there is none, or it cannot be seen.
    public var youngest: String? { (try? names())?.last }

    /// The youngest transaction, where another was the youngest before; nil where none was added, or it cannot be read.
    public func youngest(after earlier: String?) -> TransactionLog? {
        guard let youngest, youngest != earlier else { return nil }
        return try? log(youngest)
    }

    /// The transaction that somebody wants to undo, or the last that can be, with those after it, which are told without
    /// their inventories.
    public func undoable(_ text: String?) throws(OperationError) -> (
        log: TransactionLog, later: [TransactionLog]
    ) {
        let readings = try readings()
        let youngest = readings.compactMap(\.summary).last { $0.end == .committed || $0.end == .incomplete }
        if text == nil, let youngest, youngest.clearsErrors {
            throw OperationError(
                record: .unsuitable,
                "the last transaction, \(youngest.id), \(MediaErrorClearing.irreversibility)",
                advice: "to undo an earlier one, name it: daxprov history lists them")
        }
        let last = readings.compactMap(\.summary).last { summary in
            guard summary.end == .committed || summary.end == .incomplete else { return false }
            return !summary.isAfterBoot || (try? outline(summary.id))?.header.restoresDivisions != true
        }
        guard
            let name = try text.map({ text throws(OperationError) in try self.name(meant: text) }) ?? last?.id
        else {
            throw OperationError(
                record: .unsuitable, "there is no transaction to undo", advice: "daxprov history lists them")
        }
        var later: [TransactionLog] = []
        for summary in readings.reversed().prefix(while: { $0.name != name }).compactMap(\.summary) {
            // One that still holds is compared by its regions, which its inventory tells.
            let holds = summary.end != .rolledBack && summary.end != .abandoned
            later.append(try holds ? log(summary.id) : outline(summary.id))
        }
        return (try log(name), later.reversed())
    }

    /// Where the journal of a transaction is, whose directory others could not have written to.
    private func journal(_ name: String) throws(OperationError) -> FilePath {
        let folder = directory.transactions.appending(name)
        try StateDirectory.requirePrivate(folder)
        return folder.appending("journal")
    }

    private func bytes(_ journal: FilePath) throws(OperationError) -> [UInt8] {
        try StateFile.contents(journal, limit: Journal.maximumLength)
    }

    private func entries(_ name: String) throws(OperationError) -> [Journal.Entry] {
        guard try names().contains(name) else {
            throw OperationError(
                record: .unsuitable, "there is no transaction \(name)", advice: "daxprov history lists them")
        }
        return try advising(name) { () throws(OperationError) in
            let journal = try journal(name)
            guard StateDirectory.exists(journal) else { return [] }
            return try Journal.entries(in: bytes(journal), journal)
        }
    }

    /// What `body` reads of a transaction; where that fails, what to do is said too.
    private func advising<Value>(
        _ name: String, _ body: () throws(OperationError) -> Value
    ) throws(OperationError) -> Value {
        do throws(OperationError) {
            return try body()
        } catch {
            var error = error
            error.advice = Self.advice(name)
            throw error
        }
    }

    /// The error of a transaction whose journal has no record: its program died before the first one was there.
    private static func neverBegan(_ name: String) -> OperationError {
        OperationError(
            record: .unsuitable, "the transaction \(name) never began: nothing was touched for it",
            advice: "daxprov history lists those that did")
    }

    private func mismatch(_ name: String) -> OperationError {
        OperationError(
            record: .damaged, "the journal \(journalPath(name)) is not one of \(name), or contradicts itself",
            advice: Self.advice(name))
    }

    /// What to do about a transaction that cannot be read.
    private static func advice(_ name: String) -> String {
        "nothing is guessed: \(waySetAside(name))"
    }

    /// How to go on without a transaction that cannot be read.
    /// - Parameter option: the option that names its state directory, with a space before it; empty for the usual one.
    static func waySetAside(_ name: String, _ option: String = "") -> String {
        "compare daxprov inventory with what was intended, and where the host is as it should be, "
            + "set the transaction aside: daxprov recover --abandon \(name)\(option)"
    }

    /// The bytes of a saved file, after checking them.
    func contents(_ name: String, file: String, checksum: UInt32, limit: Int) throws(OperationError)
        -> [UInt8]
    {
        let path = directory.transactions.appending(name).appending(file)
        let bytes = try StateFile.contents(path, limit: limit)
        guard Checksum.of(bytes) == checksum else {
            throw OperationError(
                record: .damaged, "the backup \(path) is damaged: its checksum is another",
                advice: "it is not written back; what it saved cannot be restored by daxprov")
        }
        return bytes
    }

    /// Where the journal of a transaction is.
    func journalPath(_ name: String) -> FilePath {
        directory.transactions.appending(name).appending("journal")
    }

    /// Removes the oldest transactions: those that ended or never began, of which more than `count` are younger, or which
    /// are older than `age` seconds while more than `least` are younger. A clock can be wrong by years, so age alone never
    /// removes one of the last `least`. The last transaction, which `rollback` undoes, and every one that did not end or
    /// cannot be read are always kept.
    func prune(
        keeping count: Int = 100, youngerThan age: Int = 365 * 86_400, atLeast least: Int = 20, now: Int
    ) throws(OperationError) {
        let names = try names()
        // What boots put back must not push out the last transaction that somebody wanted.
        let last = names.last { self.reading($0)?.isSomebodysOwn == true }
        for (index, name) in names.dropLast().enumerated() where name != last {
            let isBeyondCount = names.count - index > count
            switch reading(name) {
            case nil: try remove(name)
            case .unreadable: continue
            case .readable(let summary):
                let (elapsed, overflows) = now.subtractingReportingOverflow(summary.time)
                let isOld = !overflows && elapsed > age
                // They are in the order of their times: what follows one that is young enough is younger still.
                guard isBeyondCount || (isOld && names.count - index > least) else { return }
                if summary.end != nil { try remove(name) }
            }
        }
    }

    /// Removes what a transaction saved of media.
    func discardMedia(of name: String) throws(OperationError) {
        let path = directory.transactions.appending(name)
        for file in try StateDirectory.entries(of: path) where file.hasPrefix(Self.mediaPrefix) {
            unsafe unlink(path.appending(file).string)
        }
    }

    /// How the files begin that hold saved media.
    static let mediaPrefix = "media-"

    private func remove(_ name: String) throws(OperationError) {
        let path = directory.transactions.appending(name)
        for file in try StateDirectory.entries(of: path) { unsafe unlink(path.appending(file).string) }
        guard unsafe rmdir(path.string) == 0 else {
            throw OperationError(record: .unusable, "cannot remove \(path): \(StateDirectory.message(errno))")
        }
    }
}

extension TransactionStore {
    /// Whether a text can mean a transaction: it is the name of one, the beginning of one, or a number.
    public static func canMean(_ text: String) -> Bool { TransactionName.canMean(text) }
}

/// Transactions that could not be read, and that somebody gave up: moved away as they are, whatever they are.
extension TransactionStore {
    /// Where they are.
    private var aside: FilePath { directory.path.appending("set-aside") }

    /// The names of the transactions that were set aside, oldest first.
    public func setAsideNames() throws(OperationError) -> [String] {
        guard StateDirectory.exists(aside) else { return [] }
        try StateDirectory.requirePrivate(aside)
        return try StateDirectory.entries(of: aside).compactMap { TransactionName($0) }.sorted()
            .map(\.description)
    }

    /// Moves a transaction that cannot be read out of the way, durably and as it is: nothing in it is followed or believed.
    /// - Returns: where it is now.
    public func setAside(_ name: String) throws(OperationError) -> FilePath {
        guard try names().contains(name) else {
            throw OperationError(
                record: .unsuitable, "there is no transaction \(name)", advice: "daxprov history lists them")
        }
        try StateDirectory.makePrivate(aside)
        let target = aside.appending(name)
        guard !StateDirectory.exists(target) else {
            throw OperationError(
                record: .unusable, "cannot set \(name) aside: \(target) is there already",
                advice: "move that away first")
        }
        guard unsafe rename(directory.transactions.appending(name).string, target.string) == 0 else {
            throw OperationError(
                record: .unusable, "cannot set \(name) aside: \(StateDirectory.message(errno))")
        }
        try StateDirectory.synchronize(aside)
        try StateDirectory.synchronize(directory.transactions)
        try StateDirectory.synchronize(directory.path)
        announcer?.announceSettingAside(of: name)
        return target
    }
}
