import Glibc
import Testing

@testable import Provision

@Suite struct KernelErrorTests {
    @Test(arguments: [
        (EACCES, HostError.Kind.notPermitted), (EPERM, .notPermitted), (EBUSY, .busy), (ENOSPC, .failed),
        (ENXIO, .failed), (EINVAL, .failed), (EIO, .failed),
    ])
    func theErrnoDecidesTheKind(errno: Int32, kind: HostError.Kind) {
        #expect(HostError.system(errno, while: "set the size").kind == kind)
    }

    @Test func libndctlsNegativeErrnoReadsLikeTheKernels() {
        #expect(HostError.system(-ENOSPC, while: "x") == HostError.system(ENOSPC, while: "x"))
        #expect(HostError.system(.min, while: "x").errno == EIO)
    }

    @Test func anErrorSaysWhatFailedWhereAndWhatToDo() {
        let error = HostError.system(ENOSPC, while: "allocate 64 MiB", device: "namespace0.1")
        #expect(error.operation == "allocate 64 MiB")
        #expect(error.device == "namespace0.1")
        #expect(error.reason == "No space left on device")
        #expect(error.advice?.contains("ask for less") == true)
    }

    @Test func aFailedUndoIsToldBesideTheError() {
        let error = HostError.system(EIO, while: "enable", device: "pfn0.1")
        let undo = HostError.system(ENXIO, while: "release the capacity", device: "namespace0.1")
        let both = error.adding(undoFailures: [undo])
        #expect(both.errno == EIO)
        #expect(both.undoFailures == ["release the capacity (namespace0.1): No such device or address"])
        #expect(error.adding(undoFailures: []) == error)
    }

    @Test func mountPointsAreFoundByDeviceNumberAndUnescaped() {
        let lines = [
            "24 1 259:1 / / rw shared:1 - ext4 /dev/pmem0 rw",
            #"25 24 259:1 / /srv/a\040b\134c rw - ext4 /dev/pmem0 rw"#,
            "26 24 259:10 / /other rw - ext4 /dev/pmem1 rw",
            "broken",
        ]
        #expect(BlockDeviceUses.mountPoints(lines, ["259:1"]) == ["/", #"/srv/a b\c"#])
        #expect(BlockDeviceUses.mountPoints(lines, []).isEmpty)
    }

    @Test func aProcessThatHasADeviceOpenIsFound() throws {
        let node = try #require(DeviceNode("/dev/null"))
        #expect(node.text == "1:3")
        let child = try Child(reading: "/dev/full")
        let full = try #require(DeviceNode("/dev/full"))
        #expect(full.users().contains { $0.id == child.id && $0.command == "sleep" })
        #expect(DeviceNode("/tmp") == nil)
    }

    @Test func onlyWhatDiffersFromTheRecycledSectorSizeIsWritten() {
        func layout(_ mode: NamespaceMode, _ sectors: UInt32?) -> Layout {
            Layout(name: nil, mode: mode, sectorSize: sectors.flatMap(SectorSize.init), rawSize: .mib(64))
        }
        #expect(KernelRegion.sectorSize(for: layout(.raw, 4096), replacing: nil) == 4096)
        #expect(KernelRegion.sectorSize(for: layout(.raw, nil), replacing: 4096) == nil)
        #expect(KernelRegion.sectorSize(for: layout(.raw, 512), replacing: 0) == 512)
        #expect(KernelRegion.sectorSize(for: layout(.fsdax, nil), replacing: 4096) == 512)
        #expect(KernelRegion.sectorSize(for: layout(.sector, 4096), replacing: nil) == nil)
    }
}

/// A `sleep` with a file as its standard input, ended at the end of its scope.
private struct Child: ~Copyable {
    let id: Int

    init(reading path: String) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
        var process = pid_t()
        let name = unsafe strdup("sleep")
        let duration = unsafe strdup("60")
        var arguments = unsafe [name, duration, nil]
        let result = unsafe posix_spawnp(&process, "sleep", &actions, nil, &arguments, environ)
        unsafe free(name)
        unsafe free(duration)
        try #require(result == 0)
        id = Int(process)
    }

    deinit {
        kill(pid_t(id), SIGKILL)
        waitpid(pid_t(id), nil, 0)
    }
}
