/// Plans the writing of label indexes on the DIMMs of a label-less region.
struct LabelInitialization {
    let region: Region
    /// Whether the same plan creates namespaces where the label-less one is.
    let isReused: Bool

    /// Drafts the change. Only index blocks are written, but the namespace that spans the region is gone afterwards;
    /// where it may hold something, that takes consent.
    func plan(in draft: inout PlanDraft) {
        let spanning = region.namespaces.first
        let consent = spanning.flatMap { self.consent(for: $0) }
        let isLost = isReused && consent != nil
        let change = draft.add(
            Change(
                address: region.device, kind: .initializeLabels,
                before: spanning.map { NamespaceSummary($0) },
                after: nil, reasons: ["\(region.device) has no labels, and the profile says labels: init"],
                reversibility: isLost ? .irreversible : .untilWritten,
                reversibilityReason: isLost
                    ? "namespaces are created over the one that spans the region"
                    : "the media stays as it is; the namespace that spans the region comes back when "
                        + "its DIMMs' label areas are restored and the host reboots",
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
