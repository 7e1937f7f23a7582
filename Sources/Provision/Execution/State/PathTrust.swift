import Glibc
import SystemPackage

/// Whether only root and the caller could have put there what is at a path.
///
/// Whoever may write to a directory may put another file in a file's place, one of root's own as well: an older profile,
/// an older state. So every directory on the way counts, the links' targets included. A sticky directory such as /tmp
/// keeps others from renaming what is not theirs.
enum PathTrust {
    /// Why others could have put there what is at `path`, which itself is not looked at; nil where they could not.
    static func objection(toWayTo path: FilePath) -> String? {
        if let objection = objectionToParents(of: absolute(path)) { return objection }
        guard let target = resolved(path) else { return nil }
        return objectionToParents(of: target)
    }

    /// Why others could have written a file of this status; nil where they could not.
    static func objection(to status: stat) -> String? {
        if !isTrusted(status.st_uid) { return "it belongs to user \(status.st_uid)" }
        if status.st_mode & 0o002 != 0 { return "everybody may write to it" }
        if status.st_mode & 0o020 != 0 { return "group \(status.st_gid) may write to it" }
        return nil
    }

    private static func objectionToParents(of path: FilePath) -> String? {
        var way = FilePath("/")
        for component in path.components.dropLast() {
            if let objection = objection(toDirectory: way) { return objection }
            way.append(component)
        }
        return objection(toDirectory: way)
    }

    /// A directory, or a link to one. What is missing is nobody's.
    private static func objection(toDirectory path: FilePath) -> String? {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else {
            return errno == ENOENT ? nil : "\(path) cannot be looked at: \(Errno(rawValue: errno))"
        }
        let kind = status.st_mode & S_IFMT == S_IFLNK ? "link" : "directory"
        guard isTrusted(status.st_uid) else { return "the \(kind) \(path) belongs to user \(status.st_uid)" }
        guard kind == "directory", status.st_mode & S_ISVTX == 0 else { return nil }
        if status.st_mode & 0o002 != 0 { return "everybody may write to the directory \(path)" }
        let isForeign = geteuid() == 0 && status.st_gid != 0
        return status.st_mode & 0o020 != 0 && isForeign
            ? "group \(status.st_gid) may write to the directory \(path)" : nil
    }

    private static func isTrusted(_ user: uid_t) -> Bool { user == 0 || user == geteuid() }

    private static func absolute(_ path: FilePath) -> FilePath {
        guard path.isRelative else { return path }
        guard let directory = resolved(".") else { return path }
        return directory.pushing(path)
    }

    private static func resolved(_ path: FilePath) -> FilePath? {
        guard let name = unsafe realpath(path.string, nil) else { return nil }
        defer { unsafe free(name) }
        return unsafe FilePath(platformString: name)
    }
}
