import Glibc
import ProvisionCore
package import SystemPackage

/// Why something of the host could not be read, in words.
package struct Unread: Error, Equatable, Sendable {
    /// The reason as one sentence, without a full stop.
    package var reason: String

    /// A part of the host that could not be read, for this reason.
    package init(_ reason: String) {
        self.reason = reason
    }
}

/// Text files of the host, read for people: a FIFO or a device never blocks, and no file is read without a limit.
package enum HostText {
    /// More than any of them has: a kernel's configuration has some 300 KiB.
    package static let limit = 4 << 20

    /// The lines of a file that are kept, without the empty ones. Where the file is longer than the limit, the last line says so.
    package static func lines(
        _ path: FilePath, upTo limit: Int = HostText.limit, where keeps: (String) -> Bool = { _ in true }
    ) -> Result<[String], Unread> {
        let bytes: [UInt8]
        do throws(ProfileError) {
            bytes = try RegularFile(path).contents(upTo: limit + 1)
        } catch {
            guard case .unreadable(let why) = error else { return .failure(Unread("\(error)")) }
            return .failure(Unread(why.reason))
        }
        var lines: [String] = []
        for line in bytes.prefix(limit).split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if keeps(text) { lines.append(text) }
        }
        if bytes.count > limit {
            lines.append("(the rest is left out: it is larger than \(ByteCount(UInt64(limit))))")
        }
        return .success(lines)
    }

    /// What a file with one value says, or why that is not known.
    package static func value(_ path: FilePath) -> String {
        switch lines(path) {
        case .success(let lines): lines.joined(separator: " ")
        case .failure(let why): "could not be read: \(why.reason)"
        }
    }

    /// The sorted names in a directory.
    package static func names(in directory: FilePath) throws(Errno) -> [String] {
        try DirectoryEntries.names(in: directory).sorted()
    }
}
