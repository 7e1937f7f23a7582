public import ProvisionCore
import ProvisionHost

extension PlanReport {
    /// The plan as one document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", Self.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("profile", source)
        let steps = plan.stepsByChange
        document.set("changes", each: plan.changes.indices) {
            Self.change(plan.changes[$0], steps: steps[$0].map(StepFacts.init))
        }
        document.set("unchanged", each: plan.unchanged) { .string($0) }
        document.set("unmanaged", each: plan.unmanaged) { Self.unmanaged($0) }
        document.set("refusals", each: plan.refusals) { Self.refusal($0) }
        document.set("notes", each: plan.notes) { Self.note($0) }
        if !plan.proofs.isEmpty { document.set("proofs", each: plan.proofs) { ProofText.json($0) } }
        document.set("fingerprint", fingerprint)
        if let limits { document.set("limits", LimitReport.json(limits)) }
        return document
    }

    /// A namespace that no line names, as an object.
    static func unmanaged(_ unmanaged: UnmanagedNamespace) -> JSONValue {
        var node = summary(unmanaged.summary)
        node.set("address", unmanaged.address)
        return node
    }

    /// A refusal as an object.
    package static func refusal(_ refusal: Refusal) -> JSONValue {
        var node = JSONValue.object()
        node.set("code", refusal.code.rawValue)
        node.set("address", refusal.address)
        node.set("line", refusal.position?.line)
        node.set("column", refusal.position?.column)
        node.set("message", refusal.message)
        node.set("advice", refusal.advice)
        setHolders(refusal.holders, in: &node)
        return node
    }

    /// A note as an object.
    static func note(_ note: Note) -> JSONValue {
        var node = JSONValue.object()
        node.set("code", note.code.rawValue)
        node.set("address", note.address)
        node.set("message", note.message)
        node.set("advice", note.advice)
        setHolders(note.holders, in: &node)
        return node
    }

    /// The users of a device; nothing where there are none.
    private static func setHolders(_ holders: [Holder], in node: inout JSONValue) {
        guard !holders.isEmpty else { return }
        node.set("holders", each: holders) { use in
            var holder = JSONValue.object()
            holder.set("kind", use.kind.rawValue)
            holder.set("device", use.device)
            holder.set("text", use.text)
            holder.set("pid", use.process)
            holder.set("command", use.command)
            holder.set("advice", use.advice)
            return holder
        }
    }

    /// What a block device holds, as an object.
    private static func signature(_ signature: Signature) -> JSONValue {
        var node = JSONValue.object()
        node.set("kind", signature.kind.rawValue)
        node.set("type", signature.type)
        node.set("label", signature.label)
        node.set("uuid", signature.uuid)
        return node
    }

    /// A change as an object, with what its steps do.
    static func change(_ change: Change, steps: [StepFacts]) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", change.address)
        node.set("kind", change.kind.rawValue)
        node.set("actions", each: change.kind.actions) { .string($0) }
        node.set("before", change.before.map { summary($0) } ?? .null)
        node.set("after", change.after.map { summary($0) } ?? .null)
        node.set("reason", change.reasons.joined(separator: "; "))
        node.set("reversibility", change.reversibility.rawValue)
        node.set("reversibility_reason", change.reversibilityReason)
        node.set("data_loss", change.losesData)
        node.set("consent", change.consent)
        if let contents = change.contents {
            node.set("contents", each: contents) { Self.signature($0) }
        }
        node.set("steps", each: steps) { StepText.json($0) }
        return node
    }

    /// A namespace as an object, in the words of the inventory.
    static func summary(_ summary: NamespaceSummary) -> JSONValue {
        var node = JSONValue.object()
        for attribute in [.name, .mode, .rawSize] as [NamespaceConfiguration.Attribute] {
            summary.configuration.set(attribute, in: &node)
        }
        node.set("usable_size", summary.usableSize)
        for attribute in [.map, .align, .sectorSize] as [NamespaceConfiguration.Attribute] {
            summary.configuration.set(attribute, in: &node)
        }
        node.set("resource", summary.resource)
        node.set("raw_uuid", summary.labelUUID)
        node.set("state", summary.isActive ? "active" : "disabled")
        if let device = summary.device { node.set("device", InventoryReport.node(device)) }
        if summary.rights != .none { node.set("rights", summary.rights.json) }
        if let mappings = summary.mappings { node.set("mappings", each: mappings, InventoryReport.node) }
        return node
    }
}

extension Change.Kind {
    /// The actions in the words that programs know: a replacement is a deletion and a creation.
    var actions: [String] {
        switch self {
        case .create: ["create"]
        case .destroy: ["delete"]
        case .replace: ["delete", "create"]
        case .initializeLabels, .rename, .enable, .reconfigure, .configureDevice, .resizeDevice: ["update"]
        }
    }
}
