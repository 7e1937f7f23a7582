/// A namespace with a size, as observed. Its identity is ``labelUUID`` or ``name``, never ``device``.
public struct Namespace: Configured, Equatable, Sendable {
    /// The kernel's name, such as `namespace0.1`. Changes at every region enable.
    public var device: String
    /// The first system physical address of the allocation; nil where it may not be read (not root).
    public var resource: UInt64?
    /// What it is configured as, as far as it shows that. While it is disabled the mode is the one that its label's holder class records
    /// (none with labels v1.1, or of an unfinished creation), and map, alignment and sector size do not show.
    public var configuration: NamespaceConfiguration
    /// The number of extents per DIMM; anything but 1 is a broken allocation. Nil on label-less regions.
    public var extents: Int?
    /// The mode that the label's holder class records (sysfs `holder_class`), nil where it records none.
    public var recordedMode: NamespaceMode?
    /// Whether a driver is bound to it or to its claim.
    public var isActive: Bool
    /// The capacity that users of the device get; nil while disabled.
    public var usableSize: ByteCount?
    /// The UUID in the label; nil on label-less regions.
    public var labelUUID: UUID?
    /// The UUID in the info block (ndctl's `uuid` of a claimed namespace); nil for raw and while disabled.
    public var infoBlockUUID: UUID?
    /// The block device, such as `pmem0` or `pmem1s`; nil where there is none.
    public var blockDevice: String?
    /// The character device of devdax, such as `dax0.0`; nil where there is none.
    public var characterDevice: String?
    /// The memory's node; nil where the platform gives none.
    public var numaNode: Int?
    /// The node the memory would become as system RAM; nil where the platform gives none.
    public var targetNode: Int?
    /// True where its first 128 KiB hold a byte other than zero: looked at only in raw namespaces of label-less regions
    /// whose DIMMs have label areas. Nil elsewhere, and where none was found: whether the rest holds something is not
    /// known then. (False, of the inventories of earlier versions, is no more than that.)
    public var hasContent: Bool?
    /// The known media errors in its data, in 512-byte units from its data's start; empty for sector mode, whose
    /// errors the kernel shows for the region alone.
    public var badBlocks: [BadBlocks]
    /// What holds the character device of devdax; nil for other modes, while disabled, and where it is not known.
    public var daxDevice: DaxDevice?
    /// Whose the node of its character device is, and who may open it; ``DeviceRights/none`` where it has none.
    public var rights: DeviceRights

    /// A namespace with these properties.
    public init(
        device: String, resource: UInt64? = nil, rawSize: ByteCount, extents: Int? = nil,
        mode: NamespaceMode? = nil, recordedMode: NamespaceMode? = nil, isActive: Bool = true,
        usableSize: ByteCount? = nil, map: MapLocation? = nil, align: ByteCount? = nil,
        sectorSize: UInt32? = nil, name: String? = nil, labelUUID: UUID? = nil, infoBlockUUID: UUID? = nil,
        blockDevice: String? = nil, characterDevice: String? = nil, numaNode: Int? = nil,
        targetNode: Int? = nil, hasContent: Bool? = nil, badBlocks: [BadBlocks] = [],
        daxDevice: DaxDevice? = nil, rights: DeviceRights = .none
    ) {
        self.device = device
        self.resource = resource
        self.configuration = NamespaceConfiguration(
            name: name, mode: mode, rawSize: rawSize, map: map, align: align, sectorSize: sectorSize)
        self.extents = extents
        self.recordedMode = recordedMode
        self.isActive = isActive
        self.usableSize = usableSize
        self.labelUUID = labelUUID
        self.infoBlockUUID = infoBlockUUID
        self.blockDevice = blockDevice
        self.characterDevice = characterDevice
        self.numaNode = numaNode
        self.targetNode = targetNode
        self.hasContent = hasContent
        self.badBlocks = badBlocks
        self.daxDevice = daxDevice
        self.rights = rights
    }

    /// What people know it by: its name, else its label's UUID, else the kernel's name.
    public var displayName: String { name ?? labelUUID?.description ?? device }

    /// Why this looks like a creation that never finished, or nil where it does not.
    ///
    /// A create that was interrupted leaves an allocation without a claim: idle at first, and raw with a leftover
    /// holder class after the next boot. A raw namespace that somebody disabled looks like the first kind, so this
    /// is a report, never a licence to reuse the range. On a label-less region nothing is created.
    public var unfinished: UnfinishedCreation? {
        if isActive, mode == .raw, let recorded = recordedMode, recorded != .raw {
            return .lacksInfoBlock(recorded)
        }
        if !isActive, recordedMode == nil, labelUUID != nil { return .neverEnabled }
        return nil
    }
}

/// What is missing from a namespace whose creation did not finish.
public enum UnfinishedCreation: Equatable, Sendable {
    /// It has a UUID and a size, no mode, and is not enabled.
    case neverEnabled
    /// Its label records this mode, and the media has no valid info block for it, so it runs raw.
    case lacksInfoBlock(NamespaceMode)
}
