/// What becomes of the namespaces of a region that no declaration means.
struct UnmanagedPlanner {
    let policy: UnmanagedPolicy
    let region: Region

    /// Reports them, or destroys them where the profile says so and the region has labels.
    func plan(_ namespaces: [Namespace]) -> PlanDraft {
        var draft = PlanDraft()
        for namespace in namespaces {
            if policy == .destroy, region.labelling == .labelled {
                destroy(namespace, in: &draft)
            } else {
                draft.unmanaged.append(
                    UnmanagedNamespace(address: address(namespace), summary: NamespaceSummary(namespace)))
            }
        }
        return draft
    }

    private func destroy(_ namespace: Namespace, in draft: inout PlanDraft) {
        let target = NamespaceTarget(namespace, region: region.device)
        let change = draft.add(
            Change(
                address: address(namespace), kind: .destroy, before: NamespaceSummary(namespace), after: nil,
                reasons: ["no line of the profile names it, and unmanaged is destroy"],
                reversibility: .untilWritten,
                reversibilityReason:
                    "its label is deleted; the media stays as it is until its range is reused",
                consent: namespace.displayName))
        if namespace.isActive { draft.add(.disable(target), of: change, in: .release) }
        draft.add(.destroy(target), of: change, in: .release)
    }

    private func address(_ namespace: Namespace) -> String { "\(region.device)/\(namespace.displayName)" }
}
