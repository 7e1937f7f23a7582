/// Adds to a plan what the namespaces hold that it takes offline.
package struct ContentReview: PlanReview {
    /// What was found on the block devices, by the kernel names of the namespaces.
    package let findings: UseReport

    /// The plan with the contents of its changes, as far as they were looked at.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for planned in plan.steps where planned.step.kind.effects.contains(.takesOffline) {
            guard let target = planned.step.target, let found = findings.contents[target.device] else {
                continue
            }
            plan.changes[planned.change].contents = found
        }
        return plan
    }
}
