/// The device-dax device of an active devdax namespace: what holds it, which the namespace itself does not show.
///
/// The namespace is active as soon as the nvdimm driver has made the device. Whether anybody can open `/dev/daxX.Y`
/// depends on the driver of the device itself (`/sys/bus/dax/devices/daxX.Y/driver`).
public struct DaxDevice: Equatable, Sendable {
    /// What it is used as.
    public var mode: Mode
    /// The name of the driver that is bound to it; nil where none is, or where a listing does not tell.
    public var driver: String?
    /// Its memory blocks, of ``Mode/systemRAM`` alone; nil where they are not known (not root).
    public var memory: Memory?
    /// Whether its memory blocks hold their own page map, of ``Mode/systemRAM`` alone; nil where the kernel does not tell.
    public var memmapOnMemory: Bool?
    /// Whether its range is system memory though no driver holds the device: it was unbound while memory blocks were
    /// online, and the kernel gives the range back at a reboot alone. False where it is not known (not root).
    public var isStranded: Bool
    /// Whether its node is there, and what became of opening it; nil where it is there and nobody tried. Steps try,
    /// inventories do not.
    public var node: Node?

    /// What a device is used as.
    public enum Mode: String, CaseIterable, Sendable {
        /// As `/dev/daxX.Y` (driver `device_dax`).
        case devdax
        /// As system memory (driver `kmem`), in daxctl's word.
        case systemRAM = "system-ram"
        /// No driver: opening the node fails with ENXIO.
        case disabled
        /// Whatever its driver does, which daxprov does not know (`fsdev_dax`).
        case other
    }

    /// The memory blocks of a device that is system memory.
    public struct Memory: Equatable, Sendable {
        /// How many memory blocks are online.
        public var online: Int
        /// How many there are.
        public var total: Int
        /// Whether the online ones are all in the zone whose pages can be moved away; nil where none is online.
        public var isMovable: Bool?

        /// Memory of so many blocks.
        public init(online: Int, total: Int, isMovable: Bool?) {
            self.online = online
            self.total = total
            self.isMovable = isMovable
        }
    }

    /// What became of opening a device node.
    public enum Node: Equatable, Sendable {
        /// It can be opened.
        case opens
        /// There is none: no devtmpfs, and no udev that made it.
        case missing
        /// It is not the character device that sysfs names.
        case isAnother
        /// It cannot be opened, for this reason.
        case failed(String)
    }

    /// A device in a mode.
    public init(
        _ mode: Mode, driver: String? = nil, memory: Memory? = nil, isStranded: Bool = false,
        node: Node? = nil
    ) {
        self.mode = mode
        self.driver = driver
        self.memory = memory
        self.isStranded = isStranded
        self.node = node
    }

    /// The device that has this driver; nil: none.
    package init(boundTo driver: String?) {
        let mode: Mode =
            switch driver {
            case "device_dax": .devdax
            case "kmem": .systemRAM
            case nil: .disabled
            default: .other
            }
        self.init(mode, driver: driver)
    }
}

extension DaxDevice {
    /// What differs from a device that can be opened, in a few words; nil where nothing does.
    public var deviation: String? {
        switch mode {
        case .devdax: return node == .missing ? "no device node" : nil
        case .disabled: return isStranded ? "device disabled, system memory" : "device disabled"
        case .other: return "driver \(driver ?? "unknown")"
        case .systemRAM:
            guard let memory else { return "system-ram" }
            return "system-ram, \(memory.online) of \(memory.total) blocks online"
                + (memmapOnMemory == true ? ", memmap_on_memory" : "")
        }
    }

    /// What it is used as; nil where it is of no use (no driver), or of one that no profile can declare: another driver, memory
    /// of which a part is online, or of which that is not known.
    package var use: DeviceUse? {
        switch mode {
        case .devdax: return .devdax
        case .disabled, .other: return nil
        case .systemRAM:
            guard let memory, memory.online == 0 || memory.online == memory.total else { return nil }
            let online: OnlinePolicy =
                memory.online == 0 ? .none : memory.isMovable == true ? .movable : .kernel
            return .systemRAM(online, memmapOnMemory: memmapOnMemory == true)
        }
    }

    /// What it is used as, in words: the use that a profile can declare, or else what it is instead.
    package var useInWords: String { use?.text ?? deviation ?? mode.rawValue }

    /// A device in such a use.
    package init(usedAs use: DeviceUse) {
        switch use {
        case .devdax: self.init(.devdax, driver: "device_dax")
        case .systemRAM(_, let memmapOnMemory):
            self.init(.systemRAM, driver: "kmem")
            if memmapOnMemory { self.memmapOnMemory = true }
        }
    }
}

extension Namespace {
    /// What its device is used as; nil where it has none, or where no profile can declare it (``DaxDevice/use``). A host that does not
    /// tell of devices has one for each active devdax namespace.
    package var deviceUse: DeviceUse? {
        guard isActive, mode == .devdax else { return nil }
        return (daxDevice ?? DaxDevice(.devdax)).use
    }
}
