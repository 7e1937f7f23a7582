public import ProvisionCore
import Glibc
public import SystemPackage
import ProvisionHost

/// The lock that lets one daxprov at a time change the host. It dies with the process that holds it.
public struct HostLock: ~Copyable {
    private let file: OpenFile

    /// Takes the lock file at `path`, waiting at most `patience` seconds for whoever holds it.
    ///
    /// The lock is one of the open file description (fcntl(2), `F_OFD_SETLK`): whether it is held can be asked without
    /// taking it (``state(of:)``), so that who only looks never stands in the way of who changes something.
    /// - Throws: ``OperationError/Kind/locked`` with the holder's process id.
    public init(_ path: FilePath, patience: Int = 0) throws(OperationError) {
        let file = try Self.open(path)
        var attempts = patience * 10
        while true {
            let code = Linux.lock(file.descriptor)
            if code == 0 { break }
            if code == EINTR { continue }
            let isHeld = code == EAGAIN || code == EACCES
            guard isHeld, attempts > 0 else {
                let holder = Self.holder(file.descriptor).map { " (process \($0))" } ?? ""
                guard isHeld else {
                    throw OperationError(
                        record: .unusable, "cannot lock \(path): \(StateDirectory.message(code))")
                }
                throw OperationError(
                    record: .locked, "another daxprov\(holder) holds the lock \(path)",
                    advice: "wait for it, or give it time with --lock-timeout")
            }
            attempts -= 1
            usleep(100_000)
        }
        let descriptor = file.descriptor
        self.file = file
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func open(_ path: FilePath) throws(OperationError) -> OpenFile {
        let file: OpenFile
        do throws(Errno) {
            file = try OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode: 0o600)
        } catch {
            throw OperationError(record: .unusable, "cannot open the lock \(path): \(error)")
        }
        guard let status = try? file.status(), status.isRegularFile, status.isOursAlone else {
            throw OperationError(
                record: .untrusted, "the lock \(path) is no regular file of ours alone",
                advice: "remove it, after looking who put it there")
        }
        return file
    }

    /// Whether somebody holds a lock.
    public enum State: Equatable, Sendable {
        /// Nobody does.
        case free
        /// This process does; nil where it does not say which it is.
        case held(by: Int?)
        /// This user may not look.
        case unknown
    }

    /// Whether another process, or another lock of this one, holds the lock file at `path`. Takes and makes nothing.
    public static func state(of path: FilePath) -> State {
        do throws(Errno) {
            let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            guard let isHeld = Linux.isLocked(file.descriptor) else { return .unknown }
            return isHeld ? .held(by: holder(file.descriptor)) : .free
        } catch {
            return error == .noSuchFileOrDirectory ? .free : .unknown
        }
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
        }
        let digits = bytes.prefix(max(count, 0)).prefix { (0x30...0x39).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
