import Glibc
import SystemPackage
import Testing

@testable import ProvisionHost

/// The files of a made host, below a directory of their own, removed with it.
final class MadeTree {
    /// The root directory of the host.
    let root: String
    private let tree: SysfsTree

    init() throws {
        tree = try SysfsTree()
        root = tree.path
    }

    /// Writes a file, and makes the directories that it lies in.
    func put(_ file: String, _ text: String) throws(Errno) {
        try makeDirectory(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]))
        let descriptor = unsafe open("\(root)/\(file)", O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var line = text + "\n"
        let count = line.withUTF8 { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.utf8.count else { throw Errno.ioError }
    }

    /// Writes the attributes of a directory.
    func put(_ directory: String, _ attributes: [String: String]) throws(Errno) {
        for (name, text) in attributes { try put("\(directory)/\(name)", text) }
    }

    /// The text of a file, without the line end; empty where there is none.
    func text(_ file: String) -> String { ProcText.lines("\(root)/\(file)", nil).first ?? "" }

    /// Whether there is such an entry, or a link that leads nowhere.
    func exists(_ entry: String) -> Bool {
        var status = stat()
        return unsafe lstat("\(root)/\(entry)", &status) == 0
    }

    /// Makes a file of zeroes this long, which takes no space; one that is there gets longer or shorter.
    func makeFile(_ file: String, _ size: UInt64) throws(Errno) {
        if !exists(file) { try put(file, "") }
        guard unsafe truncate("\(root)/\(file)", off_t(size)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Bytes of a file; zeroes where there are none.
    func bytes(_ file: String, at offset: UInt64, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let descriptor = unsafe open("\(root)/\(file)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return bytes }
        defer { close(descriptor) }
        _ = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        return bytes
    }

    /// Writes bytes into a file that is there.
    func write(_ bytes: [UInt8], to file: String, at offset: UInt64) throws(Errno) {
        let descriptor = unsafe open("\(root)/\(file)", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        let count = unsafe bytes.withUnsafeBytes {
            unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        guard count == bytes.count else { throw Errno.ioError }
    }

    func makeDirectory(_ path: String) throws(Errno) {
        var built = root
        for part in path.split(separator: "/") {
            built += "/\(part)"
            guard unsafe mkdir(built, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
        }
    }

    /// Makes a link to another entry of the tree, in place of one that is there.
    func link(_ entry: String, to target: String) throws(Errno) {
        try makeDirectory(String(entry[..<(entry.lastIndex(of: "/") ?? entry.startIndex)]))
        _ = unsafe unlink("\(root)/\(entry)")
        let up = entry.split(separator: "/").dropLast().map { _ in "../" }.joined()
        guard unsafe symlink(up + target, "\(root)/\(entry)") == 0 else { throw Errno(rawValue: errno) }
    }

    /// Removes an entry, with all that is below it.
    func remove(_ entry: String) { SysfsTree.delete("\(root)/\(entry)") }

    /// The entry of the tree that a path leads to, whatever links it goes through.
    func entry(at path: String) throws(Errno) -> String {
        guard let resolved = unsafe realpath(path, nil) else { throw Errno(rawValue: errno) }
        defer { unsafe free(resolved) }
        let real = unsafe String(cString: resolved)
        guard real.hasPrefix(root + "/") else { throw Errno.noSuchFileOrDirectory }
        return String(real.dropFirst(root.count + 1))
    }
}
