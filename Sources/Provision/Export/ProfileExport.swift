public import ProvisionCore

/// A host as a profile that changes nothing on it, unless it takes over what daxctl's files ask for.
///
/// What the profile language cannot say of the host, or what a declaration would change, becomes a comment. The planner
/// is asked before anything is printed: a declaration that it would not leave alone is taken out, with its reason.
public struct ProfileExport {
    private let inventory: SavedInventory
    private let regions: [ExportedRegion]
    private let daxRegions: [ExportedDaxRegion]
    /// Whether it asks for what daxctl's files ask for, and the host is not.
    private let takesOver: Bool

    /// The export of a host.
    /// - Parameters:
    ///   - effects: what daxctl's files come to on it.
    ///   - takingOver: whether the profile is to ask for what they ask for.
    public init(_ inventory: SavedInventory, daxctl effects: [DaxctlEffect] = [], takingOver: Bool = false) {
        self.inventory = inventory
        let observed = inventory.observed
        let names = Identities(observed)
        let regions = observed.buses.flatMap { bus in
            bus.regions.map { ExportedRegion($0, on: bus, of: inventory, identities: names) }
        }
        var settled = Self.settled(regions, inventory)
        var takesOver = false
        for index in settled.indices where settled[index].add(effects, takingOver: takingOver) {
            takesOver = true
        }
        self.regions = settled
        daxRegions = observed.daxRegions.filter { $0.kind == .dynamic }.map {
            ExportedDaxRegion($0, in: observed)
        }
        self.takesOver = takesOver
    }

    /// Whether neither a region nor a dax region can be declared: a profile needs at least one.
    public var isEmpty: Bool {
        !regions.contains { $0.block != nil } && !daxRegions.contains { $0.block != nil }
    }

    /// The profile's text, with the comments.
    public var text: String {
        let limits = inventory.limits.isEmpty ? [] : LimitReport.lines(inventory.limits).dropLast()
        let heading =
            takesOver
            ? [
                "# The host as daxprov export found it, with what \(DaxctlConf.directory) asks of its devices. Applied to that",
                "# host, it changes those devices alone.",
            ] : ["# The host as daxprov export found it. Applied to that host, it changes nothing."]
        let unknown = limits.map { "# " + $0.drop { $0 == " " } }
        var lines = heading + unknown + ["version: 1"]
        // What has no block left is said in comments; a key needs an item.
        let hasDevices = daxRegions.contains { $0.block != nil }
        if regions.contains(where: { $0.block != nil }) || !hasDevices { lines.append("regions:") }
        lines += regions.flatMap(\.lines)
        if hasDevices { lines.append("devices:") }
        lines += daxRegions.flatMap(\.lines)
        return lines.map { $0 + "\n" }.joined()
    }

    /// The regions without what the planner would not leave alone. Each round takes out at least one declaration.
    private static func settled(_ regions: [ExportedRegion], _ inventory: SavedInventory) -> [ExportedRegion]
    {
        var regions = regions
        while true {
            let profile = Profile(source: "export", regions: regions.compactMap(\.block))
            let plan = Planner.plan(profile, on: inventory.observed, limits: inventory.planningLimits)
            guard !plan.isEmpty else { return regions }
            let problems =
                plan.refusals.map { ($0.address, $0.message) }
                + plan.changes.map { ($0.address, $0.reasons.joined(separator: ", ")) }
            var isSettling = false
            for index in regions.indices where regions[index].withdraw(problems) { isSettling = true }
            if !isSettling {
                for index in regions.indices { regions[index].withdrawAll(problems.first?.1 ?? "") }
                return regions
            }
        }
    }
}

/// What a name or a UUID is good for on a host: an identity must be the only one of its kind.
struct Identities {
    private var names: [String: Int] = [:]
    private var uuids: [UUID: Int] = [:]

    /// Counts the names and UUIDs of every namespace.
    init(_ observed: Observed) {
        for namespace in observed.regions.flatMap(\.namespaces) {
            if let name = namespace.name { names[name, default: 0] += 1 }
            for uuid in Set([namespace.labelUUID, namespace.infoBlockUUID].compactMap(\.self)) {
                uuids[uuid, default: 0] += 1
            }
        }
    }

    /// The name, where a profile can say it and no other namespace has it.
    func name(of namespace: Namespace) -> NamespaceName? {
        guard let text = namespace.name, names[text] == 1,
            text.unicodeScalars.allSatisfy(PrintableText.isHarmless)
        else { return nil }
        return NamespaceName(text)
    }

    /// The label's UUID, else the info block's, where no other namespace has it.
    func uuid(of namespace: Namespace) -> UUID? {
        [namespace.labelUUID, namespace.infoBlockUUID].compactMap(\.self)
            .first { !$0.isNull && uuids[$0] == 1 }
    }
}
