/// Adds to a plan where daxctl makes something else of a device than the plan does. Whatever has daxctl read its files does so when the
/// device appears, as at the next boot.
package struct DaxctlReview: PlanReview {
    package let observed: Observed
    package let findings: UseReport

    /// A value of these parts.
    package init(observed: Observed, findings: UseReport) {
        self.observed = observed
        self.findings = findings
    }

    /// The plan with a note for each such device.
    package func completed(_ plan: Plan) -> Plan {
        guard let reason = findings.daxctlReason else { return plan }
        var plan = plan
        for planned in plan.steps {
            let change = plan.changes[planned.change]
            // A namespace that is made anew gets another UUID, which no section has.
            guard ![.create, .replace, .reconfigure].contains(change.kind),
                case .configureDevice(let target, let use) = planned.step,
                let section = section(for: target), case .use(let asked) = section.request, asked != use
            else { continue }
            plan.notes.append(
                Note(
                    .daxctlCompetes, change.address,
                    "\(section.text), and \(reason): daxctl makes that of it then",
                    advice:
                        "leave the device to one of the two: take the section out of the file, or declare what it asks for"
                ))
        }
        return plan
    }

    /// The section about a namespace; nil where there is none. daxctl knows it by the UUID of its info block.
    private func section(for target: NamespaceTarget) -> DaxctlConf.Section? {
        let namespace = observed.region(target.region)?.namespaces.first { $0.device == target.device }
        guard let uuid = namespace?.infoBlockUUID else { return nil }
        return findings.daxctlSections.first { $0.uuid == uuid }
    }
}

extension UseReport {
    /// Adds what daxctl makes of devices when they appear: nothing where nothing has it read its files.
    package mutating func add(_ agents: MemoryAgents) {
        guard agents.reading.hasEffect else { return }
        daxctlReason = agents.reading.reason
        daxctlSections = agents.daxctl.sections.filter { section in
            if case .use = section.request { true } else { false }
        }
    }
}
