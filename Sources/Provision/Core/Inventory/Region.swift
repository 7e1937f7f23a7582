/// A region: a contiguous range of system physical addresses on one DIMM or an interleave set of several.
public struct Region: Equatable, Sendable {
    /// The kernel's name, such as `region0`. Not stable across reboots.
    public var device: String
    /// The whole capacity in bytes, used or free (sysfs `size`).
    public var size: ByteCount
    /// The region's alignment (sysfs `align`): every namespace's size is a multiple of it. 16 MiB after boot.
    public var align: ByteCount?
    /// The free capacity as the kernel sums it: not what one namespace can have.
    public var availableSize: ByteCount
    /// The largest namespace that the kernel would still allocate.
    public var maxAvailableExtent: ByteCount?
    /// The first system physical address; nil where it may not be read (not root).
    public var resource: UInt64?
    /// The cookie of the interleave set (ndctl's `iset_id`): stable, and what labels refer to. Nil or 0: none.
    public var interleaveSetID: UInt64?
    /// The memory's node; nil where the platform gives none.
    public var numaNode: Int?
    /// The node the memory would become as system RAM; nil where the platform gives none.
    public var targetNode: Int?
    /// How far a store must travel to be durable.
    public var persistenceDomain: PersistenceDomain
    /// The share of each DIMM.
    public var mappings: [Mapping]
    /// Whether a driver is bound to it. A disabled region shows no namespaces.
    public var isEnabled: Bool
    /// Whether the region only accepts reads.
    public var isReadOnly: Bool
    /// Whether its namespaces come from labels.
    public var labelling: RegionLabelling
    /// The known media errors.
    public var badBlocks: [BadBlocks]
    /// The modes that the kernel offers here, with their alignments or sector sizes.
    public var capabilities: [ModeCapability]
    /// The idle namespace that the kernel would configure next, such as `namespace0.3`; nil where it has none.
    public var namespaceSeed: String?
    /// Its namespaces with a size: active, disabled and unfinished ones.
    public var namespaces: [Namespace]
    /// The labels that take capacity and show no namespace. Looked for as root in labelled regions alone.
    public var uninstantiated: [UninstantiatedLabel]
    /// What CXL decoders make of its memory devices; nil of any other region, and where that cannot be read.
    public var cxl: CXLRegion?

    /// A region with these properties.
    public init(
        device: String, size: ByteCount, align: ByteCount? = .mib(16), availableSize: ByteCount = .zero,
        maxAvailableExtent: ByteCount? = nil, resource: UInt64? = nil, interleaveSetID: UInt64? = nil,
        numaNode: Int? = nil, targetNode: Int? = nil, persistenceDomain: PersistenceDomain = .unknown,
        mappings: [Mapping] = [], isEnabled: Bool = true, isReadOnly: Bool = false,
        labelling: RegionLabelling = .labelled, badBlocks: [BadBlocks] = [],
        capabilities: [ModeCapability] = [], namespaceSeed: String? = nil, namespaces: [Namespace] = [],
        uninstantiated: [UninstantiatedLabel] = [], cxl: CXLRegion? = nil
    ) {
        self.device = device
        self.size = size
        self.align = align
        self.availableSize = availableSize
        self.maxAvailableExtent = maxAvailableExtent
        self.resource = resource
        self.interleaveSetID = interleaveSetID
        self.numaNode = numaNode
        self.targetNode = targetNode
        self.persistenceDomain = persistenceDomain
        self.mappings = mappings
        self.isEnabled = isEnabled
        self.isReadOnly = isReadOnly
        self.labelling = labelling
        self.badBlocks = badBlocks
        self.capabilities = capabilities
        self.namespaceSeed = namespaceSeed
        self.namespaces = namespaces
        self.uninstantiated = uninstantiated
        self.cxl = cxl
    }

    /// The number of DIMMs that the region interleaves; 1 where it has no mappings (e820, virtio-pmem).
    public var interleaveWays: Int { max(mappings.count, 1) }
}

extension Region {
    /// The largest physical address: beyond what any CPU can address. What is larger is none: the kernel's emulated NFIT
    /// shows a virtual address for one of its regions.
    package static let maximumAddress: UInt64 = 1 << 60
}

/// Whether a region's namespaces are described by labels (sysfs `nstype`).
public enum RegionLabelling: String, CaseIterable, Sendable {
    /// Labels describe them (nstype 5, `ND_DEVICE_NAMESPACE_PMEM`).
    case labelled
    /// There are no labels: one namespace spans the region (nstype 4, `ND_DEVICE_NAMESPACE_IO`).
    case labelLess
}

/// The share of one DIMM in a region.
public struct Mapping: Equatable, Sendable {
    /// The DIMM's kernel name.
    public var dimm: String
    /// The first DIMM physical address.
    public var offset: ByteCount
    /// The length on this DIMM.
    public var length: ByteCount
    /// The DIMM's place in the interleave set; nil where the kernel does not say.
    public var position: Int?

    /// A share with these properties.
    public init(dimm: String, offset: ByteCount, length: ByteCount, position: Int?) {
        self.dimm = dimm
        self.offset = offset
        self.length = length
        self.position = position
    }
}

/// A range of media errors, in units of 512 bytes from the start of the region (or namespace) that lists it.
public struct BadBlocks: Equatable, Sendable {
    /// The first bad unit, in units of 512 bytes.
    public var offset: UInt64
    /// The number of units of 512 bytes.
    public var length: UInt32
    /// The kernel names of the DIMMs that it lies on, as the firmware tells; empty where nobody told.
    public var dimms: [String]

    /// A range of `length` units from `offset`.
    public init(offset: UInt64, length: UInt32, dimms: [String] = []) {
        self.offset = offset
        self.length = length
        self.dimms = dimms
    }
}

/// A mode that the kernel offers in a region.
public struct ModeCapability: Equatable, Sendable {
    /// The mode: fsdax, devdax or sector.
    public var mode: NamespaceMode
    /// The alignments of fsdax and devdax; empty for sector.
    public var alignments: [ByteCount]
    /// The sector sizes of sector mode; empty for the others.
    public var sectorSizes: [UInt32]

    /// A capability with these properties.
    public init(mode: NamespaceMode, alignments: [ByteCount] = [], sectorSizes: [UInt32] = []) {
        self.mode = mode
        self.alignments = alignments
        self.sectorSizes = sectorSizes
    }
}

extension Region {
    /// The namespace whose label has this UUID; nil where there is none.
    package func namespace(labelled label: UUID) -> Namespace? {
        namespaces.first { $0.labelUUID == label }
    }
}

extension RegionLabelling {
    /// The word in the JSON document and in text.
    package var word: String {
        switch self {
        case .labelled: "labelled"
        case .labelLess: "label-less"
        }
    }
}
