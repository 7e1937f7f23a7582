/// A check of a whole plan. It adds notes, refusals, classes, consents and backups, and can withdraw a change with its steps. It adds no
/// step, and alters nothing that a step does.
package protocol PlanReview {
    /// The plan with what this review has to say.
    func completed(_ plan: Plan) -> Plan
}

extension Plan {
    /// The plan after these reviews, in this order: a later one sees what an earlier one said.
    package func reviewed(by reviews: [any PlanReview]) -> Plan {
        reviews.reduce(self) { $1.completed($0) }
    }
}

extension UseReport {
    /// What is checked with what was found on and around the devices: contents first, since labels over them need consent.
    /// - Parameter stateDirectory: where transactions are recorded; nil where they are not.
    package func reviews(stateDirectory: String?) -> [any PlanReview] {
        [
            ContentReview(findings: self),
            LabelReview(findings: self),
            UseReview(findings: self, stateDirectory: stateDirectory),
            SystemMemoryReview(findings: self),
            DeviceRulesReview(findings: self),
        ]
    }
}
