import Glibc
import SystemPackage

/// What is read from `/proc`.
package enum ProcText {
    /// The ids of the processes.
    package static func processes(_ places: KernelPlaces) -> [Int] {
        guard let directory = SysfsDirectory.ifThere(places.proc, places) else { return [] }
        return directory.entries().compactMap { Int($0) }
    }

    /// The number that this process has in `/proc`, which can be another one's view; nil where it does not show it.
    package static func own(_ places: KernelPlaces) -> Int? {
        link("\(places.proc)/self").flatMap { Int($0) }
    }

    /// Where a symbolic link leads; nil where there is none, or this user may not look.
    package static func link(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = unsafe readlink(path, start, buffer.count)
            guard count > 0 else { return nil }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The command of a process.
    package static func command(_ process: Int, _ places: KernelPlaces) -> String {
        lines("\(places.proc)/\(process)/comm", places).first ?? "?"
    }

    /// The lines of a file; none where it cannot be read, which is noted by the places that it is one of (``ReadFailures``).
    package static func lines(_ path: String, _ places: KernelPlaces?) -> [String] {
        guard let bytes = contents(path, places) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of a field in which the kernel wrote white space and backslashes as `\040`.
    package static func unescaped(_ field: Substring) -> String {
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

    private static func contents(_ path: String, _ places: KernelPlaces?) -> [UInt8]? {
        do throws(Errno) {
            return try OpenFile(FilePath(path), O_RDONLY).contents(upTo: .max)
        } catch {
            places?.note(error, path)
            return nil
        }
    }
}
