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
    public init(
        of log: TransactionLog, on observed: Observed, later: [TransactionLog], consent: Consent,
        marks: [ProtectionMark] = [], findings: Findings = Findings()
    ) {
        let regions = Set(log.header.steps.map(\.region))
        refusals = Self.unsuitable(log) + Self.overtaken(log, by: later, regions)
        promises = Self.promises(of: log)
        guard refusals.isEmpty, let after = log.after else { return }
        let names = RegionNames(before: after, now: observed)
        let current = regions.compactMap { names.name(of: $0) }
        let moved = HostFacts(after.only(regions)).differences(to: HostFacts(observed.only(Set(current))))
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
        requests = Self.requests(log, after, consent)
        refusals += requests.map { request in
            Refusal(
                .consentMissing, request.address,
                "undoing gives up what was written to it since it was made",
                advice: "if that may go, say --allow-destroy \(request.address)")
        }
    }

    /// The namespaces, as they are now, that undoing a transaction would take offline: what it made or changed, and in a
    /// region that it gave labels everything.
    public static func targets(of log: TransactionLog, on observed: Observed) -> [NamespaceTarget] {
        let names = RegionNames(before: log.header.before, now: observed)
        var labels: Set<UUID> = []
        var whole: Set<String> = []
        for (number, identity) in log.begun {
            let step = log.header.steps[number]
            labels.insert(identity.label)
            let before = step.device.flatMap { log.header.before.namespace($0) }
            if let label = before?.labelUUID { labels.insert(label) }
            guard step.action == "initialize_labels" || before?.labelUUID == nil && before != nil else {
                continue
            }
            if let name = names.name(of: step.region) { whole.insert(name) }
        }
        return observed.regions.flatMap { region in
            region.namespaces
                .filter { $0.labelUUID.map(labels.contains) ?? false || whole.contains(region.device) }
                .map { NamespaceTarget($0, region: region.device) }
        }
    }

    private static func protections(
        _ log: TransactionLog, _ observed: Observed, _ marks: [ProtectionMark]
    ) -> [Refusal] {
        targets(of: log, on: observed).compactMap { target in
            marks.first { $0.label == target.labelUUID }?.refusal("\(target.region)/\(target.label)")
        }
    }

    private static func uses(_ log: TransactionLog, _ observed: Observed, _ findings: Findings) -> [Refusal] {
        targets(of: log, on: observed).compactMap { target in
            findings.uses[target.device].map {
                FindingsReview.note("\(target.region)/\(target.label)", $0).refusal
            }
        }
    }

    private static func unsuitable(_ log: TransactionLog) -> [Refusal] {
        switch log.end {
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

    private static func overtaken(
        _ log: TransactionLog, by later: [TransactionLog], _ regions: Set<String>
    ) -> [Refusal] {
        later.filter { other in
            // One that was given up cannot be rolled back first. What it left is seen on the host.
            other.end != .rolledBack && other.end != .abandoned
                && other.header.steps.contains { regions.contains($0.region) }
        }
        .map { other in
            Refusal(
                .hostChanged, log.header.id,
                "the later transaction \(other.header.id) changed the same region",
                advice: "roll that one back first: daxprov rollback \(other.header.id)")
        }
    }

    /// What the transaction created or reconfigured is given up, with what was written to it since.
    private static func requests(
        _ log: TransactionLog, _ after: Observed, _ consent: Consent
    ) -> [ConsentRequest] {
        var labels: Set<UUID> = []
        for (number, identity) in log.begun
        where ["create", "reconfigure"].contains(log.header.steps[number].action) {
            labels.insert(identity.label)
        }
        return after.regions.flatMap(\.namespaces).compactMap { namespace in
            guard let label = namespace.labelUUID, labels.contains(label) else { return nil }
            let names = [namespace.displayName, label.description]
            guard consent.allowDestroy.isDisjoint(with: names) else { return nil }
            return ConsentRequest(
                address: namespace.displayName,
                consequence: "loses what was written to it since it was made", words: names,
                grant: label.description)
        }
    }

    private static func promises(of log: TransactionLog) -> [String] {
        var seen: Set<String> = []
        return log.header.steps.compactMap { step in
            guard ["destroy", "reconfigure"].contains(step.action), let device = step.device,
                let namespace = log.header.before.namespace(device), seen.insert(device).inserted
            else { return nil }
            let data =
                step.reversibility == .irreversible
                ? "its layout and identity, not its data" : "its layout, identity and data"
            return "\(namespace.displayName): \(data) (\(step.reversibilityReason))"
        }
    }
}

extension Observed {
    /// The same with these regions alone.
    fileprivate func only(_ devices: Set<String>) -> Observed {
        var copy = self
        for index in copy.buses.indices {
            copy.buses[index].regions.removeAll { !devices.contains($0.device) }
        }
        return copy
    }
}
