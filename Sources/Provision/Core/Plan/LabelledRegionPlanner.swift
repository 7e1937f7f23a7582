/// Plans a region whose namespaces labels describe, or will once its label indexes are written.
package struct LabelledRegionPlanner {
    private let block: RegionBlock
    private let bus: Bus
    private let names: NameIndex
    private let siblings: Set<String>
    private let unmanagedPolicy: UnmanagedPolicy
    /// The region as it is when namespaces are planned: without its label-less namespace where labels come first.
    private let region: Region
    /// The region as observed.
    private let observed: Region
    /// What a saved inventory does not say of the host.
    private let limits: InventoryLimits
    /// The region with made-up places, where a saved inventory gives no addresses.
    private let unplaced: UnplacedRegion?

    /// - Parameters:
    ///   - names: the names of the whole host.
    ///   - siblings: the regions that the same block applies to, this one included: each may have the same names.
    ///   - limits: what a saved inventory does not say.
    package init(
        assignment: RegionMatcher.Assignment, names: NameIndex, siblings: Set<String>,
        unmanaged: UnmanagedPolicy, limits: InventoryLimits
    ) {
        self.block = assignment.block
        self.bus = assignment.bus
        self.names = names
        self.siblings = siblings
        self.unmanagedPolicy = unmanaged
        self.observed = assignment.region
        var region = assignment.region
        if region.labelling == .labelLess { region.namespaces = [] }
        let isPlaced = region.resource != nil || !limits.contains(.noAddresses)
        self.limits = limits
        self.unplaced = isPlaced ? nil : UnplacedRegion(region, limits: limits)
        self.region = unplaced?.region ?? region
    }

    package func plan() -> PlanDraft {
        var draft = PlanDraft()
        if observed.labelling == .labelLess {
            if let refusal = LabelPossibility(observed, on: bus, limits: limits).refusal(at: block.position) {
                draft.refusals = [refusal]
                return draft
            }
            LabelInitialization(region: observed).plan(in: &draft)
        }
        let matcher = NamespaceMatcher(
            region: region, names: names, siblings: siblings, destroysForeign: unmanagedPolicy == .destroy)
        if StandingRegion.isNeeded(for: region, limits: limits) {
            return StandingRegion(
                region: region, block: block, matcher: matcher, unmanaged: unmanagedPolicy, limits: limits
            ).plan()
        }
        guard let map = extentMap, let sizing else {
            draft.refusals.append(extentsUnknown)
            return draft
        }
        let (matches, refusals) = matcher.match(block.namespaces)
        draft.refusals += refusals + identityRefusals
        draft.notes += zip(block.namespaces, matches).compactMap { declaration, match in
            match.flatMap { declaration.outdatedNote($0, address: address(of: declaration)) }
        }
        var entries: [RegionEntry] = []
        for (index, declaration) in block.namespaces.enumerated() {
            entries.append(entry(declaration, matches[index], index, sizing, in: &draft))
        }
        let named = Set(matches.compactMap { $0?.device })
        let foreign = region.namespaces.filter { !named.contains($0.device) }
        if unmanagedPolicy == .keep {
            for namespace in foreign { UnmanagedPlanner.keep(namespace, of: region, in: &draft) }
        }
        UnmanagedPlanner.keepLabels(of: region, in: &draft)
        guard draft.refusals.isEmpty else { return draft }
        RegionSolution(
            region: region, map: map, sizing: sizing, entries: entries,
            foreign: foreign, destroysForeign: unmanagedPolicy == .destroy
        ).draft(into: &draft)
        return settled(draft, entries, sizing)
    }

    /// The draft without made-up places, or its refusal where they matter.
    private func settled(
        _ draft: PlanDraft, _ entries: [RegionEntry], _ sizing: Sizing
    ) -> PlanDraft {
        guard let unplaced else { return draft }
        guard !unplaced.matters(to: draft, entries: entries, sizing: sizing) else {
            var refused = PlanDraft()
            refused.notes = draft.notes
            refused.refusals = [extentsUnknown]
            return refused
        }
        return unplaced.withoutPlaces(draft, sizing: sizing)
    }

    /// Nil where places are not known and may matter.
    private var extentMap: ExtentMap? {
        if let unplaced { return unplaced.map }
        return limits.contains(.noAddresses) && region.resource == nil ? nil : ExtentMap(of: region)
    }

    private var sizing: Sizing? {
        guard let grid = region.align else { return nil }
        return Sizing(region: region, labels: labelVersion, grid: grid)
    }

    /// The oldest label version on the region's DIMMs; v1.2 where labels are yet to be written.
    private var labelVersion: LabelVersion {
        observed.labelling == .labelled ? bus.labelVersion(of: region) : .v1_2
    }

    private func entry(
        _ declaration: NamespaceDeclaration, _ existing: Namespace?, _ index: Int, _ sizing: Sizing,
        in draft: inout PlanDraft
    ) -> RegionEntry {
        let address = address(of: declaration)
        let decision = LayoutDecision(region: region)
        let layout = decision.layout(for: declaration, existing: existing)
        var entry = RegionEntry(
            index: index, declaration: declaration, address: address, existing: existing, layout: layout)
        if let problem = decision.unsupported(layout) {
            draft.refusals.append(Refusal(.notSupported, address, at: declaration.position, problem))
        }
        switch sizing.need(of: declaration, layout: layout) {
        case .success(let need): entry.need = unplaced?.need(need, existing: existing) ?? need
        case .failure(let problem):
            draft.refusals.append(
                Refusal(
                    problem.code, address, at: declaration.position, problem.message, advice: problem.advice))
        }
        return entry
    }

    private func address(of declaration: NamespaceDeclaration) -> String {
        "\(region.device)/\(declaration.displayName)"
    }

    private var identityRefusals: [Refusal] {
        block.namespaces.filter { $0.name == nil && $0.uuid == nil }.map { declaration in
            Refusal(
                .identityMissing, region.device, at: declaration.position,
                "a namespace of the labelled \(region.device) needs a name, which is its identity",
                advice: "add name:")
        }
    }

    private var extentsUnknown: Refusal {
        Refusal(
            .extentsUnknown, region.device, at: block.position,
            "where the namespaces of \(region.device) lie is not known, so nothing exact can be planned",
            advice: limits.isEmpty
                ? "run as root: the kernel shows addresses to root alone"
                : "plan from what root gets from daxprov inventory --json on the host")
    }
}

/// A declaration in its region, on its way to a change.
package struct RegionEntry {
    package var index: Int
    package var declaration: NamespaceDeclaration
    package var address: String
    package var existing: Namespace?
    /// The layout; its raw size is the existing one until the solver has spoken.
    package var layout: Layout
    package var need: Sizing.Need = .exactly(.zero)
}
