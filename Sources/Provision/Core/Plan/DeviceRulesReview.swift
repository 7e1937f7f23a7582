extension Step {
    /// Whether udev rules are written for it.
    package var changesRules: Bool {
        kind.effects.contains(.changesRights) || transition?.changesRules == true
    }
}

/// Refuses to write udev rules into a file that is not daxprov's.
package struct DeviceRulesReview: PlanReview {
    package let findings: UseReport

    /// The plan with a refusal for every change that needs a rule written, where none can be.
    package func completed(_ plan: Plan) -> Plan {
        guard let fault = findings.deviceRulesFault else { return plan }
        var plan = plan
        let changes = Set(plan.steps.filter(\.step.changesRules).map(\.change))
        plan.refusals += changes.sorted().map { change in
            Refusal(
                .deviceRulesForeign, plan.changes[change].address,
                "the rights of its device are given by a udev rule, and the rules are not daxprov's: \(fault)",
                advice: "move that file away, or restore it")
        }
        return plan
    }
}
