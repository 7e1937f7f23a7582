/// What a saved inventory does not say of its host, and where what it says was worked out.
///
/// A plan made from such an inventory names these as the things that the host itself will decide.
public struct InventoryLimits: Equatable, Sendable {
    /// The limits, each once, in the order of ``InventoryLimit`` and then by device.
    public private(set) var limits: [InventoryLimit]

    /// No limits: the inventory says everything.
    public static let none = InventoryLimits([])

    /// These limits.
    public init(_ limits: some Sequence<InventoryLimit>) {
        self.limits = Set(limits).sorted()
    }

    /// Whether the inventory says everything.
    public var isEmpty: Bool { limits.isEmpty }

    /// Whether this limit is one of them.
    public func contains(_ limit: InventoryLimit) -> Bool { limits.contains(limit) }

    /// These limits and others.
    public func union(_ others: some Sequence<InventoryLimit>) -> InventoryLimits {
        InventoryLimits(limits + others)
    }
}

/// One thing that an inventory does not say.
public enum InventoryLimit: Hashable, Comparable, Sendable {
    /// The listing is empty: ndctl prints nothing where it finds nothing, and so does a command that failed.
    case nothingListed
    /// The buses are not listed: regions and DIMMs were put under one made-up bus.
    case busesNotListed
    /// The DIMMs are not listed, so nothing is known of their state.
    case dimmsNotListed
    /// This region is not listed, only its namespaces: its capacity is not known.
    case regionNotListed(String)
    /// No namespace is listed anywhere, and capacity of this region is taken.
    case namespacesNotListed(String)
    /// The listed namespaces of this region and its free capacity are less than the region.
    case capacityNotListed(String)
    /// The alignment of this region is not listed.
    case noRegionAlign(String)
    /// Addresses are not listed: where namespaces and gaps lie is not known.
    case noAddresses
    /// Disabled namespaces, and those whose creation did not finish, may be missing.
    case disabledMayBeMissing
    /// The label areas are not listed: free slots and the version are not known.
    case noLabelAreas
    /// The configured mode in the label is not listed; known of active namespaces by what they run as.
    case noConfiguredModes
    /// What the kernel offers in the regions is not listed.
    case noCapabilities
    /// Whether regions are read-only is not listed.
    case noReadOnlyState
    /// The nodes of the memory are not listed.
    case noNodes
    /// Whether something uses the namespaces is not listed.
    case noUsage
    /// Sizes are written rounded; the roundest number of bytes that is written so was taken.
    case roundedSizes
    /// The cookie of this region's interleave set is not told.
    case noInterleaveSetID(String)
    /// The label's UUID of this namespace is not listed, or is not told (redacted).
    case noLabelUUID(String)
    /// The raw size of this namespace was worked out from its usable size.
    case derivedRawSize(String)
    /// The raw size of this namespace is not known: its usable size was taken instead.
    case noRawSize(String)
    /// The media errors of this device are counted, not listed.
    case mediaErrorsNotListed(String)
    /// Whether this label-less namespace was ever written is not listed.
    case noContentState(String)
}
