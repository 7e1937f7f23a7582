/// Plans the writing of label indexes on the DIMMs of a label-less region.
struct LabelInitialization {
    let region: Region

    /// Drafts the change. Only index blocks are written, but the namespace that spans the region is gone afterwards;
    /// where it may hold something, that takes consent.
    func plan(in draft: inout PlanDraft) {
        let spanning = region.namespaces.first
        let consent = spanning.flatMap { self.consent(for: $0) }
        let change = draft.add(
            Change(
                address: region.device, kind: .initializeLabels,
                before: spanning.map { NamespaceSummary($0) },
                after: nil, reasons: ["\(region.device) has no labels, and the profile says labels: init"],
                reversibility: .untilWritten,
                reversibilityReason:
                    "the namespace that spans the region comes back when its DIMMs' label areas are "
                    + "restored and the host reboots",
                consent: consent))
        if let spanning, spanning.isActive {
            draft.add(.disable(NamespaceTarget(spanning, region: region.device)), of: change, in: .labels)
        }
        draft.add(.initializeLabels(region: region.device), of: change, in: .labels)
    }

    /// A region that nobody ever used shows as one raw namespace without content.
    private func consent(for spanning: Namespace) -> String? {
        spanning.mode == .raw && spanning.hasContent == false ? nil : region.device
    }
}
