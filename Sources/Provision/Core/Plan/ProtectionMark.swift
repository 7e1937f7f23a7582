/// That a namespace is protected, whatever the profile says now: set by the apply of a profile with `protect: true`,
/// and removed by `daxprov unprotect` alone.
public struct ProtectionMark: Equatable, Sendable {
    /// The UUID in the namespace's label: what a mark is known by.
    public var label: UUID
    /// The namespace's name then; nil where it had none, or the mark cannot be read.
    public var name: String?
    /// The profile that protected it; nil where the mark cannot be read.
    public var source: String?
    /// The region that it lay in; nil where the mark does not tell: it cannot be read, or an older version wrote it.
    public var region: RegionIdentity?

    /// A mark.
    public init(label: UUID, name: String?, source: String?, region: RegionIdentity? = nil) {
        self.label = label
        self.name = name
        self.source = source
        self.region = region
    }

    /// Whether it protects what is meant: its namespace, or where no label tells, what lies in the region of its namespace, which may be
    /// that.
    package func protects(_ identity: NamespaceIdentity) -> Bool {
        switch identity {
        case .label(let label): label == self.label
        case .region(let region): region == self.region
        }
    }

    /// What people know the namespace by.
    public var displayName: String { name ?? label.description }
}

/// Adds to a plan the refusals for protected namespaces.
package struct ProtectionReview: PlanReview {
    package let marks: [ProtectionMark]
    package let observed: Observed
    private let isAfterBoot: Bool

    /// A review with these marks, of a plan for this host.
    /// - Parameter isAfterBoot: whether the plan puts back what a boot forgot. A protected namespace that was memory becomes memory again then,
    ///   where nobody has written to it since.
    package init(marks: [ProtectionMark], on observed: Observed, isAfterBoot: Bool = false) {
        self.marks = marks
        self.observed = observed
        self.isAfterBoot = isAfterBoot
    }

    /// The plan with a refusal for every change of a marked namespace but one that leaves all as it is, such as its being enabled, and for
    /// whatever would be written where one lay whose labels are lost.
    package func completed(_ plan: Plan) -> Plan {
        guard !marks.isEmpty else { return plan }
        var plan = plan
        for index in plan.refusals.indices where plan.refusals[index].code == .protected {
            plan.refusals[index].advice = advice(plan.refusals[index])
        }
        let renamed = Set(plan.steps.filter { $0.step.isRenaming }.map(\.change))
        for (index, change) in plan.changes.enumerated() {
            // What keeps the namespace can lose what it holds: as memory it is written over.
            let losesData = change.losesData && !isAfterBoot
            guard change.kind.changesNamespace || renamed.contains(index) || losesData,
                let label = change.before?.labelUUID,
                let mark = marks.first(where: { $0.label == label })
            else { continue }
            plan.refusals.append(mark.refusal(change.address))
        }
        plan.refusals += lost(plan)
        return plan
    }

    /// A refusal for each region whose labels are lost, that is to be written to, and in which a marked namespace lay: its label is
    /// lost, its data is not. Where the region still has labels, somebody deleted that one label, who may have meant it.
    private func lost(_ plan: Plan) -> [Refusal] {
        let harmless: StepKind.Effects = [.changesRights, .takesOffline, .bringsOnline]
        let written = Set(
            plan.steps.filter { !$0.step.kind.effects.subtracting(harmless).isEmpty }.map(\.step.region))
        let shown = Set(observed.regions.flatMap(\.namespaces).compactMap(\.labelUUID))
        var refusals: [Refusal] = []
        for bus in observed.buses {
            for region in bus.regions where written.contains(region.device) && region.hasLostLabels(on: bus) {
                let identity = RegionIdentity(region, on: bus)
                for mark in marks where mark.region == identity && !shown.contains(mark.label) {
                    refusals.append(mark.refusal(lostIn: region))
                }
            }
        }
        return refusals
    }

    /// What to do where the profile protects a namespace, and so does the mark of an earlier apply: both have to go, and
    /// the profile first, or it would protect the namespace anew.
    private func advice(_ refusal: Refusal) -> String? {
        let mark = marks.first { refusal.address.hasSuffix("/\($0.displayName)") }
        guard let mark, let advice = refusal.advice else { return refusal.advice }
        return
            "\(advice); then run daxprov unprotect \(mark.displayName), since an earlier apply protected it as well"
    }

    /// The namespaces that the profile protects, as they are on the host; and the notes for those that no mark can be
    /// kept of, since they have no label.
    package static func protected(
        by profile: Profile, on observed: Observed
    ) -> (marks: [ProtectionMark], notes: [Note]) {
        guard profile.regions.contains(where: { $0.namespaces.contains(where: \.isProtected) }) else {
            return ([], [])
        }
        let declared = profile.namespaces(on: observed).filter(\.declaration.isProtected)
        let marks = declared.compactMap { found in
            found.namespace?.labelUUID.map {
                ProtectionMark(
                    label: $0, name: found.namespace?.name, source: profile.source,
                    region: observed.identity(of: found.region.device))
            }
        }
        let notes = RegionMatcher.assign(profile.regions, on: observed).0.compactMap { assignment in
            assignment.region.labelling != .labelled && assignment.block.labels == .require
                && assignment.block.namespaces.contains(where: \.isProtected)
                ? unkept(assignment.region) : nil
        }
        return (marks, notes)
    }

    /// The namespaces that the profile protects, by what it calls them: they need not be there yet.
    package static func protectedNames(by profile: Profile, on observed: Observed) -> [ProtectedName] {
        RegionMatcher.assign(profile.regions, on: observed).0.flatMap { assignment in
            assignment.block.namespaces.filter(\.isProtected).compactMap { declaration in
                guard declaration.name != nil || declaration.uuid != nil else { return nil }
                return ProtectedName(
                    region: RegionThen(assignment.region), name: declaration.name?.text,
                    uuid: declaration.uuid)
            }
        }
    }

    private static func unkept(_ region: Region) -> Note {
        Note(
            .protectionNotKept, region.device,
            "its namespace has no label: it is protected only as long as the profile says so")
    }
}

extension ProtectionMark {
    /// The refusal of what would change or destroy the namespace.
    package func refusal(_ address: String) -> Refusal {
        let by =
            source.map { "since \($0) was applied, which said protect: true" } ?? "by a mark that is damaged"
        return Refusal(
            .protected, address, "it is protected \(by)",
            advice: "if the change is meant: daxprov unprotect \(displayName)")
    }
}

extension ProtectionMark {
    /// The refusal of what would be written where the namespace lay.
    fileprivate func refusal(lostIn region: Region) -> Refusal {
        Refusal(
            .protected, region.device, "\(displayName) lay in it, which is protected, and its label is lost",
            advice: "bring the labels back (daxprov rollback, ndctl write-labels); if its data may go: "
                + "daxprov unprotect \(displayName)")
    }
}

extension Region {
    /// Whether no labels describe it, or a DIMM of it has no label index: the kernel calls a region labelled until the
    /// next boot, also once the index is gone.
    fileprivate func hasLostLabels(on bus: Bus) -> Bool {
        labelling == .labelLess
            || bus.dimms(under: self).contains { $0.labelArea.map { $0.version == nil } ?? false }
    }
}

extension Change.Kind {
    /// Whether the namespace is another one afterwards, or none.
    fileprivate var changesNamespace: Bool {
        switch self {
        case .rename, .reconfigure, .replace, .destroy: true
        case .create, .enable, .initializeLabels, .configureDevice, .resizeDevice: false
        }
    }
}

extension Step {
    fileprivate var isRenaming: Bool {
        if case .rename = self { return true }
        return false
    }
}

extension Profile {
    /// Whether any device is to become system memory.
    package var asksForSystemMemory: Bool {
        regions.contains { $0.namespaces.contains { $0.deviceConfiguration?.mode == .systemRAM } }
            || daxRegions.contains { $0.devices.contains { $0.use != .devdax } }
    }
}
