import Glibc
import SystemPackage

/// The files in Tests/Fixtures.
enum TestFiles {
    /// Tests/Fixtures of this checkout.
    static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.joined(separator: "/") + "/Fixtures"
    }()

    /// The bytes of a file.
    static func bytes(_ path: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath("\(directory)/\(path)"), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += chunk.prefix(count)
            }
        }
    }

    /// The text of a file.
    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The sorted names of the files in a folder, without this ending, that all have it.
    static func names(in folder: String, endingWith ending: String) -> [String] {
        guard let stream = unsafe opendir("\(directory)/\(folder)") else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
        }
        return names.sorted()
    }
}
