/// What an administrator should know before a plan is applied: it does not make the plan wrong.
public struct Note: Equatable, Sendable {
    /// The reason as a stable word for programs.
    public var code: Code
    /// What it is about: `region0/wal`, or a DIMM.
    public var address: String
    /// The note in a sentence.
    public var message: String
    /// What the administrator can do; nil where the message says it.
    public var advice: String?
    /// Who uses the device; only of ``Code/busy``.
    public var holders: [Holder]

    /// A note with these parts.
    public init(
        _ code: Code, _ address: String, _ message: String, advice: String? = nil, holders: [Holder] = []
    ) {
        self.code = code
        self.address = address
        self.message = message
        self.advice = advice
        self.holders = holders
    }

    /// The reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// The device is in use: an apply is refused as long as it is.
        case busy
        /// Media errors lie in the range of a namespace that is created or changed.
        case mediaErrors = "media_errors"
        /// A DIMM reports that its last save at a power loss failed.
        case dimmFailedSave = "dimm_failed_save"
        /// A DIMM reports that it is not armed.
        case dimmFailedArm = "dimm_failed_arm"
        /// A DIMM reports that its restore at power on failed.
        case dimmFailedRestore = "dimm_failed_restore"
        /// A DIMM reports that the last flush at a power loss failed.
        case dimmFailedFlush = "dimm_failed_flush"
        /// A DIMM has a health event pending.
        case dimmSmartEvent = "dimm_smart_event"
        /// The firmware of a DIMM reports a state other than ok, or an alarm.
        case dimmHealth = "dimm_health"
        /// The labels of a DIMM are of version 1.1, which do not record modes.
        case labelsOfVersion1 = "labels_v1_1"
        /// The character device of a declared devdax namespace is system memory, or another driver's.
        case deviceHeld = "device_held"
        /// A device has no node below /dev: nobody can open it, and an apply cannot make sure that nobody uses it.
        case nodeMissing = "node_missing"
        /// New memory blocks come online at once, and the plan involves system memory.
        case memoryAutoOnline = "memory_auto_online"
        /// daxctl makes something else of a device than the plan does.
        case daxctlCompetes = "daxctl_competes"
        /// How much memory a device gives that is to become system memory.
        case memoryForecast = "memory_forecast"
        /// A newer kernel would make system RAM of soft-reserved memory at a boot, devices with contents among it.
        case softReservedUnprotected = "soft_reserved_unprotected"
        /// No namespace shows the declared UUID: the declaration means one by its name, or its region's only one.
        case uuidNotFound = "uuid_not_found"
        /// A region that is to get labels holds data.
        case contentFound = "content_found"
        /// Whether a region that is to get labels holds data is not known: it was looked at in part, or not at all.
        case contentUnknown = "content_unknown"
        /// Another daxprov is changing the host.
        case hostChanging = "host_changing"
        /// Who uses the devices that go offline cannot be seen: an apply is refused as long as that is so.
        case usesUnknown = "uses_unknown"
        /// The marks of protected namespaces could not be read.
        case protectionUnknown = "protection_unknown"
        /// A protected namespace has no label, so that no mark can be kept of it.
        case protectionNotKept = "protection_not_kept"
        /// A transaction was interrupted, and an apply recovers it first.
        case interrupted
        /// A namespace has the new name already, so that `renamed_from` does nothing.
        case renameWithoutEffect = "rename_without_effect"
        /// A required proof cannot be made by the apply: what it is of will have no file system yet.
        case proofWaits = "proof_waits"
        /// A label writes the declared name with other bytes.
        case nameSpelledDifferently = "name_spelled_differently"
        /// A CXL region that was recorded is not there.
        case cxlRegionMissing = "cxl_region_missing"
        /// A CXL region is not interleaved as it was when its data was written, and the plan does not touch it.
        case cxlRegionChanged = "cxl_region_changed"
    }
}

extension Note {
    /// The refusal that an apply meets as long as this note of a use holds.
    package var refusal: Refusal {
        var refusal = Refusal(.busy, address, message, advice: advice)
        refusal.holders = holders
        return refusal
    }
}

extension Plan {
    /// The refusals that an apply of this plan would meet now, and that need not hold later: devices in use.
    public var refusalsForUse: [Refusal] { notes.filter { $0.code == .busy }.map(\.refusal) }
}
