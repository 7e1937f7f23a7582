/// What the administrator has agreed to.
public struct Consent: Equatable, Sendable {
    /// The namespaces that may be destroyed, replaced or reconfigured (`--allow-destroy`): by name, by label UUID,
    /// or by the address of the change (`region0/wal`).
    public var allowDestroy: Set<String>

    /// Consent to the destruction of these.
    public init(allowDestroy: Set<String> = []) {
        self.allowDestroy = allowDestroy
    }

    /// A refusal for every change of the plan that needs a consent which was not given.
    ///
    /// A name that several changes share consents to none of them: they need their addresses.
    public func refusals(for plan: Plan) -> [Refusal] {
        missing(for: plan).map { change, wanted in
            Refusal(
                .consentMissing, change.address,
                "it would be \(change.kind.consequence)\(held(by: change)), and that was not agreed to",
                advice: "if its data may go, say --allow-destroy \(argument(wanted, for: change))")
        }
    }

    /// What remains to be agreed to, for somebody who can be asked. The same as ``refusals(for:)``.
    public func requests(for plan: Plan) -> [ConsentRequest] {
        missing(for: plan).map { change, wanted in
            ConsentRequest(
                address: change.address,
                consequence: "would be \(change.kind.consequence)\(held(by: change)); its data is lost",
                words: [wanted, change.before?.labelUUID?.description, change.address],
                grant: change.address)
        }
    }

    private func missing(for plan: Plan) -> [(change: Change, wanted: String)] {
        plan.changes.compactMap { change in
            guard let name = change.consent, !allowDestroy.contains(change.address) else { return nil }
            if let label = change.before?.labelUUID?.description, allowDestroy.contains(label),
                !plan.changes.contains(where: { $0.address != change.address && $0.consent == label })
            {
                return nil
            }
            let isUnique = plan.changes.count { $0.consent == name } == 1
            if isUnique, allowDestroy.contains(name) { return nil }
            return (change, isUnique ? name : change.address)
        }
    }

    private func argument(_ wanted: String, for change: Change) -> String {
        (wanted == change.consent ? change.consentArgument : nil) ?? ShellText.quoted(wanted)
    }

    /// What is known to be on it.
    private func held(by change: Change) -> String {
        guard let contents = change.contents, !contents.isEmpty else { return "" }
        return " with what it holds (\(contents.map(\.description).joined(separator: "; ")))"
    }

}

extension Change.Kind {
    /// What becomes of the data, as a participle.
    fileprivate var consequence: String {
        switch self {
        case .destroy: "destroyed"
        case .replace: "destroyed and created anew"
        case .reconfigure: "reconfigured"
        case .initializeLabels: "hidden by new label indexes"
        case .create, .rename, .enable: "changed"
        }
    }
}
