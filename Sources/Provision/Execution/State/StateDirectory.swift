import Glibc
public import SystemPackage

/// The directory that holds the journals and backups: private to its owner, opened without following links.
public struct StateDirectory: Sendable {
    /// Where it is.
    public let path: FilePath

    /// The directory at `path`; it is made when first written to.
    public init(_ path: FilePath) {
        self.path = path
    }

    /// Makes the directory and `transactions` in it where they are missing, and refuses those that others could
    /// write to.
    public func prepare() throws(StateError) {
        try Self.makePrivate(path)
        try Self.makePrivate(transactions)
    }

    /// Makes the directory itself where it is missing, and refuses one that others could write to.
    public func prepareAlone() throws(StateError) {
        try Self.makePrivate(path)
    }

    /// Where the transactions are, a directory each.
    public var transactions: FilePath { path.appending("transactions") }

    /// Whether there is such a directory at all.
    public var exists: Bool { unsafe access(transactions.string, F_OK) == 0 }

    /// Makes a directory of mode 0700, or checks that the one that is there is one: no link, ours, and closed to
    /// others.
    static func makePrivate(_ path: FilePath) throws(StateError) {
        if unsafe mkdir(path.string, 0o700) != 0 {
            let code = errno
            guard code == EEXIST else {
                let parent = path.removingLastComponent().string
                throw StateError(
                    .unusable, "cannot make the state directory \(path): \(message(code))",
                    advice: code == ENOENT ? "make \(parent) first" : "choose another with --state-dir")
            }
        }
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else {
            throw StateError(.unusable, "cannot look at the state directory \(path): \(message(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StateError(
                .untrusted, "the state directory \(path) is not a directory (links are not followed)")
        }
        guard status.st_uid == geteuid() else {
            throw StateError(
                .untrusted,
                "the state directory \(path) belongs to user \(status.st_uid), not to \(geteuid())",
                advice: "chown it, or choose another with --state-dir")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw StateError(
                .untrusted, "the state directory \(path) is open to others",
                advice: "chmod 0700 \(path), after looking for files in it that are not daxprov's")
        }
    }

    /// Makes what was made or removed in a directory durable.
    static func synchronize(_ path: FilePath) throws(StateError) {
        let descriptor = unsafe open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw StateError(.unusable, "cannot open \(path): \(message(errno))")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StateError(.unusable, "cannot make \(path) durable: \(message(errno))")
        }
    }

    /// The text of an errno.
    static func message(_ code: Int32) -> String { "\(Errno(rawValue: code))" }
}
