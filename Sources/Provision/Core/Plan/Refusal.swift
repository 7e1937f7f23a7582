/// Why a plan cannot be applied: one reason, found before anything is touched.
public struct Refusal: Equatable, Sendable {
    /// The reason as a stable word for programs.
    public var code: Code
    /// What it is about: `region0`, or `region0/wal`.
    public var address: String
    /// The place in the profile; nil where the reason lies in the host alone.
    public var position: SourcePosition?
    /// The reason in a sentence.
    public var message: String
    /// What the administrator can do; nil where the message says it.
    public var advice: String?
    /// Who uses the device; only of ``Code/busy``.
    public var holders: [Holder] = []
    /// The UUID in the label of the namespace that the profile protects; only of ``Code/protected``, and nil where it has none.
    package var label: UUID?

    /// A refusal with these parts.
    public init(
        _ code: Code, _ address: String, at position: SourcePosition? = nil, _ message: String,
        advice: String? = nil
    ) {
        self.init(code, address, at: position, message, advice: advice, label: nil)
    }

    /// The same, of the namespace whose label has a UUID.
    package init(
        _ code: Code, _ address: String, at position: SourcePosition? = nil, _ message: String,
        advice: String? = nil, label: UUID?
    ) {
        self.code = code
        self.address = address
        self.position = position
        self.message = message
        self.advice = advice
        self.label = label
    }

    /// The reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// No region meets the block's conditions.
        case noMatchingRegion = "no_matching_region"
        /// Several regions meet the conditions of a block without `each`.
        case ambiguousRegion = "ambiguous_region"
        /// Two blocks meet the same region.
        case regionClaimedTwice = "region_claimed_twice"
        /// The region has no driver bound.
        case regionDisabled = "region_disabled"
        /// The region accepts no writes.
        case regionReadOnly = "region_read_only"
        /// `require:` does not hold.
        case requirementNotMet = "requirement_not_met"
        /// Whether `require:` holds is not known: the firmware of a DIMM could not be asked.
        case healthUnknown = "health_unknown"
        /// The region has no labels and the profile does not ask for them.
        case labelsMissing = "labels_missing"
        /// The region's DIMMs cannot hold labels.
        case labelsImpossible = "labels_impossible"
        /// Whether the region's DIMMs can hold labels is not known (not root).
        case labelsUnknown = "labels_unknown"
        /// A label-less region is one namespace, without name and with the region's size.
        case labelLessRegion = "label_less_region"
        /// A declaration on a labelled region has neither name nor UUID.
        case identityMissing = "identity_missing"
        /// Several namespaces have the declared identity, or several declarations meet one namespace.
        case identityAmbiguous = "identity_ambiguous"
        /// No namespace has the declared UUID, or the one of the declared name has another one and would lose its data.
        case identityNotFound = "identity_not_found"
        /// The declared UUID is that of a namespace at another place.
        case identityElsewhere = "identity_elsewhere"
        /// A namespace of that name is in another region.
        case nameInUse = "name_in_use"
        /// The size is no multiple of the allocation unit.
        case sizeNotAligned = "size_not_aligned"
        /// The size is below what the mode needs.
        case sizeTooSmall = "size_too_small"
        /// The free capacity does not suffice.
        case noCapacity = "no_capacity"
        /// The free capacity suffices and no single extent does.
        case noExtent = "no_extent"
        /// Where extents lie is not known (not root, or an inventory without addresses).
        case extentsUnknown = "extents_unknown"
        /// What the plan would have to know of the host is not in the saved inventory, or not told by the kernel.
        case notListed = "not_listed"
        /// A namespace has not exactly one extent, or overlaps another.
        case allocationBroken = "allocation_broken"
        /// The DIMMs have too few free label slots.
        case noLabelSlot = "no_label_slot"
        /// The kernel does not offer the mode, alignment or sector size here.
        case notSupported = "not_supported"
        /// The place that the kernel would choose cannot be mapped.
        case startMisaligned = "start_misaligned"
        /// The namespace is protected.
        case protected
        /// The step needs a consent that was not given.
        case consentMissing = "consent_missing"
        /// A word of the consent means nothing on this host.
        case consentUnknown = "consent_unknown"
        /// The namespace is disabled.
        case namespaceDisabled = "namespace_disabled"
        /// The device is in use.
        case busy
        /// The range is the kernel's own memory until the next reboot.
        case systemMemory = "system_memory"
        /// A declared devdax namespace is there, and its character device cannot be opened.
        case deviceUnusable = "device_unusable"
        /// A user or group that is to have a device is not known.
        case accountUnknown = "account_unknown"
        /// The file of daxprov's udev rules is not daxprov's, or was changed.
        case deviceRulesForeign = "device_rules_foreign"
        /// The state directory lies on the device that would be taken offline.
        case stateDirectoryOnTarget = "state_directory_on_target"
        /// A DIMM of the region is locked: its media cannot be reached.
        case dimmLocked = "dimm_locked"
        /// The media of a DIMM of the region could not be mapped.
        case dimmFailedMap = "dimm_failed_map"
        /// A DIMM has label indexes of version 1.1, which this version does not replace.
        case labelsOfVersion1 = "labels_v1_1"
        /// A DIMM has labels, and no valid index of them: a new one would lose what they say.
        case labelsWithoutIndex = "labels_without_index"
        /// The label indexes of the region are gone, and the kernel calls it labelled and empty until the next boot.
        case labelsGone = "labels_gone"
        /// A label index that would be written hides what another region holds.
        case labelsHideOthers = "labels_hide_others"
        /// A label that the plan changes says what undo could not write back.
        case labelNotRestorable = "label_not_restorable"
        /// Media errors lie where a backup, or the change itself, must read.
        case mediaErrors = "media_errors"
        /// Media errors cannot be cleared here, or not in this way.
        case clearImpossible = "clear_impossible"
        /// A scrub runs, whose result would list again what is cleared meanwhile.
        case scrubRunning = "scrub_running"
        /// The host is not as the transaction that is to be undone left it.
        case hostChanged = "host_changed"
        /// A CXL region is not interleaved as it was when its data was written.
        case cxlRegionChanged = "cxl_region_changed"
        /// The transaction cannot be undone, since it did not end or was undone.
        case nothingToUndo = "nothing_to_undo"
        /// A transaction that concerned the region, or may have, cannot be read.
        case transactionUnreadable = "transaction_unreadable"
    }
}
