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

    /// Who else makes memory of dax devices, and what daxctl's files come to; nil where that was not looked at.
    private(set) var agents: (found: MemoryAgents, effects: [DaxctlEffect])?

    /// The report of this host, or of a part of it.
    public init(
        _ observed: Observed, showing selection: HostSelection? = nil, origin: InventoryOrigin? = nil
    ) {
        self.observed = observed
        self.origin = origin
        self.selection = selection
    }

    /// The same report with who else makes memory of dax devices, of a host that has any.
    /// - Parameter effects: what daxctl's files come to there.
    public func with(_ agents: MemoryAgents, _ effects: [DaxctlEffect]) -> InventoryReport {
        var report = self
        report.agents = (agents, effects)
        return report
    }

    /// The host with the buses, DIMMs and regions that are shown. The regions have all their namespaces: what is free
    /// follows from them.
    var shown: Observed { selection?.limited(observed) ?? observed }

    /// Whether a namespace is shown.
    func shows(_ namespace: Namespace, in region: Region) -> Bool {
        selection?.shows(namespace, in: region) ?? true
    }
}
