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
        let replacement = FileReplacement(
            of: path, draft: temporary, rights: .exactly(isPublic ? 0o644 : 0o600))
        do throws(FileReplacement.Failure) {
            try replacement.write(Array(text.utf8))
        } catch {
            throw failure(error)
        }
        try synchronize(directory)
    }

    /// Writes a file of mode 0600 where there was nothing: no file and no link, not even one that leads nowhere. A file that cannot be
    /// written wholly is removed again.
    public static func create(_ path: FilePath, with text: String) throws(OperationError) {
        guard path.lastComponent != nil else {
            throw OperationError(record: .unusable, "cannot write \(path): it names no file")
        }
        do throws(FileReplacement.Failure) {
            try FileReplacement.create(path, Array(text.utf8), .exactly(0o600))
        } catch {
            throw failure(error)
        }
        do throws(OperationError) {
            try synchronize(path.removingLastComponent())
        } catch {
            _ = unsafe unlink(path.string)
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
        guard status.isRegularFile else {
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
        do throws(Errno) {
            let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            return try file.contents(upTo: limit, expecting: limit)
        } catch {
            throw failure(path, error)
        }
    }

    private static func synchronize(_ directory: FilePath) throws(OperationError) {
        do throws(Errno) {
            try OpenFile.synchronize(directory: directory)
        } catch {
            // A directory in which one may make files, and which one may not read, is left to the kernel.
            if error == .permissionDenied { return }
            throw failure(directory.isEmpty ? "." : directory, error)
        }
    }

    private static func failure(_ failure: FileReplacement.Failure) -> OperationError {
        guard failure.step == .make, failure.code == .fileExists else {
            return Self.failure(failure.path, failure.code)
        }
        return OperationError(
            record: .unusable, "cannot write \(failure.path): it exists",
            advice: "choose another name, or remove the file")
    }

    private static func failure(_ path: FilePath, _ code: Errno) -> OperationError {
        OperationError(record: .unusable, "cannot write \(path): \(code)")
    }
}
