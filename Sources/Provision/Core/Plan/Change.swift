/// One difference between the profile and the host, and how it would be removed.
public struct Change: Equatable, Sendable {
    /// What it is about: `region0/wal`, or `region0` for the region's labels.
    public var address: String
    /// What happens.
    public var kind: Kind
    /// The namespace as it is; nil where there is none.
    public var before: NamespaceSummary?
    /// The namespace as it will be; nil where there will be none.
    public var after: NamespaceSummary?
    /// Why: the differences, each in a phrase.
    public var reasons: [String]
    /// What undo brings back, as a whole: the worst of its steps.
    public var reversibility: Reversibility
    /// Why it is in that class.
    public var reversibilityReason: String
    /// The name that `--allow-destroy` must give; nil where no consent beyond `--yes` is needed.
    public var consent: String?
    /// What the namespace's block device holds now; nil where it was not looked at: offline, inactive, devdax.
    public var contents: [Signature]?

    /// A value of these parts.
    package init(
        address: String, kind: Kind, before: NamespaceSummary? = nil, after: NamespaceSummary? = nil,
        reasons: [String], reversibility: Reversibility, reversibilityReason: String, consent: String? = nil,
        contents: [Signature]? = nil
    ) {
        self.address = address
        self.kind = kind
        self.before = before
        self.after = after
        self.reasons = reasons
        self.reversibility = reversibility
        self.reversibilityReason = reversibilityReason
        self.consent = consent
        self.contents = contents
    }

    /// What happens to a namespace, or to a region's labels.
    public enum Kind: String, CaseIterable, Sendable {
        /// Label indexes are written on the region's DIMMs.
        case initializeLabels = "initialize_labels"
        /// A namespace is created in free capacity.
        case create
        /// Only the name changes.
        case rename
        /// An inactive namespace is enabled. What its media says it is shows then.
        case enable
        /// Mode, map, alignment or sector size change; the extent stays.
        case reconfigure
        /// It is destroyed and created anew, since its size changes.
        case replace
        /// It is destroyed.
        case destroy
        /// Only its character device gets another driver, or other memory blocks of it are online.
        case configureDevice = "configure_device"
        /// A device of a dynamic dax region gets other memory, or another alignment.
        case resizeDevice = "resize_device"
    }

    /// Whether data that the namespace may hold is out of reach afterwards.
    public var losesData: Bool { consent != nil }
}

/// What a plan says of a namespace before and after a change.
public struct NamespaceSummary: Configured, Equatable, Sendable {
    /// What it is configured as.
    public var configuration: NamespaceConfiguration
    /// The capacity for the device's users; nil where it is not known.
    public var usableSize: ByteCount?
    /// The first system physical address; nil where it is not known.
    public var resource: UInt64?
    /// The UUID in the label; nil where there is none, or where the change gives a new one.
    public var labelUUID: UUID?
    /// Whether it is online.
    public var isActive: Bool
    /// What holds its character device, where that is not as it is for most: system memory, another driver, none, or no
    /// node. Nil for all others.
    public var device: DaxDevice?
    /// The rights of the device node; ``DeviceRights/none`` where it has none.
    public var rights: DeviceRights
    /// The physical addresses of a device of a dynamic dax region, in the order of its offsets; nil of a namespace.
    public var mappings: [Range<UInt64>]?

    /// A value of these parts.
    package init(
        name: String? = nil, mode: NamespaceMode? = nil, rawSize: ByteCount, usableSize: ByteCount? = nil,
        map: MapLocation? = nil, align: ByteCount? = nil, sectorSize: UInt32? = nil, resource: UInt64? = nil,
        labelUUID: UUID? = nil, isActive: Bool, device: DaxDevice? = nil, rights: DeviceRights = .none
    ) {
        self.configuration = NamespaceConfiguration(
            name: name, mode: mode, rawSize: rawSize, map: map, align: align, sectorSize: sectorSize)
        self.usableSize = usableSize
        self.resource = resource
        self.labelUUID = labelUUID
        self.isActive = isActive
        self.device = device
        self.rights = rights
    }
}

extension NamespaceSummary {
    /// What there is to say of a namespace of this configuration.
    package init(
        _ configuration: NamespaceConfiguration, usableSize: ByteCount?, resource: UInt64?, labelUUID: UUID?,
        isActive: Bool, device: DaxDevice? = nil, rights: DeviceRights = .none
    ) {
        self.configuration = configuration
        self.usableSize = usableSize
        self.resource = resource
        self.labelUUID = labelUUID
        self.isActive = isActive
        self.device = device
        self.rights = rights
    }

    /// What there is to say of an observed namespace.
    public init(_ namespace: Namespace) {
        self.init(
            namespace.configuration, usableSize: namespace.usableSize, resource: namespace.resource,
            labelUUID: namespace.labelUUID, isActive: namespace.isActive,
            device: namespace.daxDevice.flatMap { $0.deviation == nil ? nil : $0 },
            rights: namespace.rights)
    }

    /// What there is to say of a namespace that a layout describes.
    package init(_ layout: Layout, usableSize: ByteCount?, resource: UInt64?) {
        self.init(
            layout.configuration, usableSize: usableSize, resource: resource, labelUUID: nil, isActive: true)
    }
}
