import Glibc
import SystemPackage
import Testing

/// A root directory of a test's own, with what the files of a host say.
struct HostFileTree {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    var root: FilePath { scratch.path }

    private func place(_ path: String) throws -> FilePath {
        var place = root
        for part in path.split(separator: "/").dropLast() {
            place.append(String(part))
            guard unsafe mkdir(place.string, 0o755) == 0 || errno == EEXIST else {
                throw Errno(rawValue: errno)
            }
        }
        return root.appending(path)
    }

    func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let place = try place(path)
        let file = try FileDescriptor.open(
            place, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(bytes) }
        try #require(unsafe chmod(place.string, mode) == 0)
    }

    func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(path, Array(text.utf8), mode: mode)
    }

    func link(_ path: String, to target: String) throws {
        try #require(unsafe symlink(target, try place(path).string) == 0)
    }

    func pipe(_ path: String) throws {
        try #require(unsafe mkfifo(try place(path).string, 0o644) == 0)
    }

    func folder(_ path: String) throws {
        _ = try place(path + "/")
        try #require(unsafe mkdir(root.appending(path).string, 0o755) == 0 || errno == EEXIST)
    }
}
