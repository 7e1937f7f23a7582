import Glibc
public import SystemPackage
public import ProvisionCore
import ProvisionHost

/// A file that its owner alone may read, put in place as a whole.
public enum PrivateFile {
    /// Writes a file of mode 0600, or replaces the one that is there: a reader finds the old contents or the new ones,
    /// also after a crash.
    ///
    /// What is there must be a regular file: no link is followed, and no link replaced.
    /// - Parameters:
    ///   - kind: what the file that is there must be; any file where it is nil.
    ///   - isPublic: whether everybody may read it (mode 0644).
    public static func replace(
        _ path: FilePath, with text: String, holding kind: Kind? = nil, isPublic: Bool = false
    ) throws(OperationError) {
        try requireReplaceable(path, holding: kind)
        guard let name = path.lastComponent else {
            throw OperationError(record: .unusable, "cannot write \(path): it names no file")
        }
        let directory = path.removingLastComponent()
        var generator = SystemRandomNumberGenerator()
        let unique = String(UInt64.random(in: .min ... .max, using: &generator), radix: 36)
        let temporary = directory.appending(".\(name.string).\(unique)")
        do throws(OperationError) {
            try write(text, to: temporary, mode: isPublic ? 0o644 : 0o600)
            guard unsafe rename(temporary.string, path.string) == 0 else { throw failure(path) }
        } catch {
            unsafe unlink(temporary.string)
            throw error
        }
        try synchronize(directory.isEmpty ? "." : directory)
    }

    /// Writes a file of mode 0600 where there was nothing: no file and no link, not even one that leads nowhere. A file that cannot be
    /// written wholly is removed again.
    public static func create(_ path: FilePath, with text: String) throws(OperationError) {
        guard path.lastComponent != nil else {
            throw OperationError(record: .unusable, "cannot write \(path): it names no file")
        }
        let descriptor = try make(path)
        do throws(OperationError) {
            try fill(descriptor, with: text, mode: 0o600, path)
            let directory = path.removingLastComponent()
            try synchronize(directory.isEmpty ? "." : directory)
        } catch {
            unsafe unlink(path.string)
            throw error
        }
    }

    /// What files are, by their contents.
    public struct Kind: Sendable {
        /// The name for messages: "saved plan".
        public var name: String
        /// The longest that one is.
        public var limit: ByteCount
        /// Whether these bytes are one.
        public var includes: @Sendable ([UInt8]) -> Bool

        /// The files that a function recognises.
        public init(_ name: String, limit: ByteCount, includes: @escaping @Sendable ([UInt8]) -> Bool) {
            self.name = name
            self.limit = limit
            self.includes = includes
        }
    }

    /// Refuses a path at which there is what ``replace(_:with:holding:)`` would not replace. An empty file has nothing to
    /// lose.
    public static func requireReplaceable(_ path: FilePath, holding kind: Kind?) throws(OperationError) {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw OperationError(
                record: .untrusted, "cannot write \(path): it is no regular file (links are not followed)",
                advice: "choose another name")
        }
        guard let kind, status.st_size > 0 else { return }
        guard status.st_size <= kind.limit.bytes, kind.includes(try contents(of: path, upTo: status.st_size))
        else {
            throw OperationError(
                record: .unusable, "cannot write \(path): it exists and is not a \(kind.name)",
                advice: "choose another name, or remove the file")
        }
    }

    private static func contents(of path: FilePath, upTo limit: Int) throws(OperationError) -> [UInt8] {
        let descriptor = unsafe open(path.string, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var length = 0
        while length < limit {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress.map { unsafe $0 + length }, limit - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { break }
            length += count
        }
        return Array(bytes[..<length])
    }

    private static func write(_ text: String, to path: FilePath, mode: mode_t) throws(OperationError) {
        try fill(make(path), with: text, mode: mode, path)
    }

    /// Makes an empty file of mode 0600 where there is nothing, and opens it for writing.
    private static func make(_ path: FilePath) throws(OperationError) -> Int32 {
        let descriptor = unsafe open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor < 0 else { return descriptor }
        guard errno != EEXIST else {
            throw OperationError(
                record: .unusable, "cannot write \(path): it exists",
                advice: "choose another name, or remove the file")
        }
        throw failure(path)
    }

    /// Writes a new file durably, and closes it.
    private static func fill(
        _ descriptor: Int32, with text: String, mode: mode_t, _ path: FilePath
    ) throws(OperationError) {
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter {
                _ = try file.writeAll(text.utf8)
                guard fchmod(descriptor, mode) == 0 else { throw Errno(rawValue: errno) }
                guard fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch {
            throw OperationError(record: .unusable, "cannot write \(path): \(error)")
        }
    }

    private static func synchronize(_ directory: FilePath) throws(OperationError) {
        let descriptor = unsafe open(directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // A directory in which one may make files, and which one may not read, is left to the kernel.
            if errno == EACCES { return }
            throw failure(directory)
        }
        defer { close(descriptor) }
        // A file system that cannot do that (EINVAL) has nothing to make durable.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(directory) }
    }

    private static func failure(_ path: FilePath) -> OperationError {
        OperationError(record: .unusable, "cannot write \(path): \(Errno(rawValue: errno))")
    }
}
