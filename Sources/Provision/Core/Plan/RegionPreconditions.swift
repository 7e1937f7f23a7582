/// What must hold for a region before anything in it is planned.
package struct RegionPreconditions {
    package let assignment: RegionMatcher.Assignment

    private var region: Region { assignment.region }
    private var block: RegionBlock { assignment.block }

    /// Why the region cannot be planned; empty where it can.
    package var refusals: [Refusal] {
        guard region.isEnabled else {
            return [
                refusal(
                    .regionDisabled,
                    "\(region.device) is disabled: its namespaces and free capacity are not known",
                    "enable it (ndctl enable-region \(region.device)); if that fails, the kernel log says why"
                )
            ]
        }
        return unmetRequirements + deviceConfigurations + brokenAllocations
    }

    private var unmetRequirements: [Refusal] {
        var refusals: [Refusal] = []
        if let wanted = block.require.persistenceDomain, wanted != region.persistenceDomain {
            refusals.append(
                refusal(
                    .requirementNotMet,
                    "\(region.device) has persistence domain "
                        + "\(region.persistenceDomain.rawValue), and the profile requires \(wanted.rawValue)",
                    nil))
        }
        let dimms = assignment.bus.dimms(under: region)
        return refusals + dimms.flatMap { HealthRequirement(block.require).refusals(of: $0, for: assignment) }
    }

    private var deviceConfigurations: [Refusal] {
        block.namespaces.flatMap { declaration in
            declaration.deviceConfiguration?.refusals(
                at: "\(region.device)/\(declaration.displayName)", declaration.position) ?? []
        }
    }

    private var brokenAllocations: [Refusal] {
        region.namespaces.filter { ($0.extents ?? 1) != 1 }.map { namespace in
            Refusal(
                .allocationBroken, "\(region.device)/\(namespace.displayName)",
                "\(namespace.device) has \(namespace.extents ?? 0) extents, and the kernel describes one alone: "
                    + "its range is not what it seems",
                advice: "save its data and destroy it with ndctl before anything else in \(region.device)")
        }
    }

    private func refusal(_ code: Refusal.Code, _ message: String, _ advice: String?) -> Refusal {
        Refusal(code, region.device, at: block.position, message, advice: advice)
    }
}
