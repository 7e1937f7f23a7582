import Glibc
import ProvisionCore
import SystemPackage

/// The files of the tests, found beside the sources.
enum ProfileFixtures {
    /// The package's folder.
    static let package = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()
    /// Where the fixtures of profiles are.
    static let folder = package.appending("Tests/Fixtures/profiles")

    /// The `.yaml` files of a folder, in order.
    static func profiles(in folder: FilePath) -> [FilePath] {
        names(in: folder).filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appending($0) }
    }

    /// The bytes of a file; nil where it cannot be read.
    static func bytes(of path: FilePath) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
        defer { try? file.close() }
        guard let size = try? file.seek(offset: 0, from: .end),
            (try? file.seek(offset: 0, from: .start)) != nil
        else { return nil }
        return try? unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Writes a file, for recording what is expected.
    static func write(_ text: String, to path: FilePath) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: 0o644))
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }

    /// What a reader makes of a fixture: the profile's dump, or the diagnostics with the file's name alone.
    static func outcome(of path: FilePath) -> String {
        let name = path.lastComponent?.string ?? ""
        do {
            return ProfileDump.text(of: try ProfileReader.read(bytes(of: path) ?? [], source: name))
        } catch {
            return error.description + "\n"
        }
    }

    private static func names(in folder: FilePath) -> [String] {
        guard let directory = unsafe opendir(folder.string) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}
