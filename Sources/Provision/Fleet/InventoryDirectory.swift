import Glibc
import SystemPackage

/// The saved inventories in a directory.
struct InventoryDirectory {
    /// The regular files whose names end in `.json`, in the order of the directory.
    private(set) var files: [FilePath] = []
    /// The other entries of such a name.
    private(set) var skipped: [SkippedEntry] = []

    /// Lists a directory.
    init(_ path: FilePath) throws(FleetError) {
        guard let stream = unsafe opendir(path.string) else {
            throw .unreadable(directory: path.string, reason: Errno(rawValue: errno).description)
        }
        defer { unsafe closedir(stream) }
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            try add(name, type: unsafe entry.pointee.d_type, to: path, descriptor: unsafe dirfd(stream))
        }
        guard errno == 0 else {
            throw .unreadable(directory: path.string, reason: Errno(rawValue: errno).description)
        }
        guard !files.isEmpty else {
            throw .empty(directory: path.string, skipped: skipped.sorted { $0.path < $1.path })
        }
    }

    private mutating func add(
        _ name: String, type: UInt8, to directory: FilePath, descriptor: CInt
    ) throws(FleetError) {
        guard name.lowercased().hasSuffix(".json") else { return }
        let path = directory.appending(name)
        guard let reason = Self.objection(to: name, type: type, in: descriptor) else {
            guard files.count < FleetHosts.maximumCount else { throw .tooMany(directory: directory.string) }
            files.append(path)
            return
        }
        skipped.append(SkippedEntry(path: path.string, reason: reason))
    }

    /// Why an entry is no inventory; nil where it is one.
    private static func objection(to name: String, type: UInt8, in directory: CInt) -> String? {
        if name.first == "." { return "is a hidden file: its name begins with a dot" }
        if !name.hasSuffix(".json") { return "does not end in .json, in lower case" }
        return isRegularFile(name, type: type, in: directory) ? nil : "is no regular file"
    }

    /// Some file systems do not tell the type with the name.
    private static func isRegularFile(_ name: String, type: UInt8, in directory: CInt) -> Bool {
        if type != UInt8(DT_UNKNOWN) { return type == UInt8(DT_REG) }
        var status = stat()
        return unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && status.st_mode & S_IFMT == S_IFREG
    }
}
