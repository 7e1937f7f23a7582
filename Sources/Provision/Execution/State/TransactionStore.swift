import Glibc
import SystemPackage

/// The transactions in a state directory: each a directory with its journal and what it saved.
public struct TransactionStore: Sendable {
    /// The state directory.
    public let directory: StateDirectory

    /// The transactions in a state directory.
    public init(_ directory: StateDirectory) {
        self.directory = directory
    }

    /// The names of all transactions, oldest first.
    public func names() throws(StateError) -> [String] {
        guard directory.exists else { return [] }
        try directory.requirePrivate()
        return try StateDirectory.entries(of: directory.transactions).filter(Self.isName).sorted()
    }

    /// A transaction by its name.
    public func log(_ name: String) throws(StateError) -> TransactionLog {
        guard Self.isName(name), try names().contains(name) else {
            throw StateError(
                .unsuitable, "there is no transaction \(name)", advice: "daxprov history lists them")
        }
        let path = journalPath(name)
        try StateDirectory.requirePrivate(path.removingLastComponent())
        let bytes = try StateFile.contents(path, limit: Journal.maximumLength)
        guard let log = TransactionLog(try Journal.records(in: bytes, path)), log.header.id == name else {
            throw StateError(
                .damaged, "the journal \(path) does not begin as one of \(name), or does not fit together",
                advice: "nothing is done by guess: it was put there by hand, or something else wrote to it")
        }
        return log
    }

    /// Every transaction that began, oldest first.
    public func logs() throws(StateError) -> [TransactionLog] {
        var logs: [TransactionLog] = []
        for name in try names() where try !isEmpty(name) { logs.append(try log(name)) }
        return logs
    }

    /// The transactions that did not end, oldest first. One whose journal never got its first record began nothing.
    public func interrupted() throws(StateError) -> [TransactionLog] {
        try logs().filter { $0.end == nil }
    }

    /// Whether the transaction's journal has no whole record.
    func isEmpty(_ name: String) throws(StateError) -> Bool {
        let path = journalPath(name)
        try StateDirectory.requirePrivate(path.removingLastComponent())
        guard StateDirectory.exists(path) else { return true }
        let bytes = try StateFile.contents(path, limit: Journal.maximumLength)
        return try Journal.records(in: bytes, path).isEmpty
    }

    /// The bytes of a saved file, after checking them.
    func contents(_ name: String, file: String, checksum: UInt32, limit: Int) throws(StateError) -> [UInt8] {
        let path = directory.transactions.appending(name).appending(file)
        let bytes = try StateFile.contents(path, limit: limit)
        guard Checksum.of(bytes) == checksum else {
            throw StateError(
                .damaged, "the backup \(path) is damaged: its checksum is another",
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
    /// removes one of the last `least`. The last transaction, which `rollback` undoes, and every one that did not end are
    /// always kept.
    func prune(
        keeping count: Int = 100, youngerThan age: Int = 365 * 86_400, atLeast least: Int = 20, now: Int
    ) throws(StateError) {
        let names = try names()
        for (index, name) in names.dropLast().enumerated() {
            let isBeyondCount = names.count - index > count
            guard try !isEmpty(name) else {
                try remove(name)
                continue
            }
            let log = try log(name)
            // They are in the order of their times: what follows one that is young enough is younger still.
            let isOld = now.subtractingReportingOverflow(log.header.time).partialValue > age
            guard isBeyondCount || (isOld && names.count - index > least) else { return }
            if log.end != nil { try remove(name) }
        }
    }

    /// Removes what a transaction saved of media.
    func discardMedia(of name: String) throws(StateError) {
        let path = directory.transactions.appending(name)
        for file in try StateDirectory.entries(of: path) where file.hasPrefix(Self.mediaPrefix) {
            unsafe unlink(path.appending(file).string)
        }
    }

    /// How the files begin that hold saved media.
    static let mediaPrefix = "media-"

    private func remove(_ name: String) throws(StateError) {
        let path = directory.transactions.appending(name)
        for file in try StateDirectory.entries(of: path) { unsafe unlink(path.appending(file).string) }
        guard unsafe rmdir(path.string) == 0 else {
            throw StateError(.unusable, "cannot remove \(path): \(StateDirectory.message(errno))")
        }
    }

    /// Whether a name is one that transactions have.
    public static func isName(_ name: String) -> Bool {
        (10...64).contains(name.utf8.count) && name.first?.isNumber == true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}
