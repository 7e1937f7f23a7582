/// Adds to a plan from a saved inventory what the inventory does not say, and the plan would have to know.
package struct ListingReview: PlanReview {
    package let profile: Profile
    package let observed: Observed
    package let limits: InventoryLimits

    /// The plan with its refusals. A plan from the host itself, or from daxprov's own inventory, is as it was.
    package func completed(_ plan: Plan) -> Plan {
        guard !limits.isEmpty else { return plan }
        var plan = plan
        for index in plan.refusals.indices { explain(&plan.refusals[index]) }
        for region in observed.regions {
            guard let limit = unlisted(in: region), needsAll(of: region, plan) else { continue }
            plan.withdraw { $0.address.regionName == region.device }
            plan.refusals.append(
                Refusal(
                    .notListed, region.device, at: position(of: region, on: observed),
                    "\(missing(limit, in: region)) is not listed: a namespace that is there could be planned to be "
                        + "created, or be left out of what is destroyed",
                    advice: limit.remedy))
        }
        let rights = unlistedRights(plan)
        plan.withdraw { change in rights.contains { $0.address == change.address } }
        plan.refusals += rights
        for region in observed.regions {
            let refusals = nameless(in: region, plan)
            plan.withdraw { change in refusals.contains { $0.address == change.address } }
            plan.refusals += refusals
        }
        return plan
    }

    // MARK: Capacity

    /// The limit on what takes the region's capacity; nil where all of it is listed.
    private func unlisted(in region: Region) -> InventoryLimit? {
        [.namespacesNotListed(region.device), .capacityNotListed(region.device)].first(where: limits.contains)
    }

    /// Whether the plan is right only if every namespace of the region is known.
    private func needsAll(of region: Region, _ plan: Plan) -> Bool {
        guard !plan.refusals.contains(where: { $0.address.regionName == region.device }) else { return false }
        if profile.unmanaged == .destroy, region.labelling == .labelled { return true }
        return plan.changes.contains { change in
            change.address.regionName == region.device
                && [.create, .replace, .initializeLabels].contains(change.kind)
        }
    }

    private func missing(_ limit: InventoryLimit, in region: Region) -> String {
        if case .namespacesNotListed = limit { return "which namespaces \(region.device) has" }
        let listed = region.namespaces.reduce(region.availableSize) { $0 + $1.rawSize }
        let amount = listed < region.size ? "\(region.size - listed)" : "some"
        return "what takes \(amount) of \(region.device)"
    }

    private func position(of region: Region, on observed: Observed) -> SourcePosition? {
        RegionMatcher.assign(profile.regions, on: observed).0
            .first { $0.region.device == region.device }?.block.position
    }

    // MARK: Identities

    /// A refusal for each change that takes consent for a namespace whose UUID is not told, and that has no name: no
    /// consent could mean it.
    private func nameless(in region: Region, _ plan: Plan) -> [Refusal] {
        region.namespaces.compactMap { namespace in
            guard limits.contains(.noLabelUUID(namespace.device)), namespace.name == nil,
                namespace.labelUUID == nil
            else { return nil }
            let address = "\(region.device)/\(namespace.displayName)"
            guard plan.changes.contains(where: { $0.address == address }) else { return nil }
            return Refusal(
                .notListed, address,
                "it has no name, and its UUID is not told: nothing tells which one is meant",
                advice: InventoryLimit.noLabelUUID(namespace.device).remedy)
        }
    }

    // MARK: Rights

    /// A refusal for each change of rights that a listing of `ndctl` does not tell.
    private func unlistedRights(_ plan: Plan) -> [Refusal] {
        let changes = Set(
            plan.steps.filter { planned in
                planned.step.kind.effects.contains(.changesRights)
                    && planned.step.target?.device.isEmpty == false
            }.map(\.change))
        return changes.sorted().map { plan.changes[$0].address }.map { address in
            Refusal(
                .notListed, address, "whose the node of its device is, and who may open it, is not listed",
                advice: "plan from daxprov inventory --json")
        }
    }

    // MARK: Conditions

    /// Says of a refusal that blames the host where the inventory is to blame.
    private func explain(_ refusal: inout Refusal) {
        switch refusal.code {
        case .noMatchingRegion:
            guard let block = profile.regions.first(where: { $0.position == refusal.position }),
                let limit = unjudged(block.match)
            else { return }
            refusal.code = .notListed
            refusal.message =
                "whether a region matches \(block.match) is not known: \(limit.subject) are not listed"
            refusal.advice = limit.remedy
        case .identityNotFound:
            let device = refusal.address.regionName
            guard let region = observed.regions.first(where: { $0.device == device }),
                let limit = region.namespaces.map({ InventoryLimit.noLabelUUID($0.device) })
                    .first(where: limits.contains)
            else { return }
            refusal.code = .notListed
            refusal.message += ", as far as they are told: the UUID of \(limit.device ?? device) is not"
            refusal.advice = limit.remedy
        default: return
        }
    }

    /// A limit because of which a condition cannot be judged.
    private func unjudged(_ match: RegionMatch) -> InventoryLimit? {
        if match.provider != nil, limits.contains(.busesNotListed) { return .busesNotListed }
        if match.dimms != nil, limits.contains(.dimmsNotListed) { return .dimmsNotListed }
        if match.numaNode != nil, limits.contains(.noNodes) { return .noNodes }
        guard match.interleaveSetID != nil else { return nil }
        return observed.regions.map { InventoryLimit.noInterleaveSetID($0.device) }.first(
            where: limits.contains)
    }
}

extension Plan {
    /// Takes changes out with their steps.
    fileprivate mutating func withdraw(_ isWithdrawn: (Change) -> Bool) {
        var indices: [Int: Int] = [:]
        var kept: [Change] = []
        for (index, change) in changes.enumerated() where !isWithdrawn(change) {
            indices[index] = kept.count
            kept.append(change)
        }
        changes = kept
        steps = steps.compactMap { planned in
            indices[planned.change].map {
                PlannedStep(change: $0, step: planned.step, backup: planned.backup)
            }
        }
    }
}

extension String {
    /// The region of an address: all before the first slash.
    fileprivate var regionName: String { String(prefix { $0 != "/" }) }
}
