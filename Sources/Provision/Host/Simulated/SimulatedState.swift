package import ProvisionCore

/// Everything that a simulated host is: its hardware, what its label areas and info blocks hold, and what the kernel
/// on it has in memory.
///
/// What an active namespace runs as is not stored: it follows from the namespace and the info blocks
/// (``SimulatedState/personality(of:in:)``), as it does in a kernel.
package struct SimulatedState: Equatable, Sendable {
    /// The buses; their place in the list is their number.
    package var buses: [SimulatedBus] = []
    /// The dax regions, all dynamic, in the order of the file. Those of devdax namespaces are not simulated.
    package var daxRegions: [DaxRegion] = []
    /// How its kernel gives dax devices their driver.
    package var daxBinding = SimulatedDaxBinding.exact
    /// How the kernel takes memory in; nil where that is not simulated.
    package var memoryHotplug: MemoryHotplug?
    /// What becomes of new memory blocks after a boot, where that was changed since the last one; nil where it was not.
    package var memoryPolicyAtBoot: String?
    /// Whether the kernel can put the page map of new memory into that memory.
    package var memmapOnMemory = MemmapOnMemory.absent
    /// Whether its configuration keeps every kernel from making system RAM of soft-reserved memory at a boot; nil where that is not simulated.
    package var keepsSoftReserved: Bool?
    /// The info blocks on the media, by the physical address of the block itself.
    package var infoBlocks: [UInt64: SimulatedInfoBlock] = [:]
    /// The pages of the media that somebody wrote, by their physical address: each holds a number, repeated.
    package var pages: [UInt64: UInt64] = [:]
    /// The translation tables through which somebody has written, by the UUIDs of their info blocks.
    package var writtenTables: Set<UUID> = []
    /// The rules for the rights of devices, by the UUIDs of the info blocks.
    package var deviceRules: [DeviceKey: NodeRights] = [:]
    /// The users and groups that it knows.
    package var accounts = AccountNumbers(users: ["root": 0], groups: ["root": 0])
    /// How often it was booted.
    package var boots = 0
    /// What is in use: a namespace's name, its UUID or any of its device names, and who holds it.
    package var busy: [String: String] = [:]
    /// What shall go wrong; nil: nothing.
    package var fault: SimulatedFault?

    /// The size of its memory blocks.
    package var memoryBlock: ByteCount { memoryHotplug?.blockSize ?? SimulatedGeometry.memoryBlock }
    /// Every DIMM, in the order of its number.
    package var dimms: [SimulatedDimm] { buses.count == 1 ? buses[0].dimms : buses.flatMap(\.dimms) }
    /// Every region, in the order of its number.
    package var regions: [SimulatedRegion] { buses.count == 1 ? buses[0].regions : buses.flatMap(\.regions) }

    /// Changes the region with this number. The number must exist.
    package mutating func update<Result, Failure: Error>(
        region number: Int, _ body: (inout SimulatedRegion) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var index = number
        for bus in buses.indices {
            if index < buses[bus].regions.count { return try body(&buses[bus].regions[index]) }
            index -= buses[bus].regions.count
        }
        preconditionFailure("there is no region\(number)")
    }

    /// Changes the DIMM with this number. The number must exist.
    package mutating func update<Result, Failure: Error>(
        dimm number: Int, _ body: (inout SimulatedDimm) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var index = number
        for bus in buses.indices {
            if index < buses[bus].dimms.count { return try body(&buses[bus].dimms[index]) }
            index -= buses[bus].dimms.count
        }
        preconditionFailure("there is no nmem\(number)")
    }
}

/// A simulated nvdimm bus.
package struct SimulatedBus: Equatable, Sendable {
    /// `ACPI.NFIT`, `e820`, `virtio-pmem`, `CXL`, ...
    package var provider = "ACPI.NFIT"
    /// The state of its address range scrub; nil where it has none.
    package var scrubState: ScrubState?
    /// Its DIMMs.
    package var dimms: [SimulatedDimm] = []
    /// Its regions.
    package var regions: [SimulatedRegion] = []
}

/// A simulated DIMM.
package struct SimulatedDimm: Equatable, Sendable {
    /// Its unique id.
    package var id: String
    /// Its NFIT handle.
    package var handle: UInt32?
    /// Its SMBIOS id.
    package var physicalID: UInt16?
    /// Its persistent capacity; the label area is not part of it.
    package var size: ByteCount
    /// The size of its label area; nil where it has none.
    package var labelAreaSize: ByteCount?
    /// The version of the index in its label area; nil where there is no valid index.
    package var labelVersion: LabelVersion?
    /// Whether a driver is bound to it.
    package var isEnabled = true
    /// Whether the kernel has found an index on it since the last boot; never cleared before the next one
    /// (`NDD_LABELING`).
    package var hasLabelling = true
    /// What it reports as wrong.
    package var flags: [DimmFlag] = []
    /// Its security state.
    package var security: DimmSecurity?
    /// What its firmware tells of its health; nil: nothing.
    package var health: DimmHealth?

    /// The number of label slots (drivers/nvdimm/label.c, `nvdimm_num_label_slots`); nil without an index.
    package var slots: Int? {
        guard let labelAreaSize, let labelVersion else { return nil }
        let label: UInt64 = labelVersion == .v1_2 ? 256 : 128
        let indexHeader: UInt64 = 72
        let bitmap = (labelAreaSize.bytes / label + 7) / 8
        let index = (indexHeader + bitmap + 255) / 256 * 256
        guard labelAreaSize.bytes >= index * 2 else { return 0 }
        return Int((labelAreaSize.bytes - index * 2) / label)
    }
}

/// A simulated region.
package struct SimulatedRegion: Equatable, Sendable {
    /// Its first physical address.
    package var resource: UInt64
    /// Its capacity.
    package var size: ByteCount
    /// The kernel's alignment for sizes and gaps.
    package var align: ByteCount
    /// Its DIMMs' shares, all of one length; none for e820 and virtio-pmem.
    package var mappings: [SimulatedMapping] = []
    /// The cookie of its interleave set.
    package var interleaveSetID: UInt64?
    /// The interleave granularity of its CXL region; nil where it is none.
    package var granularity: ByteCount?
    /// The memory's node.
    package var numaNode: Int?
    /// The node that it would become as system RAM.
    package var targetNode: Int?
    /// How far a store must travel.
    package var persistenceDomain = PersistenceDomain.unknown
    /// Whether it accepts no writes.
    package var isReadOnly = false
    /// Its media errors.
    package var badBlocks: [BadBlocks] = []
    /// Whether the media of the raw namespace that spans it has been written to.
    package var hasContent = false
    /// Whether a driver is bound to it.
    package var isEnabled = true
    /// Whether labels describe its namespaces: decided when it is enabled.
    package var labelling = RegionLabelling.labelled
    /// The number of the namespace seed; nil where the region is label-less.
    package var seed: Int?
    /// Its namespace objects, idle ones too, in the order of their numbers. While the region is disabled: what its
    /// labels hold.
    package var namespaces: [SimulatedNamespace] = []
    /// The claims that are being configured.
    package var claims: [SimulatedClaimKind: SimulatedClaim] = [:]

    /// The number of DIMMs interleaved.
    package var ways: UInt64 { UInt64(max(mappings.count, 1)) }

    /// The alignment after boot: 16 MiB, times the ways where they do not divide it (drivers/nvdimm/region_devs.c,
    /// `default_align`).
    package static func defaultAlign(size: ByteCount, ways: UInt64) -> ByteCount {
        let base = size < .mib(16) ? ByteCount.kib(4) : .mib(16)
        return base.bytes.isMultiple(of: ways) ? base : base * ways
    }
}

/// A DIMM's share in a simulated region.
package struct SimulatedMapping: Equatable, Sendable {
    /// The DIMM's number: N of `nmemN`.
    package var dimm: Int
    /// The first DIMM physical address, in bytes.
    package var offset: ByteCount
    /// The length on the DIMM, in bytes.
    package var length: ByteCount
}

/// A namespace object of the simulated kernel. It has a label exactly while it has both UUID and size.
package struct SimulatedNamespace: Equatable, Sendable {
    /// Its number: `namespaceR.Y` has Y.
    package var number: Int
    /// The UUID of its label.
    package var uuid: UUID?
    /// The name (`alt_name`); an idle object may keep that of a deleted namespace.
    package var name = ""
    /// Where it lies, from the region's start.
    package var offset = ByteCount.zero
    /// Its capacity; zero for an idle object.
    package var size = ByteCount.zero
    /// The claim that its holder class allows; nil: any (or none: raw).
    package var holderClass: SimulatedClaimKind?
    /// The label's sector size; 0: not set.
    package var sectorSize: UInt32 = 0
    /// Whether claims are ignored at the next enable (`force_raw`).
    package var isForcedRaw = false
    /// Whether it, or a claim over it, has a driver.
    package var isActive = false
    /// Whether somebody wrote through its device since the last boot.
    package var isWritten = false
    /// How the memory of its device is online that is system memory; nil: it is a device. Lost at a boot, and with the
    /// device.
    package var memory: OnlinePolicy?
    /// Whether that memory holds its own page map.
    package var hasMemmapOnMemory = false
    /// The rights that its device node was given; nil: those of its rule, or root's alone. Lost with the device.
    package var nodeRights: NodeRights?

    /// What the device of devdax is used as.
    package var use: DeviceUse {
        get { memory.map { .systemRAM($0, memmapOnMemory: hasMemmapOnMemory) } ?? .devdax }
        set {
            switch newValue {
            case .devdax: (memory, hasMemmapOnMemory) = (nil, false)
            case .systemRAM(let online, let isOn): (memory, hasMemmapOnMemory) = (online, isOn)
            }
        }
    }
}

/// The devices that claim a namespace, in the kernel's words for them.
package enum SimulatedClaimKind: String, CaseIterable, Sendable {
    case pfn
    case dax
    case btt

    /// The mode that such a claim gives.
    package var mode: NamespaceMode {
        switch self {
        case .pfn: .fsdax
        case .dax: .devdax
        case .btt: .sector
        }
    }

    /// The claim that gives `mode`; nil for raw.
    package init?(_ mode: NamespaceMode) {
        switch mode {
        case .fsdax: self = .pfn
        case .devdax: self = .dax
        case .sector: self = .btt
        case .raw: return nil
        }
    }
}

/// A claim seed that is being configured.
package struct SimulatedClaim: Equatable, Sendable {
    /// The UUID for the info block.
    package var uuid: UUID?
    /// Where the page map shall live.
    package var map: MapLocation?
    /// The alignment; the kernel's own default is a huge page.
    package var align = Alignment.huge
    /// The sector size of a BTT.
    package var sectorSize: SectorSize?
    /// The number of the namespace that it holds.
    package var namespace: Int?
}

/// An info block on the media.
package struct SimulatedInfoBlock: Equatable, Sendable {
    /// The claim that it is for.
    package var kind: SimulatedClaimKind
    /// Its own UUID.
    package var uuid: UUID
    /// The UUID of the label that it belongs to; nil: the null UUID of a label-less region.
    package var parent: UUID?
    /// Where the page map lives; nil for a BTT.
    package var map: MapLocation?
    /// The alignment; nil for a BTT.
    package var align: Alignment?
    /// The sector size; nil for pfn and dax.
    package var sectorSize: SectorSize?
}
