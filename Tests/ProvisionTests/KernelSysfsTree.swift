import Glibc
import SystemPackage
import Testing

@testable import ProvisionHost

/// A directory of attribute files like the kernel's, removed at the end of its scope.
struct SysfsTree: ~Copyable {
    /// Where it is.
    let path: String

    /// An empty tree.
    init() throws {
        path = "/tmp/daxprov-sysfs-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try #require(unsafe mkdir(path, 0o700) == 0)
    }

    deinit {
        Self.delete(path)
    }

    /// Removes an entry, with all that is below it. A link is removed, and not what it leads to.
    static func delete(_ path: String) {
        var status = stat()
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            let directory = try? SysfsDirectory(path)
        {
            for entry in directory.entries() { delete("\(path)/\(entry)") }
        }
        _ = unsafe remove(path)
    }

    /// Makes a device with these attributes.
    func device(_ name: String, _ attributes: [String: String]) throws {
        try directory(name)
        for (attribute, value) in attributes {
            let file = unsafe open("\(path)/\(name)/\(attribute)", O_CREAT | O_WRONLY | O_TRUNC, 0o644)
            try #require(file >= 0)
            var line = value + "\n"
            let written = line.withUTF8 { unsafe write(file, $0.baseAddress, $0.count) }
            close(file)
            try #require(written == line.utf8.count)
        }
    }

    /// Makes a directory: a driver that is bound, or a device below another one.
    func directory(_ name: String) throws {
        var built = path
        for part in name.split(separator: "/") {
            built += "/\(part)"
            let result = unsafe mkdir(built, 0o755)
            try #require(result == 0 || errno == EEXIST)
        }
    }
}

extension SysfsDirectory {
    /// A directory by itself: what cannot be read in it is nobody's business.
    init(_ path: String) throws(Errno) { try self.init(path, KernelPlaces()) }
}
