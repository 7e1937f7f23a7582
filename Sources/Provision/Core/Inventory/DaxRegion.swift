/// A dax region: memory of which the kernel makes device-dax devices (drivers/dax/bus.c).
///
/// Its ``path`` tells it from the others. Its ``id`` does not: the regions of all devdax namespaces of one nvdimm region
/// have the same.
public struct DaxRegion: Equatable, Sendable {
    /// Where sysfs shows it, without `/sys/devices`, as daxctl writes it: `/platform/hmem.0`.
    public var path: String
    /// The number that its devices have before the point: 0 of `dax0.1`. Given out anew at each boot.
    public var id: Int
    /// Whether devices can be made and removed.
    public var kind: Kind
    /// Its capacity.
    public var size: ByteCount
    /// Its first physical address; nil where it is not known: not root, or the kernel does not tell.
    public var start: UInt64?
    /// The alignment that new devices have; nil where it is not known (not root).
    public var align: ByteCount?
    /// The capacity that no device has; nil for a static region.
    public var availableSize: ByteCount?
    /// Its devices, sorted by their numbers.
    public var devices: [Device]
    /// Ranges of it that are the kernel's memory though no device is system memory there, sorted: what was unbound
    /// while memory blocks were online. The kernel gives them back at a reboot alone, and counts them as free. Empty where
    /// it is not known (not root).
    public var strandedRanges: [Range<UInt64>]
    /// Its devices as daxprov's record has them; empty for a static region, and where there is no record.
    public var recorded: [RecordedDevice]
    /// The CXL region that it lies in, of type ram; nil where it lies in none, or the CXL bus does not tell all of its targets.
    public var cxl: CXLRegion?

    /// Whether devices can be made and removed in a region.
    public enum Kind: String, CaseIterable, Sendable {
        /// One device spans it: a devdax namespace.
        case `static`
        /// Devices are made, resized and removed: soft-reserved memory, volatile CXL memory.
        case dynamic
    }

    /// A region with these parts.
    public init(
        path: String, id: Int, kind: Kind, size: ByteCount, start: UInt64? = nil, align: ByteCount? = nil,
        availableSize: ByteCount? = nil, devices: [Device] = [], strandedRanges: [Range<UInt64>] = [],
        recorded: [RecordedDevice] = []
    ) {
        self.path = path
        self.id = id
        self.kind = kind
        self.size = size
        self.start = start
        self.align = align
        self.availableSize = availableSize
        self.devices = devices
        self.strandedRanges = strandedRanges
        self.recorded = recorded
    }

    /// The last part of its path: `hmem.0`, `dax_region2`, or `dax0.0` for a namespace's.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The CXL bus's name of the CXL region that it lies in, by its path; nil where it lies in none. The kernel puts `dax_regionN` below
    /// that region (drivers/cxl/core/region.c, `devm_cxl_add_dax_region`).
    package var cxlRegionName: String? {
        let parts = path.split(separator: "/")
        guard kind == .dynamic, parts.count > 1, parts[parts.count - 1].hasPrefix("dax_region") else {
            return nil
        }
        return String(parts[parts.count - 2])
    }

    /// The namespace whose memory a static region is; nil where none is known.
    /// - Parameter namespaces: the host's (``Observed/namespacesByCharacterDevice``).
    package func namespace(among namespaces: [String: Namespace]) -> Namespace? {
        kind == .static ? devices.lazy.compactMap { namespaces[$0.name] }.first : nil
    }

    /// The physical addresses that it takes; nil where its start is not known.
    public var range: Range<UInt64>? {
        start.flatMap { start in
            let (end, overflow) = start.addingReportingOverflow(size.bytes)
            return overflow ? nil : start..<end
        }
    }

    /// The ranges that no device has, sorted; those of ``strandedRanges`` are among them. Nil where an address is not known.
    public var freeRanges: [Range<UInt64>]? {
        guard let range else { return nil }
        var taken: [Range<UInt64>] = []
        for device in devices {
            guard let mappings = device.mappings else { return nil }
            taken += mappings.map(\.range)
        }
        return range.subtracting(taken)
    }
}

extension DaxRegion {
    /// A device of a region (`/dev/daxX.Y`).
    public struct Device: Equatable, Sendable {
        /// The kernel's name: `dax0.1`. Given out anew at each boot, and again after a device was removed.
        public var name: String
        /// Its capacity; zero for one that has no memory yet.
        public var size: ByteCount
        /// What addresses and lengths of its mappings into processes must be multiples of.
        public var align: ByteCount?
        /// The node that its memory would become as system memory; nil where the platform gives none.
        public var targetNode: Int?
        /// The nearest node; nil where the platform gives none.
        public var numaNode: Int?
        /// The name of the driver that is bound to it; nil: none.
        public var driver: String?
        /// The ranges of memory that it consists of, in the order of their offsets in the device, which need not be that of
        /// their addresses; nil where they are not known (not root).
        public var mappings: [Mapping]?
        /// The memory blocks in its ranges, of what is, or is stranded as, system memory, in the order of ``mappings``;
        /// nil where they are not known, or it is no such.
        public var memoryBlocks: [BlockRun]?
        /// Whether its memory blocks hold their own page map; nil where it is no system memory, or the kernel does not tell.
        public var memmapOnMemory: Bool?
        /// Whether one of its ranges is the kernel's memory though no driver holds the device (see
        /// ``DaxDevice/isStranded``). False where it is not known (not root).
        public var isStranded: Bool
        /// Whether there is no node below `/dev`. daxctl does not list such a device.
        public var isNodeMissing: Bool
        /// Whose its node is, and who may open it; ``DeviceRights/none`` for the device of a namespace, which has them itself.
        public var rights: DeviceRights
        /// The name by which daxprov's record knows it; nil where it does not: somebody else made it.
        public var recordedName: String?

        /// A device with these parts.
        public init(
            name: String, size: ByteCount, align: ByteCount? = nil, targetNode: Int? = nil,
            numaNode: Int? = nil,
            driver: String? = nil, mappings: [Mapping]? = nil, memoryBlocks: [BlockRun]? = nil,
            isStranded: Bool = false, isNodeMissing: Bool = false, rights: DeviceRights = .none,
            recordedName: String? = nil
        ) {
            self.name = name
            self.size = size
            self.align = align
            self.targetNode = targetNode
            self.numaNode = numaNode
            self.driver = driver
            self.mappings = mappings
            self.memoryBlocks = memoryBlocks
            self.isStranded = isStranded
            self.isNodeMissing = isNodeMissing
            self.rights = rights
            self.recordedName = recordedName
        }

        /// What holds it, as an active devdax namespace has it.
        package var holder: DaxDevice {
            var holder = DaxDevice(boundTo: driver)
            holder.memory = memory
            holder.memmapOnMemory = memmapOnMemory
            holder.isStranded = isStranded
            holder.node = isNodeMissing ? .missing : nil
            return holder
        }

        /// What it is used as.
        public var mode: DaxDevice.Mode { DaxDevice(boundTo: driver).mode }

        /// The memory blocks of a device that is system memory, counted; nil where they are not known, or it is none.
        public var memory: DaxDevice.Memory? {
            mode == .systemRAM ? memoryBlocks.map(DaxDevice.Memory.init) : nil
        }
    }

    /// A range of memory of a device.
    public struct Mapping: Equatable, Sendable {
        /// The physical addresses. The kernel and daxctl write the last one, which is in the range.
        public var range: Range<UInt64>
        /// Where it begins in the device, in pages of 4 KiB (`page_offset`).
        public var pageOffset: UInt64

        /// The range of a device from a page on.
        public init(range: Range<UInt64>, pageOffset: UInt64) {
            self.range = range
            self.pageOffset = pageOffset
        }
    }

    /// Memory blocks with consecutive numbers that are alike (`/sys/devices/system/memory/memoryN`).
    public struct BlockRun: Equatable, Sendable {
        /// Their numbers: the physical address divided by the size of a block.
        public var numbers: Range<UInt64>
        /// Their state in the kernel's word: `online`, `offline`, `going-offline`.
        public var state: String
        /// The zone that they are in (`Movable`, `Normal`, ...); nil for offline ones, and where the kernel does not tell.
        public var zone: String?

        /// Blocks in a state.
        public init(numbers: Range<UInt64>, state: String, zone: String? = nil) {
            self.numbers = numbers
            self.state = state
            self.zone = zone
        }

        /// Whether the kernel uses their memory, or may: only `offline` says that it does not.
        public var areOnline: Bool { state != "offline" }
    }
}

extension DaxDevice.Memory {
    /// The count of these blocks.
    package init(_ runs: [DaxRegion.BlockRun]) {
        let online = runs.filter(\.areOnline)
        func count(_ runs: [DaxRegion.BlockRun]) -> Int { runs.reduce(0) { $0 + $1.numbers.count } }
        self.init(
            online: count(online), total: count(runs),
            isMovable: online.isEmpty ? nil : online.allSatisfy { $0.zone == "Movable" })
    }
}

extension Range<UInt64> {
    /// The parts of this range that lie in none of the others, sorted.
    package func subtracting(_ others: [Range<UInt64>]) -> [Range<UInt64>] {
        var rest: [Range<UInt64>] = []
        var start = lowerBound
        for other in others.sorted(by: { $0.lowerBound < $1.lowerBound }) where !other.isEmpty {
            guard other.lowerBound < upperBound else { break }
            if other.lowerBound > start { rest.append(start..<other.lowerBound) }
            start = Swift.max(start, other.upperBound)
        }
        if start < upperBound { rest.append(start..<upperBound) }
        return rest
    }
}
