import ProvisionCore
import ProvisionHost

/// Compares what a step left with what the plan said of it.
enum ReadBack {
    /// The differences, each in a phrase; empty where the result is as planned.
    static func differences(after step: Step, identity: FreshIdentity, found: Namespace?) -> [String] {
        switch step {
        // The region is looked at for these: see Executor.
        case .setDevice: return []
        case .initializeLabels, .destroy:
            return found == nil ? [] : ["\(found?.device ?? "a namespace") is still there"]
        case .create(let placement):
            guard let found else { return ["no namespace is there"] }
            return placed(placement, identity, found)
        case .reconfigure(let target, let layout):
            guard let found else { return ["no namespace is there"] }
            let uuid = target.labelUUID == nil ? nil : identity.labelUUID
            return kept(target, found) + matches(layout, found) + expect("label UUID", uuid, found.labelUUID)
        case .rename(let target, let name):
            return kept(target, found) + expect("name", name.text, found?.name)
        case .enable(let target):
            return kept(target, found) + expect("active", true, found?.isActive) + usable(found)
        case .configureDevice(let target, let use):
            return kept(target, found) + expect("device", use.text, found?.deviceUse?.text)
        case .setRights(let target, let rights):
            return kept(target, found) + expect("rights of the device node", rights.text, found?.rights.text)
        case .zero(let target):
            return kept(target, found) + expect("active", true, found?.isActive)
        case .disable(let target):
            return kept(target, found) + expect("active", false, found?.isActive)
        }
    }

    private static func placed(
        _ placement: Placement, _ identity: FreshIdentity, _ found: Namespace
    ) -> [String] {
        var differences = matches(placement.layout, found)
        if let resource = placement.resource {
            differences += expect(
                "address", Hexadecimal.number(resource), found.resource.map(Hexadecimal.number))
        }
        differences += expect("label UUID", identity.labelUUID, found.labelUUID)
        differences += expect("usable size", placement.usableSize, found.usableSize)
        return differences
    }

    private static func matches(_ layout: Layout, _ found: Namespace) -> [String] {
        var differences = expect("active", true, found.isActive)
        differences += matches(layout, found, in: [.mode, .rawSize])
        differences += expect("extents", 1, found.extents ?? 1)
        differences += matches(layout, found, in: [.name, .map, .align, .sectorSize])
        return differences + usable(found)
    }

    /// What the layout leaves open can be anything.
    private static func matches(
        _ layout: Layout, _ found: Namespace, in attributes: [NamespaceConfiguration.Attribute]
    ) -> [String] {
        let wanted = layout.configuration
        return attributes.filter { wanted[$0] != nil }
            .flatMap { expect($0.words, wanted[$0], found.configuration[$0]) }
    }

    /// What keeps the device of a devdax namespace from being opened. A device that another driver has taken is left to it:
    /// somebody's rules say so, and the plan notes it.
    private static func usable(_ found: Namespace?) -> [String] {
        guard let found, found.mode == .devdax, let device = found.daxDevice else { return [] }
        let name = found.characterDevice ?? "its device"
        if device.mode == .disabled {
            return ["\(name) has no driver" + (device.isStranded ? ": its range is system memory" : "")]
        }
        switch device.node {
        case .opens, .missing, nil: return []
        case .isAnother: return ["/dev/\(name) is not the node of \(name): it leads to another device"]
        case .failed(let reason): return ["/dev/\(name) cannot be opened: \(reason)"]
        }
    }

    private static func kept(_ target: NamespaceTarget, _ found: Namespace?) -> [String] {
        guard let found else { return ["\(target.device) is gone"] }
        var differences = expect("size", target.rawSize, found.rawSize)
        if let resource = target.resource {
            differences += expect(
                "address", Hexadecimal.number(resource), found.resource.map(Hexadecimal.number))
        }
        return differences
    }

    private static func expect<Value: Equatable>(_ what: String, _ wanted: Value?, _ found: Value?)
        -> [String]
    {
        guard wanted != found else { return [] }
        func text(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }
        return ["\(what) is \(text(found)), planned \(text(wanted))"]
    }
}
