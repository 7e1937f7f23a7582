/// Adds to a plan that a newer kernel would make system RAM of what the profile declares as devices.
package struct SoftReservedReview: PlanReview {
    package let profile: Profile
    package let observed: Observed

    /// The plan with one note, where the profile declares devices with contents in soft-reserved memory that nothing protects.
    package func completed(_ plan: Plan) -> Plan {
        guard !profile.daxRegions.isEmpty else { return plan }
        let declared = DaxRegionMatcher.assign(profile.daxRegions, on: observed).0
            .filter { assignment in assignment.block.devices.contains { $0.configuration.mode == .devdax } }
            .map(\.region)
        guard let risk = SoftReservedRisk(declared, on: observed) else { return plan }
        var plan = plan
        plan.notes.append(
            Note(.softReservedUnprotected, "devices", risk.message, advice: risk.advice))
        return plan
    }
}
