/// What becomes of the namespaces that no declaration means.
package enum UnmanagedPlanner {
    /// Reports a namespace that stays.
    package static func keep(_ namespace: Namespace, of region: Region, in draft: inout PlanDraft) {
        draft.unmanaged.append(
            UnmanagedNamespace(
                address: address(namespace, region), summary: NamespaceSummary(namespace)))
    }

    /// Reports the labels that show no namespace: nothing but ndctl gets at them.
    package static func keepLabels(of region: Region, in draft: inout PlanDraft) {
        for label in region.uninstantiated {
            var summary = NamespaceSummary(
                Namespace(device: "", rawSize: label.extent.length, isActive: false, labelUUID: label.uuid))
            summary.name = label.name
            summary.resource = region.resource.map { $0 + label.extent.offset.bytes }
            draft.unmanaged.append(
                UnmanagedNamespace(address: "\(region.device)/\(label.displayName)", summary: summary))
        }
    }

    /// Why what the profile does not name is destroyed.
    package static let destroyed = "no line of the profile names it, and unmanaged is destroy"

    /// Destroys a namespace.
    /// - Parameter reused: what is created over its range.
    package static func destroy(
        _ namespace: Namespace, of region: Region, reused: String? = nil, in draft: inout PlanDraft
    ) {
        let target = NamespaceTarget(namespace, region: region.device)
        let way = Reversibility.ofDestroying(reused: reused)
        let change = draft.add(
            Change(
                address: address(namespace, region), kind: .destroy, before: NamespaceSummary(namespace),
                after: nil, reasons: [destroyed],
                reversibility: way.reversibility, reversibilityReason: way.reason,
                consent: namespace.displayName))
        draft.takeOffline(namespace, in: region, toReplace: true, of: change, in: .release)
        draft.add(.destroy(target), of: change, in: .release)
    }

    /// What becomes of the namespaces of a region that no block matches. A label-less region's stays: it cannot be
    /// destroyed.
    package static func plan(_ region: Region, policy: UnmanagedPolicy) -> PlanDraft {
        var draft = PlanDraft()
        keepLabels(of: region, in: &draft)
        for namespace in region.namespaces {
            if policy == .destroy, region.labelling == .labelled {
                destroy(namespace, of: region, in: &draft)
            } else {
                keep(namespace, of: region, in: &draft)
            }
        }
        return draft
    }

    private static func address(_ namespace: Namespace, _ region: Region) -> String {
        "\(region.device)/\(namespace.displayName)"
    }
}
