import Glibc
package import SystemPackage

/// What is in a directory.
package enum DirectoryEntries {
    /// The names in the directory at a path, but `.` and `..`.
    /// - Parameter flags: more flags for opening it (open(2)).
    package static func names(in path: FilePath, _ flags: Int32 = 0) throws(Errno) -> [String] {
        try names(closing: OpenFile(path, O_RDONLY | O_DIRECTORY | flags).release())
    }

    /// The names in the directory that is open under a descriptor, but `.` and `..`; closes it.
    package static func names(closing descriptor: Int32) throws(Errno) -> [String] {
        guard let stream = unsafe fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw Errno(rawValue: code)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let name = try unsafe next(in: stream) {
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The next name; nil at the end, which is told from a failure by errno alone (readdir(3)).
    private static func next(in stream: OpaquePointer) throws(Errno) -> String? {
        errno = 0
        guard let entry = unsafe readdir(stream) else {
            guard errno == 0 else { throw Errno(rawValue: errno) }
            return nil
        }
        return unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
