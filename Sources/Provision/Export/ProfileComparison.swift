public import ProvisionCore

/// The host as a profile before and after a plan: what tools that compare texts are given.
public struct ProfileComparison: Sendable {
    /// The host as it is, as `daxprov export` prints it.
    public let before: String
    /// The host as the plan says that it will be. A namespace that is made anew has the UUID of no label yet.
    public let after: String

    /// The comparison for a plan of this host.
    public init(_ plan: Plan, on observed: Observed) {
        before = Self.text(observed)
        after = plan.changes.isEmpty ? before : Self.text(PlanForecast(plan, on: observed).observed)
    }

    private static func text(_ observed: Observed) -> String {
        ProfileExport(SavedInventory(observed: observed, limits: .none)).text
    }
}
