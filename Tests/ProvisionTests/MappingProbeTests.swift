import Glibc
import SystemPackage
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// The measuring itself, on files of the tests' own machine, which has no DAX.
@Suite struct MappingProbeTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func probe(length: Int) throws -> MappingOutcome {
        try scratch.write("", to: "device")
        let file = unsafe open(scratch.path.appending("device").string, O_RDWR | O_CLOEXEC)
        try #require(file >= 0 && ftruncate(file, length) == 0)
        defer { close(file) }
        return MappingProbe.device(file, offset: .zero, length: .mib(4), align: .mib(2))
    }

    @Test func aTouchThatEndsWithASignalIsAReason() throws {
        guard case .failed(let reason) = try probe(length: 0) else {
            Issue.record("nothing lies behind the end of a file")
            return
        }
        #expect(reason.code == .fault && reason.message.contains("SIGBUS"))
    }

    @Test func aFileInThePageCacheIsNotSynchronous() throws {
        guard case .measured(let mapping) = try probe(length: 4 << 20) else {
            Issue.record("a file can be mapped")
            return
        }
        #expect(!mapping.isSynchronous && mapping.isDax != true && mapping.touch?.access == .load)
    }

    @Test func whatCannotBeMappedIsAReason() {
        let outcome = MappingProbe.device(-1, offset: .zero, length: .mib(4), align: .mib(2))
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.code == .map)
    }

    @Test(arguments: [false, true])
    func aFileOfOurOwnLeavesNothing(attribute: Bool) throws {
        var status = stat()
        try #require(unsafe stat(scratch.path.string, &status) == 0)
        let here = DeviceNode(blockNumber: UInt64(status.st_dev))
        let outcome = MappingProbe.file(in: scratch.path.string, on: here, attribute: attribute)
        if case .measured(let mapping) = outcome {
            #expect(
                !mapping.isSynchronous && mapping.touch == nil, "stores through the page cache prove nothing")
        }
        #expect(try DirectoryEntries.names(closing: openScratch()) == [])
    }

    private func openScratch() throws -> Int32 {
        let descriptor = unsafe open(scratch.path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(descriptor >= 0)
        return descriptor
    }

    @Test func anotherFileSystemThanTheOneMeantIsLeftAlone() throws {
        let outcome = MappingProbe.file(
            in: scratch.path.string, on: DeviceNode(blockNumber: 1), attribute: false)
        guard case .failed(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.code == .mountedOver)
    }

    @Test func theOptionForDaxIsReadInEachSpelling() {
        let lines = ["rw,dax", "rw,dax=inode,errors=x", "ro,daxx", "rw", "dax=never"].map {
            "24 1 259:1 / /srv rw - ext4 /dev/pmem0 \($0)"
        }
        #expect(
            MountTable.parse(lines, process: nil).map(\.daxOption) == ["always", "inode", nil, nil, "never"])
    }
}
