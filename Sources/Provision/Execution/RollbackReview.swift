/// Whether a committed transaction can be undone, what that destroys, and what it cannot bring back.
public struct RollbackReview: Sendable {
    /// Why it cannot; empty where it can, with the consents that are missing.
    public var refusals: [Refusal]
    /// What remains to be agreed to, for somebody who can be asked.
    public var requests: [ConsentRequest] = []
    /// What it brings back, and how much of it, in a line each.
    public var promises: [String]

    /// Reviews undoing a transaction on the host as it is now.
    /// - Parameter later: the committed transactions after it.
    public init(of log: TransactionLog, on observed: Observed, later: [TransactionLog], consent: Consent) {
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
        requests = Self.requests(log, after, consent)
        refusals += requests.map { request in
            Refusal(
                .consentMissing, request.address,
                "undoing gives up what was written to it since it was made",
                advice: "if that may go, say --allow-destroy \(request.address)")
        }
    }

    private static func unsuitable(_ log: TransactionLog) -> [Refusal] {
        switch log.end {
        case .committed, .incomplete: []
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
            other.end != .rolledBack && other.header.steps.contains { regions.contains($0.region) }
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
