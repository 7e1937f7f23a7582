/// A plan as a report: one value, a text for people and a JSON document for programs.
public struct PlanReport: Sendable {
    /// The version of the JSON document's shape. Keys may be added under the same number, never changed or removed.
    public static let formatVersion = 1

    /// The plan.
    public let plan: Plan
    /// Where the profile came from.
    public let source: String
    /// The state of the host that the plan was made for.
    public let fingerprint: String

    /// The report of a plan for this profile and observation.
    public init(_ plan: Plan, of profile: Profile, on observed: Observed) {
        self.plan = plan
        self.source = profile.source
        self.fingerprint = HostFacts(observed).fingerprint
    }
}
