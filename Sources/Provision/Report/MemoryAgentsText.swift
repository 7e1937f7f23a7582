import ProvisionCore

/// Who else makes memory of dax devices, in words and as an object.
enum MemoryAgentsText {
    /// What a person should know: each section of daxctl's files, and who brings memory online, where that matters.
    /// - Parameter isConcerned: whether daxprov makes memory of devices here.
    static func lines(_ agents: MemoryAgents, _ effects: [DaxctlEffect], isConcerned: Bool) -> [String] {
        var lines = effects.map { effect in
            let namespace = effect.section.uuid.map { " of \($0)" } ?? ""
            return "daxctl: \(effect.section.text)\(namespace): \(effect.message)."
        }
        if effects.contains(where: { $0.isToBeTakenOver }) {
            lines.append("daxctl: daxprov export --daxctl-conf takes over what the files ask for.")
        }
        lines += agents.daxctl.problems.map { "daxctl: \($0.file) is not read: \($0.reason)." }
        guard isConcerned || !effects.isEmpty else { return lines }
        if let policy = agents.policy, policy != "offline" {
            let boot =
                agents.bootPolicy.map { "; the kernel's command line has memhp_default_state=\($0)" } ?? ""
            lines.append(
                "Memory: new memory blocks come online at once (auto_online_blocks is \(policy)\(boot)).")
        } else if agents.policy != nil, let policy = agents.policyAtBoot, policy != "offline" {
            let source = agents.bootPolicy == policy ? "its command line has" : "it was built with"
            lines.append(
                "Memory: new memory blocks stay offline until a reboot; then the kernel brings them online at once "
                    + "(\(source) the policy \(policy)).")
        }
        lines += agents.memoryRules.filter(\.bringsOnline).map {
            "Memory: udev brings new memory blocks online (\($0.file))."
        }
        lines += agents.problems.map { "Memory: \($0.file) is not read: \($0.reason)." }
        return lines
    }

    /// The object of a status.
    static func json(_ agents: MemoryAgents, _ effects: [DaxctlEffect]) -> JSONValue {
        var node = JSONValue.object()
        node.set("auto_online_blocks", agents.policy)
        node.set("memhp_default_state", agents.bootPolicy)
        node.set("config_default_state", agents.configuredPolicy)
        node.set("memory_rules", each: agents.memoryRules) { rule in
            var node = JSONValue.object()
            node.set("file", rule.file)
            node.set("brings_online", rule.bringsOnline)
            return node
        }
        node.set("dax_rules", each: agents.daxRules) { .string($0) }
        var daxctl = JSONValue.object()
        daxctl.set("has_effect", agents.reading.hasEffect)
        daxctl.set("reason", agents.reading.reason)
        daxctl.set("rule", agents.reading.rule)
        daxctl.set("unit", agents.reading.unit)
        daxctl.set("sections", each: effects, json)
        node.set("daxctl_conf", daxctl)
        node.set("problems", each: agents.daxctl.problems + agents.problems) { problem in
            var node = JSONValue.object()
            node.set("file", problem.file)
            node.set("reason", problem.reason)
            return node
        }
        return node
    }

    private static func json(_ effect: DaxctlEffect) -> JSONValue {
        var node = JSONValue.object()
        node.set("file", effect.section.file)
        node.set("section", effect.section.name)
        node.set("uuid", effect.section.uuid)
        if case .use(let use) = effect.section.request {
            switch use {
            case .devdax: node.set("mode", DeviceMode.devdax.rawValue)
            case .systemRAM(let online, _):
                node.set("mode", DeviceMode.systemRAM.rawValue)
                node.set("online", online.rawValue)
            }
        }
        node.set("effect", effect.kind.rawValue)
        node.set("message", effect.message)
        return node
    }
}

extension DaxctlEffect {
    /// Whether a profile could say what it asks for, and daxprov does not do it already.
    fileprivate var isToBeTakenOver: Bool {
        guard case .use(.systemRAM) = section.request else { return false }
        return kind != .agrees && section.uuid != nil
    }
}
