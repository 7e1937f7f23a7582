import Glibc
public import SystemPackage

/// The lock that lets one daxprov at a time change the host. It dies with the process that holds it.
public struct HostLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock file at `path` (`flock`), waiting at most `patience` seconds for whoever holds it.
    /// - Throws: ``StateError/Kind/locked`` with the holder's process id.
    public init(_ path: FilePath, patience: Int = 0) throws(StateError) {
        let descriptor = unsafe open(
            path.string, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            throw StateError(.unusable, "cannot open the lock \(path): \(StateDirectory.message(errno))")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_nlink == 1, status.st_mode & 0o022 == 0
        else {
            close(descriptor)
            throw StateError(
                .untrusted, "the lock \(path) is no regular file of ours alone",
                advice: "remove it, after looking who put it there")
        }
        var attempts = patience * 10
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            guard code == EWOULDBLOCK || code == EINTR, attempts > 0 || code == EINTR else {
                let holder = Self.holder(descriptor)
                close(descriptor)
                throw StateError(
                    .locked, "another daxprov\(holder) holds the lock \(path)",
                    advice: "wait for it, or give it time with --lock-timeout")
            }
            attempts -= 1
            usleep(100_000)
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
        }
        let digits = bytes.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }
}
