/// Adds to a plan why no device becomes one for famfs: the language has the mode, and this version does not make such devices.
package struct FamfsReview: PlanReview {
    package let profile: Profile
    package let observed: Observed

    /// The plan with a refusal for each device that the profile declares so.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        let namespaces = profile.regions.flatMap(\.namespaces)
        if namespaces.contains(where: { $0.deviceConfiguration?.mode == .famfs }) {
            for assignment in RegionMatcher.assign(profile.regions, on: observed).0 {
                for declaration in assignment.block.namespaces
                where declaration.deviceConfiguration?.mode == .famfs {
                    plan.refusals.append(
                        refusal(
                            "\(assignment.region.device)/\(declaration.displayName)", declaration.position))
                }
            }
        }
        for assignment in DaxRegionMatcher.assign(profile.daxRegions, on: observed).0 {
            for declaration in assignment.block.devices where declaration.configuration.mode == .famfs {
                plan.refusals.append(
                    refusal("\(assignment.region.name)/\(declaration.name.text)", declaration.position))
            }
        }
        return plan
    }

    private func refusal(_ address: String, _ position: SourcePosition) -> Refusal {
        switch observed.hasFamfsDriver {
        case false?:
            Refusal(
                .notSupported, address, at: position,
                "mode famfs needs the driver fsdev_dax, which this kernel has not, or has not loaded",
                advice: "Linux 7.0 and later have it (modprobe fsdev_dax); use mode devdax until then")
        case true?, nil:
            Refusal(
                .notSupported, address, at: position, "daxprov makes no device for famfs",
                advice:
                    "leave its device: out, and give it to the driver fsdev_dax by hand: daxctl reconfigure-device -m famfs "
                    + "(ndctl 85 and later)")
        }
    }
}
