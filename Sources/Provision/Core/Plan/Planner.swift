/// Turns a profile and an observation into a plan. Pure: equal input gives an equal plan, and nothing is touched.
public enum Planner {
    /// The plan that brings the observed host to the profile.
    /// - Parameters:
    ///   - limits: what the observation does not say, where it was read from a saved inventory.
    ///   - backupLimit: the most that is saved of one namespace to make undo bring it back.
    public static func plan(
        _ profile: Profile, on observed: Observed, limits: InventoryLimits = .none,
        backupLimit: ByteCount = defaultBackupLimit
    ) -> Plan {
        var draft = PlanDraft()
        let (assignments, refusals) = RegionMatcher.assign(profile.regions, on: observed)
        draft.refusals = refusals
        let names = NameIndex(observed)
        for assignment in assignments {
            draft.append(plan(assignment, of: profile, among: assignments, names, limits))
        }
        let assigned = Set(assignments.map(\.region.device))
        let policy = refusals.isEmpty ? profile.unmanaged : .keep
        for region in observed.regions where !assigned.contains(region.device) {
            draft.append(checked(UnmanagedPlanner.plan(region, policy: policy), region))
        }
        draft.append(
            DaxRegionPlanner(observed: observed, unmanaged: policy).plan(profile.daxRegions))
        let steps = draft.orderedSteps
        draft.refusals += LabelSlots.refusals(for: steps, on: observed)
        let plan = Plan(
            changes: ConsentWords.told(apart: draft.changes), steps: steps, unchanged: draft.unchanged,
            unmanaged: draft.unmanaged, refusals: draft.refusals, notes: draft.notes)
        return plan.reviewed(by: [
            IdentityReview(assignments: assignments, names: names),
            LabelIndexReview(observed: observed, assignments: assignments),
            BackupPlanner(observed: observed, limit: backupLimit),
            HealthReview(observed: observed, asksHealth: profile.asksHealth),
            MediaErrorReview(observed: observed),
            DaxDeviceReview(observed: observed, settled: draft.settledDevices),
            FamfsReview(profile: profile, observed: observed),
            SoftReservedReview(profile: profile, observed: observed),
            ListingReview(profile: profile, observed: observed, limits: limits),
            ProofReview(profile: profile, observed: observed),
        ])
    }

    /// The default limit of a backup: 1 GiB.
    public static let defaultBackupLimit = ByteCount.gib(1)

    private static func plan(
        _ assignment: RegionMatcher.Assignment, of profile: Profile,
        among assignments: [RegionMatcher.Assignment], _ names: NameIndex, _ limits: InventoryLimits
    ) -> PlanDraft {
        var draft = PlanDraft()
        draft.refusals = RegionPreconditions(assignment: assignment).refusals
        guard draft.refusals.isEmpty else { return draft }
        let region = assignment.region
        if region.labelling == .labelLess, assignment.block.labels == .require {
            return checked(
                LabelLessRegionPlanner(assignment: assignment, names: names, limits: limits).plan(), region,
                assignment.block.position)
        }
        let siblings = assignments.filter { $0.block.position == assignment.block.position }
        let planner = LabelledRegionPlanner(
            assignment: assignment, names: names, siblings: Set(siblings.map(\.region.device)),
            unmanaged: profile.unmanaged, limits: limits)
        return checked(planner.plan(), region, assignment.block.position)
    }

    /// A region that accepts no writes can be as the profile says, and cannot be changed.
    private static func checked(
        _ draft: PlanDraft, _ region: Region, _ position: SourcePosition? = nil
    ) -> PlanDraft {
        guard region.isReadOnly, !draft.changes.isEmpty else { return draft }
        var draft = draft
        draft.refusals.append(
            Refusal(
                .regionReadOnly, region.device, at: position, "\(region.device) is read-only",
                advice: region.mappings.isEmpty
                    ? "the platform says so: see /sys/bus/nd/devices/\(region.device)/read_only"
                    : "look at the flags of its DIMMs: the kernel makes a region read-only when one is not armed"
            ))
        return draft
    }
}
