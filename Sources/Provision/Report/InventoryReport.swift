public import ProvisionCore

/// The observed host as a report: one value, four views.
///
/// ``text`` is for people, ``json`` is the stable document that ``InventoryReader`` reads back, ``ndctlJSON`` and
/// ``daxctlJSON`` are what `ndctl list -BDRNv` and `daxctl list -DRiM` print for the same host.
public struct InventoryReport: Sendable {
    /// The host.
    public let observed: Observed
    /// Where and when it was observed; nil where that does not matter, as of a simulated host.
    public let origin: InventoryOrigin?

    /// The part of the host that is shown; nil: all of it.
    public let selection: HostSelection?

    /// The report of this host, or of a part of it.
    public init(
        _ observed: Observed, showing selection: HostSelection? = nil, origin: InventoryOrigin? = nil
    ) {
        self.observed = observed
        self.origin = origin
        self.selection = selection
    }

    /// The host with the buses, DIMMs and regions that are shown. The regions have all their namespaces: what is free
    /// follows from them.
    var shown: Observed { selection?.limited(observed) ?? observed }

    /// Whether a namespace is shown.
    func shows(_ namespace: Namespace, in region: Region) -> Bool {
        selection?.shows(namespace, in: region) ?? true
    }
}
