public import ProvisionCore
import Glibc
public import SystemPackage
import ProvisionHost

/// The directory that holds the journals and backups: private to its owner, opened without following links.
public struct StateDirectory: Sendable {
    /// Where it is.
    public let path: FilePath

    /// Where the transactions are, a directory each.
    public let transactions: FilePath

    private let trustsParents: Bool

    /// The directory at `path`; it is made when first written to.
    /// - Parameter trustingParents: whether it does not matter who could put another directory in its place.
    public init(_ path: FilePath, trustingParents: Bool = false) {
        self.path = path
        self.transactions = path.appending("transactions")
        self.trustsParents = trustingParents
    }

    /// Makes the directory and `transactions` in it where they are missing, and refuses those that others could
    /// write to or replace.
    public func prepare() throws(OperationError) {
        try prepareAlone()
        try Self.makePrivate(transactions)
    }

    /// Makes the directory itself where it is missing, and refuses one that others could write to or replace.
    public func prepareAlone() throws(OperationError) {
        try requireTrustedWay()
        try Self.makePrivate(path)
    }

    /// Refuses a directory, or `transactions` in it, that others could write to or replace. Makes nothing.
    func requirePrivate() throws(OperationError) {
        try requireTrustedWay()
        try Self.requirePrivate(path)
        try Self.requirePrivate(transactions)
    }

    private func requireTrustedWay() throws(OperationError) {
        var status = stat()
        if unsafe lstat(path.string, &status) != 0, errno == EACCES, geteuid() != 0 {
            throw Self.rootsAlone(path)
        }
        guard !trustsParents, let objection = PathTrust.objection(toWayTo: path) else { return }
        throw OperationError(
            record: .untrusted, "others could replace the state directory \(path): \(objection)",
            advice: "choose another place with --state-dir, below directories of root's")
    }

    /// Whether there is such a directory at all, or something else in its place.
    public var exists: Bool { Self.exists(transactions) }

    /// Whether something has this path: also a link that leads nowhere, and what the caller may not look at.
    public static func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return unsafe lstat(path.string, &status) == 0 || errno != ENOENT
    }

    /// Makes a directory of mode 0700, or checks that the one that is there is one: no link, ours, and closed to
    /// others.
    static func makePrivate(_ path: FilePath) throws(OperationError) {
        if unsafe mkdir(path.string, 0o700) != 0 {
            let code = errno
            guard code == EEXIST else {
                let parent = path.removingLastComponent().string
                throw OperationError(
                    record: .unusable, "cannot make the state directory \(path): \(message(code))",
                    advice: code == ENOENT ? "make \(parent) first" : "choose another with --state-dir")
            }
        }
        try requirePrivate(path)
    }

    /// Refuses what is no directory of ours that is closed to others.
    static func requirePrivate(_ path: FilePath) throws(OperationError) {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else {
            if errno == EACCES, geteuid() != 0 { throw rootsAlone(path) }
            throw OperationError(
                record: .unusable, "cannot look at the state directory \(path): \(message(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw OperationError(
                record: .untrusted, "the state directory \(path) is not a directory (links are not followed)")
        }
        // What is root's is as it should be: the caller is the wrong one.
        if status.st_uid == 0, geteuid() != 0 { throw rootsAlone(path) }
        guard status.st_uid == geteuid() else {
            throw OperationError(
                record: .untrusted,
                "the state directory \(path) belongs to user \(status.st_uid), not to \(geteuid())",
                advice: "chown it, or choose another with --state-dir")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw OperationError(
                record: .untrusted, "the state directory \(path) is open to others",
                advice: "chmod 0700 \(path), after looking for files in it that are not daxprov's")
        }
    }

    private static func rootsAlone(_ path: FilePath) -> OperationError {
        OperationError(
            record: .notPermitted, "cannot look at the state directory \(path): root alone may",
            advice: "run it as root")
    }

    /// The names of what is in a directory, which is not reached through a link.
    static func entries(of path: FilePath) throws(OperationError) -> [String] {
        do throws(Errno) {
            return try DirectoryEntries.names(in: path, O_NOFOLLOW)
        } catch {
            throw OperationError(record: .unusable, "cannot list \(path): \(error)")
        }
    }

    /// Makes what was made or removed in a directory durable.
    static func synchronize(_ path: FilePath) throws(OperationError) {
        let directory: OpenFile
        do throws(Errno) {
            directory = try OpenFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw OperationError(record: .unusable, "cannot open \(path): \(error)")
        }
        do throws(Errno) {
            try directory.synchronize()
        } catch {
            throw OperationError(record: .unusable, "cannot make \(path) durable: \(error)")
        }
    }

    /// The text of an errno.
    static func message(_ code: Int32) -> String { "\(Errno(rawValue: code))" }
}
