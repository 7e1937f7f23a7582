import Glibc
import Testing

@testable import ProvisionHost

/// What is read of the running system to find who uses a device. The devices of the tests' own machine serve.
@Suite struct KernelUseTests {
    @Test func mountsAreReadWithTheirNumberPlaceAndSource() {
        let lines = [
            "24 1 259:1 / / rw shared:1 - ext4 /dev/pmem0 rw",
            #"25 24 259:1 / /srv/a\040b\134c rw - ext4 /dev/pmem0 rw"#,
            "26 24 0:45 / /other rw shared:1 master:2 - btrfs /dev/pmem1 rw",
            "broken",
        ]
        let mounts = MountTable.parse(lines, process: 7)
        #expect(mounts.map(\.number) == ["259:1", "259:1", "0:45"])
        #expect(mounts.map(\.point) == ["/", #"/srv/a b\c"#, "/other"])
        #expect(mounts.map(\.type) == ["ext4", "ext4", "btrfs"])
        #expect(mounts.map(\.source) == ["/dev/pmem0", "/dev/pmem0", "/dev/pmem1"])
        #expect(mounts.allSatisfy { $0.process == 7 })
    }

    /// Anybody can mount a file system without a device, and name any device as its source.
    @Test func aMountIsOnADeviceByItsNumberOrByATypeThatHasDevices() throws {
        let table = MountTable([
            "30 1 259:1 / /number rw - ext4 /dev/mapper/elsewhere rw",
            "31 1 0:50 / /several rw - btrfs /dev/pmem0 rw",
            "32 1 0:51 / /fuse rw - fuseblk.ntfs /dev/pmem0 rw",
            "33 1 0:52 / /theirs rw - tmpfs /dev/pmem0 rw",
            "34 1 0:53 / /remote rw - fuse.sshfs /dev/pmem0 rw",
            "35 1 8:1 / /other rw - ext4 /dev/pmem0 rw",
            "36 1 0:54 / /node rw - btrfs /dev/null rw",
        ])
        let types: Set<String> = ["ext4", "btrfs", "fuseblk"]
        let node = DeviceNode(block: "259:1")
        #expect(
            table.mounts(of: "pmem0", node, KernelPlaces(), types: types).map(\.point) == [
                "/number", "/several", "/fuse",
            ])
        #expect(
            table.mounts(of: "pmem0", nil, KernelPlaces(), types: types).map(\.point) == [
                "/several", "/fuse",
            ])
        #expect(
            table.mounts(of: "x", DeviceNode("/dev/null"), KernelPlaces(), types: types).map(\.point) == [
                "/node"
            ])
        // Where the types are not known, every source counts.
        #expect(table.mounts(of: "pmem0", node, KernelPlaces(), types: nil).count == 5)
    }

    @Test func theTypesWithDevicesAreThoseWithoutAWordBefore() {
        let lines = ["nodev\tsysfs", "nodev\ttmpfs", "\text4", "\tbtrfs"]
        #expect(FileSystemTypes.parse(lines) == ["ext4", "btrfs"])
        #expect(FileSystemTypes.parse([]) == nil)
        #expect(FileSystemTypes.onDevices(KernelPlaces())?.contains("tmpfs") == false)
    }

    @Test func aProcessThatHasADeviceOpenIsFound() throws {
        let child = try Child(reading: "/dev/full")
        let full = try #require(DeviceNode("/dev/full"))
        let null = try #require(DeviceNode("/dev/null"))
        let users = ProcessScan.users(of: [full], KernelPlaces())
        #expect(users[full]?.contains { $0.id == child.id && $0.command == "sleep" } == true)
        #expect(users[null] == nil)
    }

    @Test func aDeviceIsKnownByItsNumberWhateverItsNodeIsCalled() throws {
        let node = try #require(DeviceNode("/dev/null"))
        #expect(node.text == "1:3")
        #expect(DeviceNode(character: "1:3") == node)
        #expect(DeviceNode(block: "1:3") != node)
        #expect(DeviceNode("/tmp") == nil)
        for text in [nil, "", "1", "1:", "x:3", "1:2:3"] { #expect(DeviceNode(block: text) == nil) }
    }

    /// daxctl cannot take memory offline that holds the kernel's own pages: to advise it leads to a second failure.
    @Test func memoryOfTheKernelsZoneIsNotAdvisedToGoOffline() {
        let movable = SystemMemory.use(of: "dax0.0", onlineIn: ["Movable", "Movable"])
        #expect(movable.advice?.hasPrefix("daxctl offline-memory dax0.0, then ") == true)
        let fixed = SystemMemory.use(of: "dax0.0", onlineIn: ["Movable", "Normal"])
        #expect(fixed.text.contains("1 of its 2 online memory blocks are in the kernel's zone Normal"))
        #expect(fixed.advice?.contains("reboot") == true)
        #expect(fixed.advice?.contains("offline-memory") == false)
        let offline = SystemMemory.use(of: "dax0.0", onlineIn: [])
        #expect(offline.advice == "daxctl reconfigure-device --mode=devdax dax0.0")
    }

    @Test func aDirectoryThatIsNotThereLiesWhereItsParentDoes() {
        #expect(FileSystemDevices.below("/proc/1/nothing/here", KernelPlaces()) == [])
        #expect(
            FileSystemDevices.below("/", KernelPlaces())
                == FileSystemDevices.below("/no/such/place", KernelPlaces()))
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
