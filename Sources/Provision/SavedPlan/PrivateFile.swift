import Glibc
public import SystemPackage

/// A file that its owner alone may read, put in place as a whole.
public enum PrivateFile {
    /// Writes a file of mode 0600, or replaces the one that is there: a reader finds the old contents or the new ones,
    /// also after a crash.
    ///
    /// What is there must be a regular file: no link is followed, and no link replaced.
    public static func replace(_ path: FilePath, with text: String) throws(StateError) {
        try requireReplaceable(path)
        guard let name = path.lastComponent else {
            throw StateError(.unusable, "cannot write \(path): it names no file")
        }
        let directory = path.removingLastComponent()
        var generator = SystemRandomNumberGenerator()
        let unique = String(UInt64.random(in: .min ... .max, using: &generator), radix: 36)
        let temporary = directory.appending(".\(name.string).\(unique)")
        do throws(StateError) {
            try write(text, to: temporary)
            guard unsafe rename(temporary.string, path.string) == 0 else { throw failure(path) }
        } catch {
            unsafe unlink(temporary.string)
            throw error
        }
        try synchronize(directory.isEmpty ? "." : directory)
    }

    private static func requireReplaceable(_ path: FilePath) throws(StateError) {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StateError(
                .untrusted, "cannot write \(path): it is no regular file (links are not followed)",
                advice: "choose another name")
        }
    }

    private static func write(_ text: String, to path: FilePath) throws(StateError) {
        let descriptor = unsafe open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter {
                _ = try file.writeAll(text.utf8)
                guard fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
            }
        } catch {
            throw StateError(.unusable, "cannot write \(path): \(error)")
        }
    }

    private static func synchronize(_ directory: FilePath) throws(StateError) {
        let descriptor = unsafe open(directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(directory) }
        defer { close(descriptor) }
        // A file system that cannot do that (EINVAL) has nothing to make durable.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(directory) }
    }

    private static func failure(_ path: FilePath) -> StateError {
        StateError(.unusable, "cannot write \(path): \(Errno(rawValue: errno))")
    }
}
