import Glibc
import SystemPackage
import ProvisionCore
import ProvisionHost

/// A file of the state directory: private, never a link, written with its errors seen.
struct StateFile: ~Copyable {
    private let descriptor: Int32
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
        return try file.read(upTo: limit)
    }

    /// The file's length. Refuses what is no regular file, and what others could have written or reach by another name.
    private func size() throws(OperationError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw OperationError(record: .untrusted, "\(path) is no regular file")
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0, status.st_nlink == 1 else {
            throw OperationError(
                record: .untrusted,
                "\(path) could have been written by somebody else (owner, mode or hard link)",
                advice:
                    "nothing in it is believed: find out who made it so, and compare with daxprov inventory")
        }
        return status.st_size
    }

    private init(_ path: FilePath, _ flags: Int32, _ verb: String) throws(OperationError) {
        let descriptor = unsafe open(path.string, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw OperationError(
                record: .unusable, "cannot \(verb) \(path): \(StateDirectory.message(errno))")
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws(OperationError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw OperationError(
                    record: .unusable, "cannot write \(path): \(StateDirectory.message(errno))",
                    advice: "make room, or choose another place with --state-dir")
            }
            written += count
        }
    }

    /// Reserves room for the file's first `length` bytes, so that writing them cannot fail for want of it. A file system
    /// that cannot reserve is only asked how much is free.
    func reserve(_ length: Int) throws(OperationError) {
        var code = Linux.reserve(descriptor, length)
        if code == EOPNOTSUPP || code == ENOSYS {
            var status = statvfs()
            guard unsafe fstatvfs(descriptor, &status) == 0 else { return }
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
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return }
        try truncate(to: Int(status.st_size))
    }

    /// Cuts the file off behind its first `length` bytes.
    func truncate(to length: Int) throws(OperationError) {
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw OperationError(
                record: .unusable, "cannot shorten \(path): \(StateDirectory.message(errno))")
        }
    }

    /// Returns when everything written is durable.
    func synchronize() throws(OperationError) {
        guard fsync(descriptor) == 0 else {
            throw OperationError(
                record: .unusable, "cannot make \(path) durable: \(StateDirectory.message(errno))")
        }
    }

    private func read(upTo limit: Int) throws(OperationError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw OperationError(
                    record: .unusable, "cannot read \(path): \(StateDirectory.message(errno))")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}
