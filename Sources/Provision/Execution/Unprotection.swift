public import ProvisionCore
public import ProvisionHost

/// Removes the mark of a protected namespace, unless its device is in use.
public struct Unprotection {
    private let host: any RestoringHost
    private let store: ProtectionStore

    /// The removal of marks from a store, on a host. The caller holds the host's lock.
    public init(host: any RestoringHost, store: TransactionStore) {
        self.host = host
        self.store = ProtectionStore(store.directory)
    }

    /// How it ended.
    public enum Ending: Sendable {
        /// The mark is removed.
        case removed(ProtectionMark)
        /// The device is in use; the mark stays.
        case refused(Refusal)
    }

    /// Removes the mark of the namespace with a name or label UUID. One whose namespace is gone can be removed too.
    public func run(_ word: String) throws(OperationError) -> Ending {
        let observed: Observed
        let mark: ProtectionMark
        observed = try host.observe()
        mark = try find(word, on: observed)
        if let refusal = try refusal(mark, on: observed) { return .refused(refusal) }

        try store.remove(mark)
        return .removed(mark)
    }

    private func find(_ word: String, on observed: Observed) throws(OperationError) -> ProtectionMark {
        let wanted = UUID(word)
        let named = observed.regions.flatMap(\.namespaces).filter { $0.name == word }.compactMap(\.labelUUID)
        let found = try store.marks().filter { mark in
            mark.labelUUID == wanted || mark.name == word || named.contains(mark.labelUUID)
        }
        guard let mark = found.first else {
            throw OperationError(
                record: .unsuitable, "no namespace \(word) is protected",
                advice: "daxprov status lists those that are")
        }
        guard found.count == 1 else {
            let labels = found.map(\.labelUUID.description).joined(separator: ", ")
            throw OperationError(
                record: .unsuitable, "several protected namespaces are called \(word)",
                advice: "say which one by its UUID: \(labels)")
        }
        return mark
    }

    private func refusal(_ mark: ProtectionMark, on observed: Observed) throws(OperationError) -> Refusal? {
        for region in observed.regions {
            guard let namespace = region.namespace(labelled: mark.labelUUID) else { continue }
            let target = NamespaceTarget(namespace, region: region.device)
            let findings = try host.examine(UseQuery(targets: [target], claimsDevices: true))
            guard let uses = findings.uses[namespace.device] else { return nil }
            return UseReview.note("\(region.device)/\(namespace.displayName)", uses).refusal
        }
        return nil
    }
}
