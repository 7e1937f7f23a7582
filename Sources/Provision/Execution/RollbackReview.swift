public import ProvisionCore

/// Whether a committed transaction can be undone, what that destroys, and what it cannot bring back.
public struct RollbackReview: Sendable {
    /// Why it cannot; empty where it can, with the consents that are missing.
    public var refusals: [Refusal]
    /// What remains to be agreed to, for somebody who can be asked.
    public var requests: [ConsentRequest] = []
    /// Whether nothing but consent is missing.
    public var lacksConsentAlone: Bool { refusals.allSatisfy { $0.code == .consentMissing } }
    /// What it brings back, and how much of it, in a line each.
    public var promises: [String]

    /// Reviews undoing a transaction on the host as it is now.
    /// - Parameters:
    ///   - later: the committed transactions after it.
    ///   - marks: the namespaces that are protected.
    ///   - findings: who uses the ``targets(of:on:)``.
    ///   - bootID: the kernel's id of this boot: in another one devices of namespaces are left as they are.
    public init(
        of log: TransactionLog, on observed: Observed, later: [TransactionLog], consent: Consent,
        marks: [ProtectionMark] = [], findings: UseReport = UseReport(), bootID: String? = nil
    ) {
        refusals = Self.unsuitable(log) + Self.overtaken(log, by: later)
        promises = Self.promises(of: log)
        guard refusals.isEmpty, let after = log.after else { return }
        let moved =
            Self.differences(in: log, after: after, now: observed)
            + Self.differences(log.touchedDaxRegions, after: after, now: observed)
        guard moved.isEmpty else {
            refusals.append(
                Refusal(
                    .hostChanged, log.header.id,
                    "the host is not as the transaction left it: \(moved.joined(separator: "; "))",
                    advice: "what others did since cannot be undone by daxprov: apply a profile instead"))
            return
        }
        refusals += Self.protections(log, observed, marks)
        refusals += Self.uses(log, observed, findings)
        let losses = Self.losses(
            log, observed, findings, isSameBoot: log.header.began(inBoot: bootID))
        requests = consent.requests(for: losses)
        refusals += consent.refusals(for: losses)
        let words = observed.consentWords.union(log.consentWords)
        refusals += consent.unknownWords(for: losses, known: words)
    }

    /// What differs in the regions that a transaction touched between what it left and what is there, wherever their memory
    /// is mapped now.
    private static func differences(
        in log: TransactionLog, after: Observed, now: Observed
    ) -> [String] {
        // Recovery can have looked at what it left in a later boot than the one in which it began.
        let atItsEnd = RegionsThenAndNow(log.header, after)
        let since = RegionCorrespondence(before: after, now: now)
        var left: [Region] = []
        var found: [Region] = []
        for touched in log.touchedRegions.sorted() {
            guard let region = atItsEnd.region(touched), let same = since.region(region) else {
                let identity = log.header.identity(of: touched)
                return ["the region \(identity.map { "\($0)" } ?? touched.device) is missing"]
            }
            var expected = region
            expected.resource = same.resource
            expected.namespaces = region.namespaces.map { since.moved($0, of: region) }
            left.append(expected)
            found.append(same)
        }
        return HostSnapshot(left).differences(to: HostSnapshot(found))
    }

    /// The same of dynamic dax regions.
    private static func differences(
        _ touched: Set<DaxRegionIdentity>, after: Observed, now: Observed
    ) -> [String] {
        touched.sorted { $0.start < $1.start }.compactMap { identity -> String? in
            guard let left = after.daxRegion(identity) else { return nil }
            guard let found = now.daxRegion(identity) else { return "the dax region \(identity) is missing" }
            // What else a node has, other rules of udev may have given.
            func layouts(_ region: DaxRegion) -> Set<DeviceLayout?> {
                Set(
                    region.devices.filter { $0.size > .zero }.map { device in
                        var layout = device.layout
                        layout?.rights = DeviceRights(declared: device.rights.rule)
                        return layout
                    })
            }
            return layouts(left) == layouts(found) ? nil : "the devices of \(found.name) are others"
        }
    }

    /// The devices of dynamic dax regions, as they are called now, that undoing a transaction would take from programs.
    public static func devices(of log: TransactionLog, on observed: Observed) -> [String] {
        returns(of: log, on: observed).filter { $0.transition.before?.use == .devdax }.compactMap(
            \.transition.device)
    }

    private static func returns(of log: TransactionLog, on observed: Observed) -> [DaxUndo.Return] {
        log.touchedDaxRegions.sorted { $0.start < $1.start }.compactMap { observed.daxRegion($0) }
            .flatMap { DaxUndo(of: log, in: $0, isSameBoot: true).returns }
            // Nobody who has it open notices those.
            .filter { !$0.transition.changesRightsAlone }
    }

    /// The namespaces, as they are now, that undoing a transaction would take offline: what it made or changed, and in a
    /// region that it gave labels everything.
    public static func targets(of log: TransactionLog, on observed: Observed) -> [NamespaceTarget] {
        let plan = UndoPlan(of: log, on: observed, relabelled: [])
        var found: [NamespaceTarget] = []
        func add(_ namespace: Namespace, _ region: String) {
            let target = NamespaceTarget(namespace, region: region)
            if !found.contains(target) { found.append(target) }
        }
        for removal in plan.removals { if let now = removal.now { add(now, removal.region) } }
        for restoration in plan.restorations {
            if let now = restoration.now { add(now, restoration.region) }
        }
        for device in plan.devices {
            if let now = observed.region(device.region)?.namespace(as: device.was) {
                add(now, device.region)
            }
        }
        let regions = RegionsThenAndNow(log.header, observed)
        for (number, step) in log.header.steps.enumerated()
        where step.kind.effects.contains(.writesLabelIndexes) && log.begun[number] != nil {
            guard let region = step.home.flatMap(regions.region) else { continue }
            for namespace in region.namespaces { add(namespace, region.device) }
        }
        return found
    }

    /// What a mark's label names is not given up; and where a protected namespace can lie whose label is lost, nothing is written, be it
    /// under another label or under none.
    private static func protections(
        _ log: TransactionLog, _ observed: Observed, _ marks: [ProtectionMark]
    ) -> [Refusal] {
        let protection = Protection(marks, on: observed)
        let named = targets(of: log, on: observed).compactMap { target in
            target.labelUUID.flatMap(protection.mark(labelled:))?
                .refusal("\(target.region)/\(target.displayName)")
        }
        let regions = RegionsThenAndNow(log.header, observed)
        let written = log.begun.keys.map { log.header.steps[$0] }.filter(\.kind.writesToRegion)
            .compactMap(\.home).compactMap(regions.region).map(\.device)
        return named
            + protection.refusals(
                toWriteIn: observed.regions.map(\.device).filter(Set(written).contains), isRollback: true)
    }

    private static func uses(_ log: TransactionLog, _ observed: Observed, _ findings: UseReport) -> [Refusal]
    {
        let regions = RegionsThenAndNow(log.header, observed)
        let steps = log.begun.keys.map { log.header.steps[$0] }
        let configured = Set(
            steps.filter { $0.kind.effects.contains(.changesDevice) }.compactMap(\.home)
                .compactMap { regions.region($0)?.device })
        return targets(of: log, on: observed).compactMap { target in
            // What the transaction made memory, undoing takes back.
            let uses = (findings.uses[target.device] ?? []).filter {
                $0.kind != .systemMemory || !configured.contains(target.region)
            }
            return uses.isEmpty ? nil : UseReview.note("\(target.region)/\(target.displayName)", uses).refusal
        }
            + returns(of: log, on: observed).compactMap { item in
                let uses = item.transition.device.flatMap { findings.uses[$0] } ?? []
                return uses.isEmpty ? nil : UseReview.note(item.transition.address, uses).refusal
            }
    }

    private static func unsuitable(_ log: TransactionLog) -> [Refusal] {
        guard !log.header.clearsErrors else {
            return [
                Refusal(
                    .nothingToUndo, log.header.id,
                    "it \(MediaErrorClearing.irreversibility)")
            ]
        }
        return switch log.end {
        case .committed, .incomplete: []
        case .abandoned:
            [Refusal(.nothingToUndo, log.header.id, "the transaction was given up")]
        case .rolledBack:
            [Refusal(.nothingToUndo, log.header.id, "the transaction has been rolled back already")]
        case nil:
            [
                Refusal(
                    .nothingToUndo, log.header.id, "the transaction was interrupted",
                    advice: "daxprov recover ends it")
            ]
        }
    }

    /// One that was given up does not count: where it left something, the host is not as this one left it.
    private static func overtaken(_ log: TransactionLog, by later: [TransactionLog]) -> [Refusal] {
        let own = regions(of: log)
        return later.filter { other in
            // Clearing errors leaves layouts and labels as they are.
            !other.header.clearsErrors && ![.rolledBack, .abandoned].contains(other.end)
                && !own.isDisjoint(with: regions(of: other))
        }
        .map { other in
            Refusal(
                .hostChanged, log.header.id,
                "the later transaction \(other.header.id) changed the same region",
                advice: "roll that one back first: daxprov rollback \(other.header.id)")
        }
    }

    /// The regions that a transaction changed. What a boot has divided again is as an earlier one left it.
    private static func regions(of log: TransactionLog) -> Set<RegionIdentity> {
        let divided = log.header.isAfterBoot ? Set(log.touchedDaxRegions.map(RegionIdentity.init)) : []
        return Set(log.touchedIdentities).subtracting(divided)
    }

    /// What the transaction created or changed on the media is given up, with what was written to it since: also where
    /// there is no label.
    private static func losses(
        _ log: TransactionLog, _ observed: Observed, _ findings: UseReport, isSameBoot: Bool
    ) -> [Loss] {
        let plan = UndoPlan(of: log, on: observed, relabelled: [])
        func loss(_ now: Namespace, _ region: String, words: [String?]) -> Loss {
            let held = findings.contents[now.device].map { $0.map(\.description).joined(separator: "; ") }
            let holds = held.flatMap { $0.isEmpty ? nil : " (it holds \($0))" } ?? ""
            return Loss(
                now, in: region, words: words,
                consequence: "would lose what was written to it since it was made\(holds)")
        }
        let created = plan.removals.compactMap { removal in
            removal.step == nil ? nil : removal.now.map { loss($0, removal.region, words: []) }
        }
        let changed = plan.restorations.compactMap { restoration -> Loss? in
            let effects = StepKind.Effects(restoration.steps.map { log.header.steps[$0].kind.effects })
            guard let now = restoration.now, effects.contains(.writesMedia)
            else { return nil }
            return loss(now, restoration.region, words: [restoration.was.name])
        }
        let devices = returns(of: log, on: observed).compactMap { item -> Loss? in
            if item.clearsUnagreed { return UndoScene.loss(item, UndoScene.broughtOnline) }
            guard let found = item.transition.before, found.use == .devdax else { return nil }
            if item.transition.after?.use?.writesToMedia == true {
                return UndoScene.loss(item, UndoScene.becomesMemory)
            }
            guard !item.transition.releasedRanges.isEmpty else { return nil }
            return UndoScene.loss(item, "would lose what was written to it since it was made")
        }
        let ofNamespaces = created.reversed() + changed
        let madeMemory = (isSameBoot ? plan.devices : []).compactMap { device -> Loss? in
            let now = observed.region(device.region)?.namespace(as: device.was)
            return now.flatMap { UndoScene.loss(of: $0, by: device) }
        }
        .filter { loss in !ofNamespaces.contains { $0.address == loss.address } }
        return ofNamespaces + madeMemory + devices
    }

    private static func promises(of log: TransactionLog) -> [String] {
        var seen: Set<String> = []
        return log.header.steps.compactMap { step in
            guard step.kind.effects.contains(.takesDataAway),
                let namespace = log.header.namespace(of: step), seen.insert(namespace.device).inserted
            else { return nil }
            let data =
                step.reversibility == .irreversible
                ? "its layout and identity, not its data"
                : "its layout and identity, and its data where nobody wrote over it since"
            return "\(namespace.displayName): \(data) (\(step.reversibilityReason))"
        }
    }
}
