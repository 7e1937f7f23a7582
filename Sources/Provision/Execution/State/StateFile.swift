import Glibc
import SystemPackage
import ProvisionCore
import ProvisionHost

/// A file of the state directory: private, never a link, written with its errors seen.
struct StateFile: ~Copyable {
    private let file: OpenFile
    private let path: FilePath

    /// A new file, for appending. Fails where it exists.
    static func create(_ path: FilePath) throws(OperationError) -> StateFile {
        try StateFile(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, "make")
    }

    /// An existing file, for appending.
    static func append(_ path: FilePath) throws(OperationError) -> StateFile {
        let file = try StateFile(path, O_WRONLY | O_APPEND | O_NONBLOCK, "open")
        _ = try file.size()
        return file
    }

    /// The bytes of a regular file of ours, at most `limit`.
    static func contents(_ path: FilePath, limit: Int) throws(OperationError) -> [UInt8] {
        let file = try StateFile(path, O_RDONLY | O_NONBLOCK, "open")
        guard try file.size() <= limit else {
            throw OperationError(record: .damaged, "\(path) is larger than daxprov ever writes it")
        }
        do throws(Errno) {
            return try file.file.contents(upTo: limit == .max ? limit : limit + 1)
        } catch {
            throw OperationError(record: .unusable, "cannot read \(path): \(error)")
        }
    }

    /// The file's length. Refuses what is no regular file, and what others could have written or reach by another name.
    private func size() throws(OperationError) -> Int {
        guard let status = try? file.status(), status.isRegularFile else {
            throw OperationError(record: .untrusted, "\(path) is no regular file")
        }
        guard status.isOursAlone else {
            throw OperationError(
                record: .untrusted,
                "\(path) could have been written by somebody else (owner, mode or hard link)",
                advice:
                    "nothing in it is believed: find out who made it so, and compare with daxprov inventory")
        }
        return status.st_size
    }

    private init(_ path: FilePath, _ flags: Int32, _ verb: String) throws(OperationError) {
        do throws(Errno) {
            file = try OpenFile(path, flags | O_NOFOLLOW, mode: 0o600)
        } catch {
            throw OperationError(record: .unusable, "cannot \(verb) \(path): \(error)")
        }
        self.path = path
    }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws(OperationError) {
        do throws(Errno) {
            try file.write(bytes)
        } catch {
            throw Self.unwritten(path, error)
        }
    }

    /// Writes a file durably under the name `draft`, and then gives it its own: a crash leaves the whole file or none.
    static func replace(_ path: FilePath, draft: FilePath, with bytes: [UInt8]) throws(OperationError) {
        _ = unsafe unlink(draft.string)
        do throws(FileReplacement.Failure) {
            try FileReplacement(of: path, draft: draft, rights: .masked(0o600)).write(bytes)
        } catch {
            switch error.step {
            case .make:
                throw OperationError(record: .unusable, "cannot make \(error.path): \(error.code)")
            case .write: throw unwritten(error.path, error.code)
            case .synchronize: throw undurable(error.path, error.code)
            case .rename:
                throw OperationError(record: .unusable, "cannot write \(error.path): \(error.code)")
            }
        }
    }

    private static func unwritten(_ path: FilePath, _ code: Errno) -> OperationError {
        OperationError(
            record: .unusable, "cannot write \(path): \(code)",
            advice: "make room, or choose another place with --state-dir")
    }

    private static func undurable(_ path: FilePath, _ code: Errno) -> OperationError {
        OperationError(record: .unusable, "cannot make \(path) durable: \(code)")
    }

    /// Reserves room for the file's first `length` bytes, so that writing them cannot fail for want of it. A file system
    /// that cannot reserve is only asked how much is free.
    func reserve(_ length: Int) throws(OperationError) {
        var code = Linux.reserve(file.descriptor, length)
        if code == EOPNOTSUPP || code == ENOSYS {
            var status = statvfs()
            guard unsafe fstatvfs(file.descriptor, &status) == 0 else { return }
            code = UInt64(status.f_bavail) * UInt64(status.f_frsize) < UInt64(length) ? ENOSPC : 0
        }
        guard code != 0 else { return }
        throw OperationError(
            record: .unusable,
            "cannot reserve \(ByteCount(UInt64(length))) for \(path): \(StateDirectory.message(code))",
            advice: "make room, or choose another place with --state-dir; a lower --backup-limit needs less")
    }

    /// Gives reserved room behind the file's end back (a truncation to the size that it has does).
    func releaseReserve() throws(OperationError) {
        guard let status = try? file.status() else { return }
        try truncate(to: Int(status.st_size))
    }

    /// Cuts the file off behind its first `length` bytes.
    func truncate(to length: Int) throws(OperationError) {
        guard ftruncate(file.descriptor, off_t(length)) == 0 else {
            throw OperationError(
                record: .unusable, "cannot shorten \(path): \(StateDirectory.message(errno))")
        }
    }

    /// Returns when everything written is durable.
    func synchronize() throws(OperationError) {
        do throws(Errno) {
            try file.synchronize()
        } catch {
            throw Self.undurable(path, error)
        }
    }
}
