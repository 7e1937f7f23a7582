/// Adds to a plan who uses the devices that it takes offline, and what else around them keeps an apply from it.
package struct UseReview: PlanReview {
    package let findings: UseReport
    package let stateDirectory: String?

    /// A value of these parts.
    package init(findings: UseReport, stateDirectory: String?) {
        self.findings = findings
        self.stateDirectory = stateDirectory
    }

    /// The plan with its refusals and notes.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        let uses = uses(of: plan)
        plan.notes += uses + missingNodes(of: plan)
        plan.refusals += uses.compactMap { stateRefusal($0.address, $0.holders) }
        if let obstacle = findings.obstacle, !plan.disabled.isEmpty || !plan.disturbedDevices.isEmpty {
            plan.notes.append(Self.note(obstacle))
        }
        if let policy = findings.memoryPolicy, policy != "offline" { plan.notes.append(Self.note(policy)) }
        if !findings.memoryRules.isEmpty, plan.steps.contains(where: \.step.makesMemory) {
            plan.notes.append(Self.note(rules: findings.memoryRules))
        }
        return plan
    }

    /// A note for every namespace that the plan takes offline and that somebody uses.
    package func uses(of plan: Plan) -> [Note] {
        plan.steps.compactMap { planned in
            let change = plan.changes[planned.change]
            let changesDevice = planned.step.kind.effects.contains(.changesDevice)
            if changesDevice, change.kind != .configureDevice { return nil }
            let device = planned.step.usersMatter?.device ?? planned.step.transition?.usedDevice
            guard let found = device.flatMap({ findings.uses[$0] }) else { return nil }
            // What it is used as is what the step changes.
            let uses = changesDevice ? found.filter { $0.kind != .systemMemory } : found
            guard !uses.isEmpty else { return nil }
            return Self.note(change.address, uses)
        }
    }

    /// A note for every block device that the plan takes offline and that has no node: its exclusive open, which keeps
    /// others out, fails then.
    private func missingNodes(of plan: Plan) -> [Note] {
        plan.steps.compactMap { planned in
            guard planned.step.kind.effects.contains(.takesOffline), let target = planned.step.target,
                let disk = findings.missingNodes[target.device]
            else { return nil }
            return Note(
                .nodeMissing, plan.changes[planned.change].address,
                "/dev/\(disk) does not exist: an apply cannot make sure that nobody uses the device, and fails",
                advice: "udevadm trigger --settle, or look why udev made no node for it")
        }
    }

    /// The note of a namespace's uses.
    package static func note(_ address: String, _ uses: [Holder]) -> Note {
        Note(.busy, address, "in use: \(uses.summary)", advice: uses.advice, holders: uses)
    }

    /// The state directory's file system is one of the uses of the device below it.
    private func stateRefusal(_ address: String, _ uses: [Holder]) -> Refusal? {
        guard let stateDirectory,
            let device = uses.map(\.device).first(where: findings.stateDevices.contains)
        else { return nil }
        return Refusal(
            .stateDirectoryOnTarget, address,
            "the state directory \(stateDirectory) lies on \(device), which would be taken offline with the journal on it",
            advice: "keep it elsewhere: --state-dir DIR")
    }

    private static func note(_ obstacle: OperationError) -> Note {
        Note(
            .usesUnknown, "host",
            "cannot see who uses the devices that this plan takes offline, so apply refuses it: \(obstacle.reason)",
            advice: obstacle.advice)
    }

    private static func note(_ policy: String) -> Note {
        Note(
            .memoryAutoOnline, "memory",
            "new memory blocks come online at once (auto_online_blocks is \(policy)), before anybody can choose their zone: it is "
                + "set to offline while a device becomes memory, and back after that")
    }

    private static func note(rules files: [String]) -> Note {
        Note(
            .memoryAutoOnline, "memory",
            "udev brings new memory blocks online too (\(files.joined(separator: ", "))), in a zone of the kernel's choice: they are "
                + "taken offline and brought online as declared; where the kernel keeps one, the step is undone",
            advice:
                "leave memory to one of the two: mask the rule with a file of its name in /etc/udev/rules.d")
    }
}

extension Plan {
    /// The namespaces that it takes offline, or whose device it takes away: what is to be looked at before.
    package var disabled: [NamespaceTarget] { steps.compactMap(\.step.usersMatter) }

    /// The devices of dynamic dax regions that it takes from programs, by kernel name.
    package var disturbedDevices: [String] { steps.compactMap { $0.step.transition?.usedDevice } }
}

extension DeviceTransition {
    /// The device that programs may have open, and lose; nil where there is none.
    fileprivate var usedDevice: String? {
        before?.use == .devdax && !changesRightsAlone ? device : nil
    }
}

extension Step {
    /// The namespace from whose users the step takes it; nil where it takes none away. What a step before makes, nobody uses yet.
    fileprivate var usersMatter: NamespaceTarget? {
        guard kind.takesFromUsers, let target, !target.device.isEmpty else { return nil }
        return target
    }
}
