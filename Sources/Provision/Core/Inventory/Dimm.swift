/// A DIMM: one device that gives capacity to regions and may hold a label area.
public struct Dimm: Equatable, Sendable {
    /// The kernel's name, such as `nmem0`. Not stable across reboots.
    public var device: String
    /// The DIMM's own identity ("8089-a2-1740-00000133"); stable. Nil where the platform gives none.
    public var uniqueID: String?
    /// The NFIT device handle; nil where there is none.
    public var handle: UInt32?
    /// The SMBIOS physical id; nil where there is none.
    public var physicalID: UInt16?
    /// Whether a driver is bound to it.
    public var isEnabled: Bool
    /// What the DIMM reports as wrong.
    public var flags: [DimmFlag]
    /// The state of the DIMM's own security; nil where it has none.
    public var security: DimmSecurity?
    /// Whether the security state is frozen: it cannot be changed before the next power cycle.
    public var isSecurityFrozen: Bool
    /// The area that holds the labels; nil where the DIMM has none, or where it could not be read.
    public var labelArea: LabelArea?
    /// Whether the DIMM has a label area that could not be read: only root may ask it.
    public var isLabelAreaUnread: Bool
    /// What its firmware tells of its health; nil where it was not asked.
    public var health: DimmHealth?
    /// Whether ``uniqueID`` is the serial of the CXL memory device, which the nvdimm subsystem does not show (Linux before 6.2).
    public var isIdentifiedByMemdev = false

    /// A DIMM with these properties.
    public init(
        device: String, uniqueID: String? = nil, handle: UInt32? = nil, physicalID: UInt16? = nil,
        isEnabled: Bool = true, flags: [DimmFlag] = [], security: DimmSecurity? = nil,
        isSecurityFrozen: Bool = false, labelArea: LabelArea? = nil, isLabelAreaUnread: Bool = false,
        health: DimmHealth? = nil
    ) {
        self.device = device
        self.uniqueID = uniqueID
        self.handle = handle
        self.physicalID = physicalID
        self.isEnabled = isEnabled
        self.flags = flags
        self.security = security
        self.isSecurityFrozen = isSecurityFrozen
        self.labelArea = labelArea
        self.isLabelAreaUnread = isLabelAreaUnread
        self.health = health
    }
}

/// A condition that a DIMM reports, in ndctl's words without the prefix `flag_`.
public enum DimmFlag: String, CaseIterable, Sendable {
    /// The media could not be mapped.
    case failedMap = "failed_map"
    /// The last save to media at power loss failed: contents may be stale.
    case failedSave = "failed_save"
    /// The DIMM is not armed: writes may not survive power loss. The kernel makes its regions read-only.
    case failedArm = "failed_arm"
    /// The restore from media at power on failed.
    case failedRestore = "failed_restore"
    /// The platform could not flush to the DIMM at power loss.
    case failedFlush = "failed_flush"
    /// A health event is pending.
    case smartEvent = "smart_event"
}

/// The security state of a DIMM, in ndctl's words.
public enum DimmSecurity: String, CaseIterable, Sendable {
    /// No passphrase is set.
    case disabled
    /// A passphrase is set and was given.
    case unlocked
    /// The media cannot be reached until the passphrase is given.
    case locked
    /// The security state cannot change until the next power cycle.
    case frozen
    /// An overwrite of the media runs.
    case overwrite
}

/// The area of a DIMM that holds two index blocks and the namespace labels.
public struct LabelArea: Equatable, Sendable {
    /// The size of the whole area.
    public var size: ByteCount
    /// The version of the labels; nil where no valid index is there (or it cannot be read: not root).
    public var version: LabelVersion?
    /// The number of label slots; nil where no valid index is there.
    public var slots: Int?
    /// The labels that can still be written, as the kernel's `available_slots` counts them (it keeps one slot for
    /// updates); nil where the DIMM is disabled or has no index.
    public var availableSlots: Int?

    /// A label area with these properties.
    public init(size: ByteCount, version: LabelVersion?, slots: Int?, availableSlots: Int?) {
        self.size = size
        self.version = version
        self.slots = slots
        self.availableSlots = availableSlots
    }
}

/// The version of a label area's format (UEFI 2.7, Intel NVDIMM namespace specification).
public enum LabelVersion: String, CaseIterable, Sendable {
    /// 128-byte labels without checksum and without the holder class.
    case v1_1 = "1.1"
    /// 256-byte labels: checksummed, with the holder class.
    case v1_2 = "1.2"
}
