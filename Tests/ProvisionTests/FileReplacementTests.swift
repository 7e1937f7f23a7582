import Glibc
import ProvisionCore
import ProvisionHost
import SystemPackage
import Testing

/// Opening, reading and replacing files.
@Suite struct FileReplacementTests {
    private let scratch: ScratchDirectory
    private var path: FilePath { scratch.path.appending("file") }
    private var draft: FilePath { scratch.path.appending(".file.new") }

    init() throws { scratch = try ScratchDirectory() }

    private func names() throws -> [String] { try DirectoryEntries.names(in: scratch.path).sorted() }

    private func failure(_ replacement: FileReplacement) -> FileReplacement.Failure? {
        do throws(FileReplacement.Failure) {
            try replacement.write(Array("new".utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [1, 2, 65_535, 65_536, 65_537, 200_000], [1, 1000, 65_536, 200_000, 200_001])
    func aFileIsReadToItsEndWhateverIsExpected(length: Int, expected: Int) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try FileReplacement.create(path, bytes, .exactly(0o600))
        #expect(try OpenFile(path, O_RDONLY).contents(upTo: .max, expecting: expected) == bytes)
        let start = try OpenFile(path, O_RDONLY).contents(upTo: 100, expecting: expected)
        #expect(start == Array(bytes.prefix(100)))
    }

    @Test func theModeIsExactOrMasked() throws {
        // No usual mask lets everybody write.
        try FileReplacement(of: path, draft: draft, rights: .exactly(0o646)).write([1])
        #expect(try OpenFile(path, O_RDONLY).status().st_mode & 0o777 == 0o646)
        try FileReplacement(of: path, draft: draft, rights: .masked(0o600)).write([2])
        #expect(try OpenFile(path, O_RDONLY).status().st_mode & 0o777 == 0o600)
        #expect(try names() == ["file"])
    }

    @Test func whatCannotBePutInPlaceLeavesNoDraft() throws {
        try #require(unsafe mkdir(path.string, 0o700) == 0)
        let found = failure(FileReplacement(of: path, draft: draft, rights: .exactly(0o600)))
        #expect(found?.step == .rename && found?.path == path && found?.code == .isDirectory)
        #expect(try names() == ["file"])
    }

    @Test func whatHasTheNameOfTheDraftIsNotTouched() throws {
        try scratch.write("old", to: "file")
        try scratch.write("another's", to: ".file.new")
        let found = failure(FileReplacement(of: path, draft: draft, rights: .exactly(0o600)))
        #expect(found?.step == .make && found?.path == draft && found?.code == .fileExists)
        #expect(try names() == [".file.new", "file"])
        #expect(try OpenFile(path, O_RDONLY).contents(upTo: 10) == Array("old".utf8))
        #expect(try OpenFile(draft, O_RDONLY).contents(upTo: 10) == Array("another's".utf8))
    }
}

/// The one binary search, beside looking at every element.
@Suite struct PartitionPointTests {
    @Test func itIsTheFirstElementBehind() {
        for count in 0..<40 {
            let numbers = (0..<count).map { $0 * 2 }
            for wanted in -1...(2 * count) {
                let first = numbers.firstIndex { $0 >= wanted } ?? numbers.endIndex
                #expect(numbers.partitionPoint { $0 >= wanted } == first)
                #expect(numbers.dropFirst(3).partitionPoint { $0 >= wanted } == max(first, min(3, count)))
            }
        }
        #expect((UInt64.zero..<UInt64.max).least { $0 >= 1 << 63 } == 1 << 63)
        #expect((UInt64.zero..<UInt64.max).least { _ in false } == .max)
    }
}
