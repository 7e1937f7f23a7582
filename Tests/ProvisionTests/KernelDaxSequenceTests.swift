import Glibc
import SystemPackage
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// The stores that a step on a device of a dynamic dax region makes, in their order, and what a store that fails leaves behind: the kernel
/// host itself, on a made tree.
@Suite struct KernelDaxSequenceTests {
    private let machine: MadeDaxMachine

    /// Half of the region is a device that another tool made, and that stays what it is.
    init() throws {
        machine = try MadeDaxMachine()
        try machine.add("dax0.0", [Self.first], driver: "device_dax")
    }

    private static let first: Range<UInt64> = 0x1_0000_0000..<0x1_2000_0000
    private static let own: Range<UInt64> = 0x1_2000_0000..<0x1_3000_0000
    private static let more: Range<UInt64> = 0x1_3800_0000..<0x1_4000_0000
    private static let memory = DeviceUse.systemRAM(.movable)

    private static func layout(_ ranges: [Range<UInt64>] = [own], _ use: DeviceUse? = .devdax) -> DeviceLayout
    {
        DeviceLayout(ranges: ranges, align: .mib(2), use: use)
    }

    private func perform(_ before: DeviceLayout?, _ after: DeviceLayout?) throws(OperationError) {
        let transition = DeviceTransition(
            region: MadeDaxMachine.identity, regionName: "hmem.0", name: "scratch", before: before,
            after: after)
        _ = try machine.host.perform(.setDevice(transition), identity: .none)
    }

    /// The error of a step that fails.
    private func failure(_ before: DeviceLayout?, _ after: DeviceLayout?) throws -> OperationError {
        try #require(throws: OperationError.self) { try perform(before, after) }
    }

    /// The device is there, as memory whose two blocks are online; the stores for that are forgotten.
    private func makeMemory() throws {
        try machine.add("dax0.1", [Self.own], driver: "kmem")
        for block in machine.blocks.keys { try machine.setBlock(block, "Movable") }
    }

    @Test func aDeviceIsMadeWithoutADriverAndGetsItsMemoryBeforeOne() throws {
        try perform(nil, Self.layout())
        #expect(
            machine.stores == [
                "dax_region/create=1", "dax0.1/mapping=0x120000000-0x12fffffff", "device_dax/bind=dax0.1",
            ])
        #expect(machine.devices["dax0.1"] == .init(ranges: [Self.own], driver: "device_dax"))
        let found = try machine.host.daxRegion(MadeDaxMachine.identity)
        #expect(found?.device(of: [Self.own])?.layout == Self.layout())
    }

    @Test func aDeviceGoesOnceItHasNeitherDriverNorMemory() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try perform(Self.layout(), nil)
        #expect(
            machine.stores == [
                "device_dax/remove_id=dax0.1", "device_dax/unbind=dax0.1", "dax0.1/size=0",
                "dax_region/delete=dax0.1",
            ])
        #expect(Array(machine.devices.keys) == ["dax0.0"])
    }

    @Test func aDeviceGrowsByAnotherRangeWithoutADriver() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try perform(Self.layout(), Self.layout([Self.own, Self.more]))
        #expect(
            machine.stores == [
                "device_dax/remove_id=dax0.1", "device_dax/unbind=dax0.1",
                "dax0.1/mapping=0x138000000-0x13fffffff", "device_dax/bind=dax0.1",
            ])
        try perform(Self.layout([Self.own, Self.more]), Self.layout())
        #expect(
            machine.stores.suffix(3) == [
                "device_dax/unbind=dax0.1", "dax0.1/size=268435456", "device_dax/bind=dax0.1",
            ], "what goes is at its end")
    }

    /// A device that another has open is not touched: one process is seen, with the kernel's null device for the device's own.
    @Test func whatAProcessHasOpenIsNotTouched() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try machine.tree.makeDirectory("proc/77/fd")
        try machine.tree.put("proc/77/comm", "holder")
        try #require(unsafe symlink("/bin/holder", "\(machine.tree.root)/proc/77/exe") == 0)
        try #require(unsafe symlink("/dev/null", "\(machine.tree.root)/proc/77/fd/3") == 0)
        let error = try failure(Self.layout(), nil)
        #expect(error.kind == .busy && error.reason.contains("open in process 77 (holder)"))
        #expect(machine.stores == [] && !error.hasStored)
    }

    /// What is new to a device is cleared while it is a device of root's alone, of another alignment.
    @Test func memoryThatChangesHandsIsClearedAsADeviceOfItsOwn() throws {
        let new: Range<UInt64> = 0x1_3000_0000..<0x1_3020_0000
        let layout = DeviceLayout(ranges: [new], align: .mib(2), use: .devdax)
        let transition = DeviceTransition(
            region: MadeDaxMachine.identity, regionName: "hmem.0", name: "scratch", before: nil,
            after: layout, zeroes: true)
        let host = machine.host
        _ = try host.perform(.setDevice(transition), identity: .none)
        #expect(
            machine.stores == [
                "dax_region/create=1", "dax0.1/align=4096", "dax0.1/mapping=0x130000000-0x1301fffff",
                "device_dax/bind=dax0.1", "device_dax/remove_id=dax0.1", "device_dax/unbind=dax0.1",
                "dax0.1/size=0", "dax_region/delete=dax0.1", "dax_region/create=1",
                "dax0.2/mapping=0x130000000-0x1301fffff", "device_dax/bind=dax0.2",
            ])
    }

    // MARK: - Memory

    @Test func memoryComesOnlineInItsZoneWhileNewMemoryStaysOffline() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try machine.setPolicy("online")
        try perform(Self.layout(), Self.layout([Self.own], Self.memory))
        #expect(
            machine.stores == [
                "auto_online_blocks=offline", "device_dax/remove_id=dax0.1", "device_dax/unbind=dax0.1",
                "kmem/new_id=dax0.1", "kmem/remove_id=dax0.1", "memory36/state=online_movable",
                "memory37/state=online_movable", "auto_online_blocks=online",
            ])
        #expect(machine.blocks == [36: "Movable", 37: "Movable"] && machine.policy == "online")
        #expect(machine.devices["dax0.0"]?.driver == "device_dax")
    }

    @Test func memoryGoesOfflineBlockByBlockBeforeItsDriver() throws {
        try makeMemory()
        try perform(Self.layout([Self.own], Self.memory), Self.layout())
        #expect(
            machine.stores == [
                "memory36/state=offline", "memory37/state=offline", "kmem/remove_id=dax0.1",
                "kmem/unbind=dax0.1", "device_dax/bind=dax0.1",
            ])
        #expect(machine.blocks.isEmpty && machine.devices["dax0.1"]?.driver == "device_dax")
    }

    @Test func aBlockThatStaysOnlineBringsTheOthersBack() throws {
        try makeMemory()
        let (devices, blocks) = (machine.devices, machine.blocks)
        machine.refusals["memory37/state=offline"] = .resourceBusy
        let error = try failure(Self.layout([Self.own], Self.memory), Self.layout())
        #expect(error.reason == "the kernel cannot move what is in it" && error.errno == EBUSY)
        #expect(error.operation == "take memory block 37 offline" && error.hasStored)
        #expect(error.undoFailures.isEmpty)
        #expect(
            machine.stores == [
                "memory36/state=offline", "memory37/state=offline!", "memory36/state=online_movable",
            ])
        #expect(machine.devices == devices && machine.blocks == blocks, "everything is as it was")
    }

    @Test func aBlockThatDoesNotComeOnlineMakesItADeviceAgain() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try machine.setPolicy("online")
        let devices = machine.devices
        machine.refusals["memory37/state=online_movable"] = .noMemory
        let error = try failure(Self.layout(), Self.layout([Self.own], Self.memory))
        #expect(error.operation == "bring memory block 37 online" && error.undoFailures.isEmpty)
        #expect(
            machine.stores.suffix(5) == [
                "memory36/state=offline", "kmem/remove_id=dax0.1", "kmem/unbind=dax0.1",
                "device_dax/bind=dax0.1", "auto_online_blocks=online",
            ])
        #expect(machine.devices == devices && machine.blocks.isEmpty && machine.policy == "online")
    }

    /// Nothing can be done about it, and it is said.
    @Test func aBlockThatComesOnlineWhileTheDriverGoesIsToldAsTheKernels() throws {
        try makeMemory()
        machine.afterwards["memory37/state=offline"] = { [machine] in
            machine.afterwards["kmem/unbind=dax0.1"] = {
                try machine.setBlock(36, "Normal")
            }
        }
        let error = try failure(Self.layout([Self.own], Self.memory), Self.layout())
        #expect(error.reason.contains("the range is the kernel's now"))
        #expect(machine.devices["dax0.1"]?.driver == nil)
    }

    @Test func aBlockThatSomebodyBringsBackKeepsTheDriver() throws {
        try makeMemory()
        machine.afterwards["memory37/state=offline"] = { [machine] in
            try machine.setBlock(36, "Movable")
        }
        let error = try failure(Self.layout([Self.own], Self.memory), Self.layout())
        #expect(error.reason.contains("memory block 36 came online again"))
        #expect(machine.blocks == [36: "Movable", 37: "Movable"])
        #expect(machine.devices["dax0.1"]?.driver == "kmem")
        #expect(!machine.stores.contains("kmem/unbind=dax0.1"))
    }

    @Test func anotherDeviceWithoutADriverKeepsMemoryFromBeingMade() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        try machine.add("dax0.2", [Self.more], driver: nil)
        let error = try failure(Self.layout(), Self.layout([Self.own], Self.memory))
        #expect(error.reason.contains("dax0.2 has no driver"))
        #expect(machine.stores == [] && !error.hasStored)
    }

    @Test func theKernelsOwnProgramLoadsAMissingDriver() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        machine.tree.remove("sys/bus/dax/drivers/kmem")
        let error = try failure(Self.layout(), Self.layout([Self.own], Self.memory))
        #expect(machine.modules == ["kmem"] && machine.stores == [])
        #expect(error.reason.contains("/sbin/modprobe kmem ended with 1"))
        #expect(machine.devices["dax0.1"]?.driver == "device_dax")
    }

    // MARK: - Failures

    @Test func aDeviceWhoseMemoryIsRefusedGoes() throws {
        machine.refusals["dax0.1/mapping=0x120000000-0x12fffffff"] = .noSpace
        let error = try failure(nil, Self.layout())
        #expect(error.operation?.hasPrefix("give dax0.1 0x120000000") == true && error.errno == ENOSPC)
        #expect(error.hasStored && error.undoFailures.isEmpty)
        #expect(
            machine.stores == [
                "dax_region/create=1", "dax0.1/mapping=0x120000000-0x12fffffff!", "dax_region/delete=dax0.1",
            ])
        #expect(Array(machine.devices.keys) == ["dax0.0"])
    }

    @Test func aDeviceThatCannotGrowIsWhatItWas() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        let devices = machine.devices
        machine.refusals["dax0.1/mapping=0x138000000-0x13fffffff"] = .noSpace
        let error = try failure(Self.layout(), Self.layout([Self.own, Self.more]))
        #expect(error.errno == ENOSPC && error.undoFailures.isEmpty)
        #expect(machine.devices == devices)
    }

    /// One that a driver has refused once, no driver ever takes again.
    @Test func aDeviceThatItsDriverRefusesAfterwardsIsMadeAnew() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        machine.refusals["dax0.1/mapping=0x138000000-0x13fffffff"] = .noSpace
        machine.refusals["device_dax/bind=dax0.1"] = .ioError
        let error = try failure(Self.layout(), Self.layout([Self.own, Self.more]))
        #expect(error.errno == ENOSPC && error.undoFailures.isEmpty)
        #expect(machine.devices["dax0.1"] == nil)
        #expect(machine.devices["dax0.2"] == .init(ranges: [Self.own], driver: "device_dax"))
    }

    @Test func aDeviceThatCannotBePutBackIsSaidToBeSo() throws {
        try machine.add("dax0.1", [Self.own], driver: "device_dax")
        machine.refusals["dax0.1/mapping=0x138000000-0x13fffffff"] = .noSpace
        machine.refusals["device_dax/bind=dax0.1"] = .ioError
        machine.refusals["dax_region/create=1"] = .noMemory
        let error = try failure(Self.layout(), Self.layout([Self.own, Self.more]))
        #expect(error.errno == ENOSPC && error.undoFailures.count == 1)
    }

    /// Somebody else's driver comes while it has none: a range for a bound device would be an oops at its first use.
    @Test func aDriverThatComesInBetweenKeepsMemoryFromBeingGiven() throws {
        machine.afterwards["dax_region/create=1"] = { [machine] in
            try machine.tree.link(
                "sys/devices/platform/hmem.0/dax0.1/driver", to: "sys/bus/dax/drivers/device_dax")
        }
        let error = try failure(nil, Self.layout())
        #expect(error.kind == .changed && error.reason.contains("the driver device_dax has taken it"))
        #expect(!machine.stores.contains { $0.hasPrefix("dax0.1/mapping") })
    }

    // MARK: - Reading

    /// A directory answers a read with EISDIR, which says neither that there is nothing nor that this user may not look.
    @Test func whatCannotBeReadIsAnErrorForWhoAsksAndAbsentForOthers() throws {
        machine.tree.remove("sys/devices/platform/hmem.0/dax_region/align")
        try machine.tree.makeDirectory("sys/devices/platform/hmem.0/dax_region/align")
        let places = machine.places
        let region = try #require(DaxRegionReader(places).read().regions.first)
        #expect(region.align == nil, "for who does not ask, it is absent")
        let error = try #require(throws: OperationError.self) {
            try machine.host.daxRegion(MadeDaxMachine.identity)
        }
        #expect(error.kind == .failed && error.errno == EISDIR)
        #expect(error.operation?.hasSuffix("dax_region/align") == true)
        // What one has asked, nobody else is told.
        #expect(try KernelDaxRegion(MadeDaxMachine.identity, places).region().align == nil)
    }

    @Test func anErrorOfTheWorkItselfCountsMoreThanWhatCouldNotBeRead() throws {
        machine.tree.remove("sys/devices/platform/hmem.0/dax_region/align")
        try machine.tree.makeDirectory("sys/devices/platform/hmem.0/dax_region/align")
        let error = try failure(Self.layout(), nil)
        #expect(error.kind == .changed && error.reason.contains("scratch is gone"))
    }
}
