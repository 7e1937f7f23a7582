import Glibc
import SystemPackage
package import ProvisionCore

/// A device-dax device while a step gives it another driver.
package struct KernelDaxDevice: ~Copyable {
    package static let deviceDriver = "device_dax"
    package static let memoryDriver = "kmem"
    /// How long the kernel may take to move away what is in one memory block.
    static let deadline: Int32 = 60
    /// How long blocks must stay offline before the driver goes, in looks and microseconds between them; and how many looks at most
    /// while udev is busy: rules that bring memory online follow what it is told of blocks.
    static let quietLooks = 10, mostLooks = 500
    static let pauseBetweenLooks: UInt32 = 20_000

    let name: String
    let directory: SysfsDirectory
    let bus: SysfsDirectory
    /// Its physical addresses, in the order of their offsets.
    let ranges: [Range<UInt64>]

    /// The device of a devdax namespace, which is one range, with a kernel name and a directory of sysfs.
    package static func open(
        _ name: String, at path: String, _ places: KernelPlaces
    ) throws(OperationError) -> KernelDaxDevice {
        let directory = try open(path, name, places)
        let bus = try open("\(places.buses)/dax", name, places)
        let start = directory.number("resource") ?? 0
        let size = directory.number("size") ?? 0
        guard start > 0, size > 0
        else {
            throw OperationError(
                .failed, while: "look at the device", device: name, reason: "its addresses cannot be read",
                advice: "root needs CAP_SYS_ADMIN for them")
        }
        return KernelDaxDevice(name: name, directory: directory, bus: bus, ranges: [start..<(start + size)])
    }

    /// A device of a dynamic region that has these ranges. The kernel shows the first address alone for the device's own.
    static func open(
        _ name: String, at path: String, with ranges: [Range<UInt64>], _ places: KernelPlaces
    ) throws(OperationError) -> KernelDaxDevice {
        KernelDaxDevice(
            name: name, directory: try open(path, name, places),
            bus: try open("\(places.buses)/dax", name, places), ranges: ranges)
    }

    private init(
        name: String, directory: consuming SysfsDirectory, bus: consuming SysfsDirectory,
        ranges: [Range<UInt64>]
    ) {
        self.name = name
        self.directory = directory
        self.bus = bus
        self.ranges = ranges
    }

    var places: KernelPlaces { directory.places }

    var memory: SysfsDirectory? { SysfsDirectory.ifThere(places.memoryBlocks, places) }

    private static func open(
        _ path: String, _ device: String, _ places: KernelPlaces
    ) throws(OperationError) -> SysfsDirectory {
        do throws(Errno) {
            return try SysfsDirectory(path, places)
        } catch {
            throw .system(error.rawValue, while: "look at the device", device: device)
        }
    }

    /// The driver bound to it; nil: none.
    package var driver: String? { directory.linkTarget("driver") }

    /// Its character device, as the kernel numbers it.
    var node: DeviceNode? { DeviceNode(character: directory.text("dev")) }

    /// The alignment of mappings, in bytes.
    var alignment: UInt64? { directory.number("align") }

    /// Makes it what a use says. Nobody uses it.
    package func use(as use: DeviceUse) throws(OperationError) {
        let driver = driver
        switch use {
        case .devdax where driver == nil: try bind(to: Self.deviceDriver)
        case .devdax where driver == Self.memoryDriver: try becomeDevice()
        case .devdax where driver == Self.deviceDriver: return
        case .systemRAM(let online, let memmapOnMemory) where driver == Self.memoryDriver:
            if (memmapOnMemoryInEffect ?? false) == memmapOnMemory {
                try bring(online)
            } else {
                try becomeOtherMemory(online, memmapOnMemory)
            }
        case .systemRAM(let online, let memmapOnMemory) where driver == nil || driver == Self.deviceDriver:
            try becomeMemory(online, memmapOnMemory)
        case .devdax, .systemRAM:
            throw failed("it \(DeviceHindrance.heldBy(driver))", nil)
        }
    }

    /// Takes its driver away. Memory goes offline first; where it does not, everything is as before.
    func release() throws(OperationError) {
        switch driver {
        case nil: return
        case Self.deviceDriver?: try unbind(Self.deviceDriver)
        case Self.memoryDriver?:
            _ = try leaveMemory()
            resetMemmapOnMemory()
        case let other?: throw failed("it \(DeviceHindrance.heldBy(other))", nil)
        }
    }

    // MARK: - To memory

    /// Binds it to `kmem`, and brings its blocks online as asked. Other drivers' devices stay as they are.
    private func becomeMemory(_ online: OnlinePolicy, _ memmapOnMemory: Bool) throws(OperationError) {
        try requirePossible()
        // Loading the driver, too, binds what is unbound and made for it: this one as well, where it has no driver.
        try requireNoOtherUnbound(drivers())
        let policy = SystemMemory.policy(places) ?? "offline"
        if policy != "offline" { try SystemMemory.setPolicy("offline", places) }
        do throws(OperationError) {
            try loadMemoryDriver()
            let others = drivers()
            try requireNoOtherUnbound(others)
            let was = driver == Self.memoryDriver ? nil : driver
            if let was { try unbind(was) }
            do throws(OperationError) {
                // Loading the driver may have bound it.
                if driver == Self.memoryDriver, (memmapOnMemoryInEffect ?? false) != memmapOnMemory {
                    _ = try leaveMemory()
                }
                if driver == nil { try setMemmapOnMemory(memmapOnMemory) }
                if driver != Self.memoryDriver { try bind(to: Self.memoryDriver) }
                try requireSame(others)
                try bring(online)
            } catch {
                throw putBack(was, after: error)
            }
        } catch {
            throw giveBack(policy, after: error)
        }
        if policy != "offline" { try SystemMemory.setPolicy(policy, places) }
    }

    private func giveBack(_ policy: String, after failure: OperationError) -> OperationError {
        guard policy != "offline" else { return failure }
        do throws(OperationError) {
            try SystemMemory.setPolicy(policy, places)
            return failure
        } catch {
            return failure.adding(undoFailures: [error])
        }
    }

    /// Gives the device its driver back, after what was tried failed.
    private func putBack(_ was: String?, after failure: OperationError) -> OperationError {
        do throws(OperationError) {
            if driver == Self.memoryDriver { _ = try leaveMemory() }
            resetMemmapOnMemory()
            if let was { try bind(to: was) }
            return failure
        } catch {
            return failure.adding(undoFailures: [error])
        }
    }

    private func requirePossible() throws(OperationError) {
        guard SystemMemoryRanges.used(of: ranges, places).isEmpty else {
            throw failed("its range \(DeviceHindrance.heldByNoDevice)", DeviceHindrance.reboot)
        }
        guard let node = directory.text("target_node"), !node.hasPrefix("-") else {
            throw failed(DeviceHindrance.hasNoNode("it"), nil)
        }
        guard try !blocks().isEmpty else {
            throw failed(
                "no whole memory block lies within its range", "choose a larger size")
        }
    }

    // MARK: - To a device

    /// Takes every block offline, and the driver away. Where that cannot be, or the blocks cannot be looked at, they are as before.
    /// - Returns: the zones of the blocks that were online.
    private func leaveMemory() throws(OperationError) -> [UInt64: String] {
        let before = try states()
        var taken: [UInt64: String] = [:]
        try takeOffline(&taken)
        // With one block online the unbind strands the whole range until the next boot.
        let back: UInt64?
        do throws(OperationError) {
            back = try comesBack()
        } catch {
            throw bringBack(taken, after: error)
        }
        if let back {
            let now = try? states()
            throw bringBack(
                taken.filter { block, _ in now.map { $0[block] == .some(nil) } ?? true },
                after: failed(
                    "memory block \(back) came online again: something brings memory online here",
                    "find out what does (a udev rule for memory, or a daemon), and stop it"))
        }
        do throws(OperationError) {
            try unplug()
            try unbind(Self.memoryDriver)
        } catch {
            throw bringBack(taken, after: plugBack(before, after: error))
        }
        // The kernel says nothing where a block came online in that very moment.
        let left: UInt64?
        do throws(OperationError) {
            left = try states().keys.min()
        } catch {
            throw failed(
                "its driver is gone, and whether a memory block came online in that moment cannot be told: \(error.reason)",
                "look whether its range is system memory (/proc/iomem): only a reboot gives it back then")
        }
        if let block = left {
            throw failed(
                "memory block \(block) came online while its driver was taken away: the range is the kernel's now",
                "find out what brings memory online here, and \(DeviceHindrance.reboot)")
        }
        return taken
    }

    /// Takes every block offline, and gives it back to `device_dax`. Its page map is where the kernel has it by default again.
    private func becomeDevice() throws(OperationError) {
        try requireAlone()
        let was = memmapOnMemoryInEffect ?? false
        let taken = try leaveMemory()
        do throws(OperationError) {
            resetMemmapOnMemory()
            try bind(to: Self.deviceDriver)
        } catch {
            throw becomeMemoryAgain(taken, was, after: error)
        }
    }

    /// Where `device_dax` would have to be told the name, it would take every device without a driver: then memory stays what it is. A bind of
    /// what has a driver changes nothing, and tells: it is EBUSY where the kernel would bind this device alone, and ENODEV where it would not
    /// (drivers/base/bus.c, `bind_store`; drivers/base/dd.c, `__driver_probe_device`).
    func requireAlone() throws(OperationError) {
        guard driver == Self.memoryDriver else { return }
        let others = drivers()
        do throws(OperationError) {
            try requireNoOtherUnbound(others, wouldBe: "open to programs")
        } catch {
            do throws(Errno) {
                try bus.write(name, to: "drivers/\(Self.deviceDriver)/bind")
            } catch let answer {
                guard answer.rawValue == EBUSY else { throw error }
            }
        }
    }

    /// Gives memory its page map elsewhere, which the kernel does to a device without its driver alone.
    private func becomeOtherMemory(_ online: OnlinePolicy, _ memmapOnMemory: Bool) throws(OperationError) {
        try requireNoOtherUnbound(drivers())
        let was = memmapOnMemoryInEffect ?? false
        let taken = try leaveMemory()
        do throws(OperationError) {
            try becomeMemory(online, memmapOnMemory)
        } catch {
            throw becomeMemoryAgain(taken, was, after: error)
        }
    }

    /// Makes it the memory again that it was, unless another device would become memory with it: then it has no driver. The kernel's
    /// policy would bring its blocks online in a zone of its own choice.
    private func becomeMemoryAgain(
        _ taken: [UInt64: String], _ memmapOnMemory: Bool, after failure: OperationError
    ) -> OperationError {
        let policy = SystemMemory.policy(places) ?? "offline"
        let others = drivers()
        do throws(OperationError) {
            try requireNoOtherUnbound(others)
            if policy != "offline" { try SystemMemory.setPolicy("offline", places) }
            try setMemmapOnMemory(memmapOnMemory)
            try bind(to: Self.memoryDriver)
        } catch {
            return giveBack(policy, after: failure.adding(undoFailures: [error]))
        }
        var failure = bringBack(taken, after: failure)
        do throws(OperationError) { try requireSame(others) } catch {
            failure = failure.adding(undoFailures: [error])
        }
        return giveBack(policy, after: failure)
    }

    /// Has the kernel tell udev that the device changed.
    func announceChange() throws(OperationError) {
        try store("change", in: "devices/\(name)/uevent", "tell udev of the device")
    }

    /// Stores a value in an attribute of the bus.
    func store(_ value: String, in attribute: String, _ operation: String) throws(OperationError) {
        do throws(Errno) {
            try bus.write(value, to: attribute)
        } catch {
            throw .system(error.rawValue, while: operation, device: name)
        }
    }

    func failed(
        _ reason: String, _ advice: String?, while operation: String = "configure the device"
    ) -> OperationError {
        OperationError(.failed, while: operation, device: name, reason: reason, advice: advice)
    }
}
