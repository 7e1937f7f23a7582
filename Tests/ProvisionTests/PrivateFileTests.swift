import Glibc
import SystemPackage
import ProvisionCore
import Testing

@testable import Provision

/// Files that only their owner may read.
@Suite struct PrivateFileTests {
    private let scratch: ScratchDirectory
    private var path: FilePath { scratch.path.appending("plan") }

    init() throws { scratch = try ScratchDirectory() }

    private func status(_ path: FilePath) -> stat {
        var status = stat()
        _ = unsafe lstat(path.string, &status)
        return status
    }

    private func names() -> [String] {
        guard let stream = unsafe opendir(scratch.path.string) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    @Test func itIsPrivateWhateverWasThere() throws {
        try PrivateFile.replace(path, with: "one")
        #expect(status(path).st_mode & 0o777 == 0o600)
        _ = unsafe chmod(path.string, 0o644)
        try PrivateFile.replace(path, with: "two")
        #expect(status(path).st_mode & 0o777 == 0o600)
        #expect(try StateFile.contents(path, limit: 100) == Array("two".utf8))
        #expect(names() == ["plan"])
    }

    @Test func aLinkIsNeitherFollowedNorReplaced() throws {
        try scratch.write("victim", to: "victim")
        try #require(unsafe symlink("victim", path.string) == 0)
        #expect(throws: OperationError.self) { try PrivateFile.replace(path, with: "plan") }
        #expect(try StateFile.contents(scratch.path.appending("victim"), limit: 100) == Array("victim".utf8))
        #expect(status(path).st_mode & S_IFMT == S_IFLNK)
        #expect(names() == ["plan", "victim"])
    }

    @Test func aDirectoryThatIsNotThereIsAnError() throws {
        let error = #expect(throws: OperationError.self) {
            try PrivateFile.replace(scratch.path.appending("nowhere").appending("plan"), with: "plan")
        }
        #expect(error?.description.hasSuffix("No such file or directory") == true)
    }

    @Test func aNewFileIsPrivateAndReplacesNothing() throws {
        try PrivateFile.create(path, with: "one")
        #expect(status(path).st_mode & 0o777 == 0o600)
        let error = #expect(throws: OperationError.self) { try PrivateFile.create(path, with: "two") }
        #expect(error?.description.hasSuffix("it exists") == true)
        #expect(try StateFile.contents(path, limit: 100) == Array("one".utf8))
        let link = scratch.path.appending("link")
        try #require(unsafe symlink("nowhere", link.string) == 0)
        #expect(throws: OperationError.self) { try PrivateFile.create(link, with: "two") }
        #expect(names() == ["link", "plan"])
    }

    /// Root may read every directory: then this shows nothing.
    @Test func aDirectoryThatCannotBeReadHasTheFileAllTheSame() throws {
        let folder = scratch.path.appending("folder")
        try #require(unsafe mkdir(folder.string, 0o300) == 0)
        defer { _ = unsafe chmod(folder.string, 0o700) }
        try PrivateFile.create(folder.appending("plan"), with: "one")
        #expect(status(folder.appending("plan")).st_mode & 0o777 == 0o600)
    }
}
