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
