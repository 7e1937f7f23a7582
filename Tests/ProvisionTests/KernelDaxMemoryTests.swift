import Glibc
import SystemPackage
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// The driver of memory goes only once every memory block of the device is known to be offline; until then everything can be as it was.
///
/// What can happen between two stores, and between two runs:
/// - the size of memory blocks, or a block, cannot be read: from the start, or only after the blocks went offline;
/// - the kernel's time for a block runs out, and it is offline all the same;
/// - a block comes online again in another zone than it was in;
/// - on Linux 7.x all memory was taken away in one, and then the driver does not go: the blocks were in one zone, in two, or one of them
///   was offline and holds what somebody wrote;
/// - a run was killed before it took the device's name from a driver: the driver would take the device again.
@Suite struct KernelDaxMemoryTests {
    private let machine: MadeDaxMachine

    init() throws {
        machine = try MadeDaxMachine()
        try machine.add("dax0.1", [Self.own], driver: "kmem")
        try machine.setBlock(36, "Movable")
        try machine.setBlock(37, "Movable")
    }

    /// Two memory blocks: 36 and 37.
    private static let own: Range<UInt64> = 0x1_2000_0000..<0x1_3000_0000
    private static let blockSize = "sys/devices/system/memory/block_size_bytes"

    /// Takes the driver away.
    private func release() throws(OperationError) {
        try KernelDaxRegion(MadeDaxMachine.identity, machine.places).release("dax0.1")
    }

    private func failure() throws -> OperationError {
        try #require(throws: OperationError.self) { try release() }
    }

    /// A directory answers a read with EISDIR.
    private func makeUnreadable(_ file: String) throws {
        machine.tree.remove(file)
        try machine.tree.makeDirectory(file)
    }

    private var driver: String? { machine.devices["dax0.1"]?.driver }

    // MARK: - Blocks that cannot be looked at

    @Test(arguments: [
        "sys/devices/system/memory/block_size_bytes", "sys/devices/system/memory/memory37/state",
        "sys/devices/system/memory/memory37/valid_zones",
    ])
    func blocksThatCannotBeLookedAtKeepTheDriver(file: String) throws {
        try makeUnreadable(file)
        let error = try failure()
        #expect(error.operation == "look at its memory blocks" && error.errno == EISDIR)
        #expect(machine.stores == [] && !error.hasStored)
        #expect(driver == "kmem")
    }

    @Test func blocksThatCannotBeLookedAtAnyMoreComeBackAndKeepTheDriver() throws {
        machine.afterwards["memory37/state=offline"] = { [machine] in
            machine.tree.remove(Self.blockSize)
            try machine.tree.makeDirectory(Self.blockSize)
        }
        let error = try failure()
        #expect(error.operation == "look at its memory blocks" && error.undoFailures.isEmpty)
        #expect(
            machine.stores == [
                "memory36/state=offline", "memory37/state=offline", "memory36/state=online_movable",
                "memory37/state=online_movable",
            ])
        #expect(machine.blocks == [36: "Movable", 37: "Movable"] && driver == "kmem")
    }

    @Test func whatCannotBeToldAfterTheDriverIsGoneIsSaid() throws {
        machine.afterwards["kmem/unbind=dax0.1"] = { [machine] in
            machine.tree.remove(Self.blockSize)
            try machine.tree.makeDirectory(Self.blockSize)
        }
        let error = try failure()
        #expect(error.reason.contains("its driver is gone, and whether a memory block came online"))
        #expect(driver == nil)
    }

    // MARK: - Blocks that go offline, and come back

    @Test func aBlockThatWentOfflineThoughItsTimeRanOutComesBack() throws {
        machine.afterwards["memory37/state=offline"] = { throw Errno.timedOut }
        let error = try failure()
        #expect(error.operation == "take memory block 37 offline" && error.undoFailures.isEmpty)
        #expect(
            machine.stores.suffix(2) == ["memory36/state=online_movable", "memory37/state=online_movable"])
        #expect(machine.blocks == [36: "Movable", 37: "Movable"] && driver == "kmem")
    }

    @Test func aBlockThatIsOnItsWayIsSaid() throws {
        machine.afterwards["memory37/state=offline"] = { [machine] in
            try machine.tree.put("sys/devices/system/memory/memory37/state", "going-offline")
            throw Errno.timedOut
        }
        let error = try failure()
        #expect(error.undoFailures.count == 1)
        #expect(error.undoFailures.first?.contains("(going-offline)") == true, "\(error.undoFailures)")
        #expect(driver == "kmem")
    }

    @Test func aBlockThatComesBackIntoAnotherZoneIsSaid() throws {
        machine.refusals["memory37/state=offline"] = .resourceBusy
        machine.afterwards["memory36/state=online_movable"] = { [machine] in
            try machine.setBlock(36, "Normal")
        }
        let error = try failure()
        #expect(error.operation == "take memory block 37 offline" && error.undoFailures.count == 1)
        #expect(
            error.undoFailures.first?.contains("it is in the zone Normal, and was in Movable") == true,
            "\(error.undoFailures)")
    }

    // MARK: - All memory taken away in one (Linux 7.x)

    /// The driver does not go after that.
    private func keepDriver() {
        machine.hasState = true
        machine.refusals["kmem/unbind=dax0.1"] = .ioError
    }

    @Test(arguments: [
        ("Movable", "Movable"), ("Normal", "Normal"), ("Movable", "Normal"), ("Normal", "Movable"),
    ])
    func memoryThatWasTakenAwayComesBackIntoItsZones(first: String, second: String) throws {
        try machine.setBlock(36, first)
        try machine.setBlock(37, second)
        keepDriver()
        try machine.setBlock(36, first)
        let error = try failure()
        #expect(error.errno == EIO && error.undoFailures.isEmpty, "\(error.undoFailures)")
        #expect(machine.stores.contains("dax0.1/state=unplugged"))
        #expect(machine.blocks == [36: first, 37: second] && driver == "kmem")
    }

    /// To bring it online would write over what it holds.
    @Test func memoryOfWhichSomeWasOfflineStaysAway() throws {
        try machine.setBlock(37, "")
        keepDriver()
        try machine.setBlock(36, "Movable")
        let error = try failure()
        #expect(error.errno == EIO && !error.undoFailures.isEmpty)
        #expect(error.undoFailures.contains { $0.contains("were offline") }, "\(error.undoFailures)")
        #expect(!machine.stores.contains { $0.hasPrefix("dax0.1/state=online") })
        #expect(machine.blocks.isEmpty && machine.unplugged == ["dax0.1"] && driver == "kmem")
    }

    // MARK: - Names that drivers know

    @Test func aNameThatAKilledRunLeftIsTakenFromTheDriverBeforeItGoes() throws {
        // The kernel may refuse that: the driver goes all the same.
        machine.refusals["kmem/remove_id=dax0.1"] = .ioError
        try release()
        #expect(machine.stores.suffix(2) == ["kmem/remove_id=dax0.1!", "kmem/unbind=dax0.1"])
        #expect(driver == nil && machine.blocks.isEmpty)
    }
}
