package import Glibc
package import SystemPackage

/// Whether only root and the caller could have put there what is at a path.
///
/// Whoever may write to a directory may put another file in a file's place, one of root's own as well: an older profile,
/// an older state. Whoever owns a link chooses where it leads, at any time. So everything on the way counts: every
/// directory, and every link with the way that it takes, also where that ends in a file of root's. A sticky directory
/// such as /tmp keeps others from renaming what is not theirs.
package enum PathTrust {
    /// Why others could have put there what is at `path`, which itself is not looked at unless it is a link; nil where they
    /// could not.
    package static func objection(toWayTo path: FilePath) -> String? {
        guard let start = absolute(path) else { return "where \(path) begins is not known" }
        var walk = Walk(to: start)
        return walk.objection()
    }

    /// Why others could have written the file that is open under a descriptor; nil where they could not.
    package static func objection(to status: stat, of descriptor: Int32) -> String? {
        if !isTrusted(status.st_uid) { return "it belongs to user \(status.st_uid)" }
        let writer = writer(status, trustsGroup: false) { () throws(Errno) in
            try Linux.attribute(AccessList.name, of: descriptor)
        }
        return writer.map { "\($0) may write to it" }
    }

    private static func absolute(_ path: FilePath) -> FilePath? {
        guard path.isRelative else { return path }
        guard let name = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(name) }
        // The kernel says "(unreachable)" of a directory that is outside the root directory (getcwd(3)).
        let directory = unsafe FilePath(platformString: name)
        return directory.isAbsolute ? directory.pushing(path) : nil
    }

    fileprivate static func isTrusted(_ user: uid_t) -> Bool { user == 0 || user == geteuid() }

    /// Somebody who is neither root nor the caller and may write to what has this status; nil where nobody may.
    /// - Parameters:
    ///   - trustsGroup: whether its own group may.
    ///   - list: reads its access control list.
    fileprivate static func writer(
        _ status: stat, trustsGroup: Bool, _ list: () throws(Errno) -> [UInt8]?
    ) -> String? {
        if status.st_mode & 0o002 != 0 { return "everybody" }
        let group = trustsGroup ? nil : "group \(status.st_gid)"
        do throws(Errno) {
            guard let bytes = try list() else { return status.st_mode & 0o020 == 0 ? nil : group }
            guard let list = AccessList(bytes) else {
                return "somebody in an access control list of another version"
            }
            return list.writer(owningGroup: group) { isTrusted($0) }
        } catch {
            return "somebody in an access control list that cannot be read (\(error))"
        }
    }
}

/// A way from the root directory to a path, one component after the other, links resolved as they come.
private struct Walk {
    /// What is still to be gone, the next component last.
    private var rest: [FilePath.Component]
    /// As far as it is gone: a path without links. Nobody who is not trusted could have changed what lies on it.
    private var way: FilePath = "/"
    private var links = 0

    init(to path: FilePath) {
        rest = path.components.reversed()
    }

    mutating func objection() -> String? {
        var here = stat()
        guard unsafe lstat("/", &here) == 0 else { return "the directory / cannot be looked at" }
        if let objection = Self.objection(toDirectory: way, here) { return objection }
        while let component = rest.popLast() {
            switch component.kind {
            case .currentDirectory: continue
            case .parentDirectory:
                way.removeLastComponent()
                guard unsafe lstat(way.string, &here) == 0 else { return "\(way) cannot be looked at" }
                continue
            case .regular: break
            }
            // Paths are handled as text here: one that is none would be another one.
            guard String(validating: component) != nil else { return "\(component) is no UTF-8" }
            let next = way.appending(component)
            var status = stat()
            guard unsafe lstat(next.string, &status) == 0 else {
                // What is missing is nobody's.
                return errno == ENOENT ? nil : "\(next) cannot be looked at: \(Errno(rawValue: errno))"
            }
            switch status.st_mode & S_IFMT {
            case S_IFLNK:
                if let objection = follow(next, status, in: here) { return objection }
                guard unsafe lstat(way.string, &here) == 0 else { return "\(way) cannot be looked at" }
            case S_IFDIR where !rest.isEmpty:
                if let objection = Self.objection(toDirectory: next, status) { return objection }
                way = next
                here = status
            default:
                // The last one, or what no way leads through: opening it says so.
                return Self.objection(toNameOf: next, status, in: here)
            }
        }
        return nil
    }

    private mutating func follow(_ link: FilePath, _ status: stat, in directory: stat) -> String? {
        guard PathTrust.isTrusted(status.st_uid) else {
            return "the link \(link) belongs to user \(status.st_uid)"
        }
        if let objection = Self.objection(toNameOf: link, status, in: directory) { return objection }
        links += 1
        // The kernel follows 40 (MAXSYMLINKS).
        guard links <= 40, let target = Self.target(of: link) else { return "the link \(link) leads nowhere" }
        if target.isAbsolute { way = "/" }
        rest += target.components.reversed()
        return nil
    }

    private static func target(of link: FilePath) -> FilePath? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = unsafe readlink(link.string, start, buffer.count - 1)
            guard count > 0 else { return nil }
            unsafe buffer[count] = 0
            return unsafe FilePath(platformString: start)
        }
    }

    private static func objection(toDirectory path: FilePath, _ status: stat) -> String? {
        guard PathTrust.isTrusted(status.st_uid) else {
            return "the directory \(path) belongs to user \(status.st_uid)"
        }
        guard status.st_mode & S_ISVTX == 0 else { return nil }
        // Many users have a group of their own, and a home that it may write to.
        let trustsGroup = geteuid() != 0 || status.st_gid == 0
        let writer = PathTrust.writer(status, trustsGroup: trustsGroup) { () throws(Errno) in
            try Linux.attribute(AccessList.name, of: path.string)
        }
        return writer.map { "\($0) may write to the directory \(path)" }
    }

    /// In a directory that others may write to they can give another name to a file of root's that they may open
    /// (link(2)): one with several names there is nobody's choice.
    private static func objection(toNameOf path: FilePath, _ status: stat, in directory: stat) -> String? {
        let isShared = directory.st_mode & S_ISVTX != 0 && directory.st_mode & 0o022 != 0
        guard isShared, status.st_mode & S_IFMT != S_IFDIR, status.st_nlink > 1 else { return nil }
        return "\(path) has \(status.st_nlink) hard links, in a directory where others can make them"
    }
}
