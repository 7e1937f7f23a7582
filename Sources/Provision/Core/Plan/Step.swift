/// One thing that a host does: the unit of execution, of read-back and of undo.
public enum Step: Equatable, Sendable {
    /// Writes empty v1.2 label indexes on every DIMM of the label-less region (kernel name): disables the region,
    /// initialises each DIMM's label area and re-enables the DIMM, enables the region. The region's one namespace
    /// must be inactive or of no further use.
    case initializeLabels(region: String)
    /// Takes the namespace and its claim offline. The device node goes away.
    case disable(NamespaceTarget)
    /// Releases the capacity of the inactive namespace. Nothing on the media is written.
    case destroy(NamespaceTarget)
    /// Allocates, configures and enables a new namespace.
    case create(Placement)
    /// Gives the inactive namespace another mode, map, alignment or sector size (and the layout's name), under a
    /// new label UUID, and enables it. Its extent stays.
    case reconfigure(NamespaceTarget, Layout)
    /// Writes the name into the label of the inactive namespace.
    case rename(NamespaceTarget, NamespaceName)
    /// Brings the inactive namespace online; the kernel finds its mode from its info block, and without one it comes up
    /// raw. Nothing is written to its media but by the kernel, which fills in a page map that lies there.
    case enable(NamespaceTarget)
    /// Gives the device of the active devdax namespace the driver of this use, and its memory blocks this state. Nothing is
    /// written to its label or its media, but what the kernel writes to memory that is online.
    case configureDevice(NamespaceTarget, DeviceUse)
    /// Gives the device node of the active devdax namespace these rights, and writes or removes the udev rule that gives them
    /// at each event. The namespace and its users stay as they are.
    case setRights(NamespaceTarget, DeviceRights)
    /// Fills the data area of the active namespace, which the step before it has made or reconfigured, with zeroes.
    case zero(NamespaceTarget)
    /// Makes, changes or removes a device of a dynamic dax region.
    case setDevice(DeviceTransition)
}

/// An existing namespace that a step acts on, with what must be true of it just before.
public struct NamespaceTarget: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// The namespace's kernel name: valid until its region is next enabled.
    public var device: String
    /// The name or UUID that people know it by.
    public var label: String
    /// The UUID that its label must have; nil on label-less regions.
    public var labelUUID: UUID?
    /// Where it must lie.
    public var resource: UInt64?
    /// The capacity that it must have.
    public var rawSize: ByteCount

    /// The target that a creation will have made: it has no kernel name and no UUID yet, and is found by its place.
    package init(_ placement: Placement) {
        self.region = placement.region
        self.device = ""
        self.label = placement.layout.name?.text ?? "the new namespace"
        self.labelUUID = nil
        self.resource = placement.resource
        self.rawSize = placement.layout.rawSize
    }

    /// The target that is this observed namespace.
    public init(_ namespace: Namespace, region: String) {
        self.region = region
        self.device = namespace.device
        self.label = namespace.displayName
        self.labelUUID = namespace.labelUUID
        self.resource = namespace.resource
        self.rawSize = namespace.rawSize
    }
}

/// A namespace to be created, and what the capacity model predicts of it.
public struct Placement: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// The configuration.
    public var layout: Layout
    /// The system physical address at which the kernel will put it; nil where the region's own is not known.
    public var resource: UInt64?
    /// The capacity that users of the device will get.
    public var usableSize: ByteCount

    /// A placement with these properties.
    public init(region: String, layout: Layout, resource: UInt64?, usableSize: ByteCount) {
        self.region = region
        self.layout = layout
        self.resource = resource
        self.usableSize = usableSize
    }
}

extension Step {
    /// The same step with another target, where it has one, and another placement, where it creates a namespace.
    package func retargeted(
        _ target: (NamespaceTarget) -> NamespaceTarget,
        placing placement: (Placement) -> Placement = { $0 }
    ) -> Step {
        switch self {
        case .initializeLabels, .setDevice: self
        case .create(let old): .create(placement(old))
        case .disable(let old): .disable(target(old))
        case .destroy(let old): .destroy(target(old))
        case .reconfigure(let old, let layout): .reconfigure(target(old), layout)
        case .rename(let old, let name): .rename(target(old), name)
        case .enable(let old): .enable(target(old))
        case .configureDevice(let old, let use): .configureDevice(target(old), use)
        case .setRights(let old, let rights): .setRights(target(old), rights)
        case .zero(let old): .zero(target(old))
        }
    }

    /// Takes the address out that it expects, or predicts.
    package mutating func forgetAddress() {
        self = retargeted({ $0.withoutAddress }, placing: { $0.withoutAddress })
    }
}

extension NamespaceTarget {
    fileprivate var withoutAddress: NamespaceTarget {
        var target = self
        target.resource = nil
        return target
    }
}

extension Placement {
    fileprivate var withoutAddress: Placement {
        var placement = self
        placement.resource = nil
        return placement
    }
}
