/// Turns a profile and an observation into a plan. Pure: equal input gives an equal plan, and nothing is touched.
public enum Planner {
    /// The plan that brings the observed host to the profile.
    /// - Parameter limits: what the observation does not say, where it was read from a saved inventory.
    public static func plan(
        _ profile: Profile, on observed: Observed, limits: InventoryLimits = .none
    ) -> Plan {
        var draft = PlanDraft()
        let (assignments, refusals) = RegionMatcher.assign(profile.regions, on: observed)
        draft.refusals = refusals
        for assignment in assignments {
            draft.append(plan(assignment, of: profile, among: assignments, on: observed, limits))
        }
        for region in observed.regions
        where !assignments.contains(where: { $0.region.device == region.device }) {
            draft.append(UnmanagedPlanner(policy: profile.unmanaged, region: region).plan(region.namespaces))
        }
        draft.refusals += LabelSlots.refusals(for: draft, on: observed)
        return Plan(
            changes: draft.changes, steps: draft.orderedSteps, unchanged: draft.unchanged,
            unmanaged: draft.unmanaged, refusals: draft.refusals)
    }

    private static func plan(
        _ assignment: RegionMatcher.Assignment, of profile: Profile,
        among assignments: [RegionMatcher.Assignment], on observed: Observed, _ limits: InventoryLimits
    ) -> PlanDraft {
        var draft = PlanDraft()
        draft.refusals = RegionPreconditions(assignment: assignment).refusals
        guard draft.refusals.isEmpty else { return draft }
        let region = assignment.region
        if region.labelling == .labelless, assignment.block.labels == .require {
            draft.append(LabelLessRegionPlanner(assignment: assignment).plan())
            return draft
        }
        let siblings = assignments.filter { $0.block.position == assignment.block.position }
        let others = observed.regions.filter { other in
            !siblings.contains { $0.region.device == other.device }
        }
        draft.append(
            LabelledRegionPlanner(
                assignment: assignment, otherRegions: others, unmanaged: profile.unmanaged, limits: limits
            ).plan())
        return draft
    }
}
