public import ProvisionCore

/// A plan as a report: one value, a text for people and a JSON document for programs.
public struct PlanReport: Sendable {
    /// The version of the JSON document's shape. Keys may be added under the same number, never changed or removed.
    public static let formatVersion = 1

    /// The plan.
    public let plan: Plan
    /// Where the profile came from.
    public let source: String
    /// The host that the plan was made for; empty for a saved plan.
    private let observed: Observed
    /// The fingerprint that was saved with the plan.
    private let savedFingerprint: String?
    /// The state of the host that the plan was made for. It takes as long as planning, and a text has no use for it.
    public var fingerprint: String { savedFingerprint ?? HostSnapshot(observed).fingerprint }
    /// What was not known to the plan; nil where it was made from the host itself.
    public let limits: InventoryLimits?
    /// Where and when the inventory was taken that it was made from; nil where that is not known.
    public let origin: InventoryOrigin?

    /// The report of a plan for this profile and observation.
    public init(
        _ plan: Plan, of profile: Profile, on observed: Observed, limits: InventoryLimits? = nil,
        origin: InventoryOrigin? = nil
    ) {
        self.plan = plan
        self.source = profile.source
        self.observed = observed
        self.savedFingerprint = nil
        self.limits = limits
        self.origin = origin
    }

    /// The report of a saved plan. It has no steps.
    public init(of saved: SavedPlan) {
        self.plan = saved.shown
        self.source = saved.profile.source
        self.observed = Observed(buses: [])
        self.savedFingerprint = saved.fingerprint
        self.limits = nil
        self.origin = nil
    }

    /// The report of the plan for a host that is known from a saved inventory alone.
    /// - Parameter backupLimit: the most that is saved of one namespace to make undo bring it back.
    public init(
        of profile: Profile, on inventory: SavedInventory,
        backupLimit: ByteCount = Planner.defaultBackupLimit
    ) {
        let limits = inventory.planningLimits
        let plan = Planner.plan(
            profile, on: inventory.observed, limits: limits, backupLimit: backupLimit)
        self.init(
            plan, of: profile, on: inventory.observed, limits: limits, origin: inventory.origin)
    }
}
