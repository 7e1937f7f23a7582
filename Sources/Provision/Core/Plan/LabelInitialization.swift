/// Plans the writing of label indexes on the DIMMs of a label-less region.
package struct LabelInitialization {
    package let region: Region

    /// Why undo goes as far as it does, where nothing is created over what the namespace holds.
    package static let reversibilityReason =
        "the namespace that spans the region comes back when its DIMMs' label areas are restored and the host reboots"

    /// Drafts the change. Only index blocks are written, but the namespace that spans the region is gone afterwards. It
    /// is taken to hold something, so that this takes consent, until all of it was looked at (``LabelReview``).
    package func plan(in draft: inout PlanDraft) {
        let spanning = region.namespaces.first
        let change = draft.add(
            Change(
                address: region.device, kind: .initializeLabels,
                before: spanning.map { NamespaceSummary($0) },
                after: nil, reasons: ["\(region.device) has no labels, and the profile says labels: init"],
                reversibility: .untilWritten,
                reversibilityReason: Self.reversibilityReason, consent: spanning.map { _ in region.device }))
        if let spanning { draft.takeOffline(spanning, in: region, toReplace: true, of: change, in: .labels) }
        draft.add(.initializeLabels(region: region.device), of: change, in: .labels)
    }
}
