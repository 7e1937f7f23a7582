import Glibc

/// A device node, as the kernel numbers it: by its type and its major and minor number.
struct DeviceNode: Equatable {
    private let kind: UInt32
    private let number: UInt64

    /// A process that has a device open or mapped.
    struct User: Equatable {
        /// The process id.
        var id: Int
        /// Its command (`/proc/ID/comm`).
        var command: String
    }

    /// The device at `path`, or nil where there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        kind = status.st_mode & S_IFMT
        number = UInt64(status.st_rdev)
        guard kind == S_IFCHR || kind == S_IFBLK else { return nil }
    }

    /// Major and minor number as `/proc/self/mountinfo` writes them.
    var text: String { Linux.deviceText(number) }

    /// The other processes that have it open or mapped, as far as this user may see them.
    func users() -> [User] {
        let own = Int(getpid())
        return ProcText.processes().filter { $0 != own && isUsed(by: $0) }.map {
            User(id: $0, command: ProcText.command($0))
        }
    }

    private func isUsed(by process: Int) -> Bool {
        guard let directory = try? SysfsDirectory("/proc/\(process)") else { return false }
        // A kernel thread has no executable, and nothing open.
        guard directory.linkTarget("exe") != nil else { return false }
        if directory.entries("fd").contains(where: { DeviceNode("/proc/\(process)/fd/\($0)") == self }) {
            return true
        }
        // A mapping outlives its file descriptor. The line names the node's path; the link has its number.
        return ProcText.lines("/proc/\(process)/maps").contains { line in
            guard line.contains("/dev/"), let range = line.split(separator: " ").first else { return false }
            return DeviceNode("/proc/\(process)/map_files/\(range)") == self
        }
    }
}

/// What is read from `/proc`.
enum ProcText {
    /// The ids of the processes.
    static func processes() -> [Int] {
        guard let directory = try? SysfsDirectory("/proc") else { return [] }
        return directory.entries().compactMap { Int($0) }
    }

    /// The command of a process.
    static func command(_ process: Int) -> String {
        lines("/proc/\(process)/comm").first ?? "?"
    }

    /// The lines of a file; none where it cannot be read.
    static func lines(_ path: String) -> [String] {
        guard let bytes = contents(path) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of a field in which the kernel wrote white space and backslashes as `\040`.
    static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
    }
}
