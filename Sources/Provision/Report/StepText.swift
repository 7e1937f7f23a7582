public import ProvisionCore

/// Steps in words.
public enum StepText {
    /// The step as a phrase, safe for a terminal: "create wal in region0".
    public static func phrase(_ step: Step) -> String { TerminalText.clean(words(step)) }

    private static func words(_ step: Step) -> String {
        switch step {
        case .initializeLabels(let region): "write v1.2 label indexes on the DIMMs of \(region)"
        case .disable(let target): "disable \(text(target))"
        case .destroy(let target): "destroy \(text(target))"
        case .create(let placement): "create \(name(placement.layout)) in \(placement.region)"
        case .reconfigure(let target, let layout): "reconfigure \(text(target)) as \(layout.mode.rawValue)"
        case .rename(let target, let name): "rename \(text(target)) to \(name)"
        case .enable(let target): "enable \(text(target))"
        case .configureDevice(let target, let use): "make the device of \(text(target)) \(use.text)"
        case .setRights(let target, let rights): "give the device node of \(text(target)) \(rights.text)"
        case .zero(let target): "zero the data of \(text(target))"
        case .setDevice(let transition): words(transition)
        }
    }

    private static func words(_ transition: DeviceTransition) -> String {
        let device = transition.device.map { $0 == transition.name ? $0 : "\(transition.name) (\($0))" }
        guard let after = transition.after else {
            return "remove \(device ?? transition.name) from \(transition.regionName)"
        }
        guard transition.before != nil else {
            return "make \(transition.name) in \(transition.regionName): \(after.text)"
        }
        if transition.changesRightsAlone {
            return "give the device node of \(device ?? transition.name) \(after.rights.text)"
        }
        return transition.changesUseAlone
            ? "make \(device ?? transition.name) \(after.use?.text ?? "a device without a driver")"
            : "change \(device ?? transition.name): \(after.text)"
    }

    /// The step as an object.
    static func json(_ step: Step) -> JSONValue { json(StepFacts(step)) }

    /// What a step does as an object.
    static func json(_ step: StepFacts) -> JSONValue {
        var node = JSONValue.object()
        node.set("action", step.action)
        node.set("region", step.region)
        node.set("device", step.device)
        node.set("resource", step.resource)
        node.set("raw_size", step.rawSize)
        node.set("raw_uuid", step.labelUUID)
        node.set("backup_size", step.backupSize)
        return node
    }

    private static func text(_ target: NamespaceTarget) -> String {
        if target.device.isEmpty { return target.displayName }
        return target.displayName == target.device
            ? target.device : "\(target.displayName) (\(target.device))"
    }

    private static func name(_ layout: Layout) -> String { layout.name?.text ?? "a namespace" }
}
