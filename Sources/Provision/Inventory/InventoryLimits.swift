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
}

/// One thing that an inventory does not say.
public enum InventoryLimit: Hashable, Comparable, Sendable {
    /// The buses are not listed: regions and DIMMs were put under one made-up bus.
    case busesNotListed
    /// The DIMMs are not listed, so nothing is known of their state.
    case dimmsNotListed
    /// This region is not listed, only its namespaces: its capacity is not known.
    case regionNotListed(String)
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
    /// Whether something uses the namespaces is not listed.
    case noUsage
    /// Sizes are written rounded; the roundest number of bytes that is written so was taken.
    case roundedSizes
    /// The cookie of this region's interleave set is not told.
    case noInterleaveSetID(String)
    /// The label's UUID of this namespace is not listed.
    case noLabelUUID(String)
    /// The raw size of this namespace was worked out from its usable size.
    case derivedRawSize(String)
    /// The raw size of this namespace is not known: its usable size was taken instead.
    case noRawSize(String)
    /// The media errors of this device are counted, not listed.
    case mediaErrorsNotListed(String)
}

extension InventoryLimit: CustomStringConvertible {
    /// What is not known, in one line.
    public var description: String {
        switch self {
        case .busesNotListed: "the buses are not listed"
        case .dimmsNotListed: "the DIMMs are not listed"
        case .regionNotListed(let device): "\(device) is not listed: its capacity is not known"
        case .noAddresses: "addresses are not listed: where namespaces and gaps lie is not known"
        case .disabledMayBeMissing: "disabled namespaces may be missing (list them with 'ndctl list -i')"
        case .noLabelAreas: "the label areas are not listed: free label slots are not known"
        case .noConfiguredModes: "the modes that the labels record are not listed"
        case .noCapabilities: "the modes and alignments that the kernel offers are not listed"
        case .noReadOnlyState: "read-only regions cannot be told"
        case .noUsage: "what is in use cannot be told"
        case .roundedSizes: "sizes are rounded (list them without '-u')"
        case .noInterleaveSetID(let device):
            "the interleave set of \(device) is not told (list it without '-u')"
        case .noLabelUUID(let device):
            "the label UUID of \(device) is not listed (list it with 'ndctl list -v')"
        case .derivedRawSize(let device): "the raw size of \(device) was worked out from its usable size"
        case .noRawSize(let device): "the raw size of \(device) is not known; its usable size stands for it"
        case .mediaErrorsNotListed(let device):
            "the media errors of \(device) are counted but not listed (list them with 'ndctl list -M')"
        }
    }
}
