/// Adds to a plan the refusals for protected namespaces.
package struct ProtectionReview: PlanReview {
    private let protection: Protection
    private let observed: Observed
    private let isAfterBoot: Bool

    /// A review with these marks, of a plan for this host.
    /// - Parameter isAfterBoot: whether the plan puts back what a boot forgot. A protected namespace that was memory becomes memory again then,
    ///   where nobody has written to it since.
    package init(marks: [ProtectionMark], on observed: Observed, isAfterBoot: Bool = false) {
        protection = Protection(marks, on: observed)
        self.observed = observed
        self.isAfterBoot = isAfterBoot
    }

    /// The plan with a refusal for every change of a marked namespace but one that leaves all as it is, such as its being enabled, and for
    /// whatever would be written where one lay whose labels are lost.
    package func completed(_ plan: Plan) -> Plan {
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
                let mark = protection.mark(labelled: label)
            else { continue }
            plan.refusals.append(mark.refusal(change.address))
        }
        let writing = plan.steps.map(\.step).filter(\.kind.writesToRegion)
        for region in observed.regions.map(\.device) {
            let steps = writing.filter { $0.region == region }
            guard !steps.isEmpty else { continue }
            // What was memory holds nothing that becoming memory again could destroy, unless the mark names this very region.
            let restores = isAfterBoot && steps.allSatisfy { $0.kind == .configureDevice }
            plan.refusals += protection.refusals(toWriteIn: [region], ifCertain: restores)
        }
        return plan
    }

    /// What to do where the profile protects a namespace, and so does the mark of an earlier apply: both have to go, and
    /// the profile first, or it would protect the namespace anew.
    private func advice(_ refusal: Refusal) -> String? {
        guard let mark = refusal.label.flatMap(protection.mark(labelled:)), let advice = refusal.advice else {
            return refusal.advice
        }
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
                    labelUUID: $0, name: found.namespace?.name, source: profile.source,
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
