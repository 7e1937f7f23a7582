/// Turns the difference between an existing namespace and its layout into a change that leaves its extent in place.
package struct NamespaceChanges {
    package let region: Region
    package let address: String
    /// What `--allow-destroy` must name for a change that puts data out of reach.
    package let consent: String
    package let sizing: Sizing

    /// Drafts the change, and returns its index. The namespace differs: in what `reasons` say, in its name, or in not being
    /// active.
    package func change(
        _ namespace: Namespace, to layout: Layout, reasons: [String], in draft: inout PlanDraft
    ) -> Int {
        switch way(for: namespace, to: layout, reasons: reasons) {
        case .rename(let name): rename(namespace, name, layout, in: &draft)
        case .enable: enable(namespace, layout, in: &draft)
        case .reconfigure: reconfigure(namespace, layout, reasons, in: &draft)
        }
    }

    /// Whether the change gives the namespace a new info block, so that its data is out of reach.
    package func isReconfiguration(of namespace: Namespace, to layout: Layout, reasons: [String]) -> Bool {
        if case .reconfigure = way(for: namespace, to: layout, reasons: reasons) { return true }
        return false
    }

    private enum Way {
        case rename(NamespaceName), enable, reconfigure
    }

    /// An inactive namespace shows no mode but the one that its label records, and v1.1 labels record none. What its info
    /// block says, and whether it has one, shows only when it is enabled: that writes nothing and loses nothing, and
    /// whatever is still different then is another change, with its own consent and backup. Where the label alone says
    /// that it is something else than declared, enabling it would be of no use.
    private func way(for namespace: Namespace, to layout: Layout, reasons: [String]) -> Way {
        if namespace.isActive {
            guard reasons.isEmpty, let name = layout.name else { return .reconfigure }
            return .rename(name)
        }
        switch namespace.recordedMode {
        case nil where layout.mode == .raw || sizing.labels != .v1_2: return .enable
        case layout.mode?: return .enable
        default: return .reconfigure
        }
    }

    private func rename(
        _ namespace: Namespace, _ name: NamespaceName, _ layout: Layout, in draft: inout PlanDraft
    ) -> Int {
        let change = draft.add(
            make(
                .rename, namespace, layout, [renaming(namespace, name)], .lossless,
                "the label keeps everything but the name", consent: nil))
        draft.takeOffline(namespace, in: region, toReplace: false, of: change, in: .enable)
        draft.add(.rename(target(namespace), name), of: change, in: .enable)
        draft.add(.enable(target(namespace)), of: change, in: .enable)
        return change
    }

    private func enable(_ namespace: Namespace, _ layout: Layout, in draft: inout PlanDraft) -> Int {
        let newName = layout.name.flatMap { $0.text == namespace.name ? nil : $0 }
        let change = draft.add(
            make(
                .enable, namespace, layout,
                [inactivity(of: namespace)] + (newName.map { [renaming(namespace, $0)] } ?? []),
                .lossless, "it can be disabled again", consent: nil))
        if let newName { draft.add(.rename(target(namespace), newName), of: change, in: .enable) }
        draft.add(.enable(target(namespace)), of: change, in: .enable)
        return change
    }

    private func reconfigure(
        _ namespace: Namespace, _ layout: Layout, _ reasons: [String], in draft: inout PlanDraft
    ) -> Int {
        let change = draft.add(
            make(
                .reconfigure, namespace, layout,
                reasons.isEmpty ? inactiveReasons(namespace, layout) : reasons,
                .untilWritten, "", consent: consent))
        draft.takeOffline(namespace, in: region, toReplace: true, of: change, in: .reconfigure)
        draft.add(.reconfigure(target(namespace), layout), of: change, in: .reconfigure)
        return change
    }

    private func renaming(_ namespace: Namespace, _ name: NamespaceName) -> String {
        "name \(namespace.name ?? "(none)") becomes \(name)"
    }

    /// A label without a mode is what an interrupted creation leaves, what a disabled raw namespace has, and every
    /// v1.1 label.
    private func inactivity(of namespace: Namespace) -> String {
        namespace.labelUUID == nil || namespace.recordedMode != nil
            ? "it is disabled: what else differs from the profile shows when it is enabled"
            : "it is disabled, and its label does not say as what: it may be unfinished"
    }

    /// Why an inactive namespace has to be reconfigured, and not merely enabled.
    package func inactiveReasons(_ namespace: Namespace, _ layout: Layout) -> [String] {
        guard let recorded = namespace.recordedMode else { return [inactivity(of: namespace)] }
        return ["it is disabled", "mode \(recorded.rawValue) becomes \(layout.mode.rawValue)"]
    }

    private func make(
        _ kind: Change.Kind, _ namespace: Namespace, _ layout: Layout, _ reasons: [String],
        _ reversibility: Reversibility, _ why: String, consent: String?
    ) -> Change {
        let offset = region.extent(of: namespace)?.offset ?? .zero
        var after = NamespaceSummary(
            layout,
            usableSize: sizing.usableSize(of: layout, rawSize: namespace.rawSize, offset: offset),
            resource: namespace.resource)
        if kind != .reconfigure { after.labelUUID = namespace.labelUUID }
        if kind == .enable {
            // Only its info block knows the rest, and that shows when it is enabled.
            after.usableSize = nil
            after.map = nil
            after.align = nil
            after.sectorSize = nil
        }
        return Change(
            address: address, kind: kind, before: NamespaceSummary(namespace), after: after, reasons: reasons,
            reversibility: reversibility, reversibilityReason: why, consent: consent)
    }

    private func target(_ namespace: Namespace) -> NamespaceTarget {
        NamespaceTarget(namespace, region: region.device)
    }
}
