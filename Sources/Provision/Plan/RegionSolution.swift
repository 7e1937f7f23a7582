/// Decides for every declaration of a labelled region whether its namespace stays, changes in place, is replaced or
/// created, and where; and drafts the changes.
struct RegionSolution {
    let region: Region
    /// The region as observed.
    let map: ExtentMap
    let sizing: Sizing
    let entries: [RegionEntry]
    /// The namespaces that no declaration means.
    let foreign: [Namespace]
    let destroysForeign: Bool

    func draft(into draft: inout PlanDraft) {
        switch Allocation(map: releasedMap, sizing: sizing, region: region, entries: entries).solve() {
        case .failure(let failure):
            draft.refusals.append(CapacityRefusal(region: region, entries: entries).refusal(for: failure))
        case .success(let outcome):
            emit(outcome, into: &draft)
        }
    }

    /// The map without what the profile wants destroyed.
    private var releasedMap: ExtentMap {
        var map = map
        for namespace in foreign where destroysForeign {
            if let extent = region.extent(of: namespace) { map.remove(extent) }
        }
        return map
    }

    private func emit(_ outcome: Allocation.Outcome, into draft: inout PlanDraft) {
        var changes: [Int: Int] = [:]
        for entry in entries {
            if let placed = outcome.placed.first(where: { $0.declaration == entry.index }) {
                changes[entry.index] = allocate(entry, placed.extent, outcome, into: &draft)
            } else {
                keep(entry, into: &draft)
            }
        }
        if !outcome.placed.isEmpty { freeSeed(into: &draft) }
        for placed in outcome.placed {
            guard let entry = entries.first(where: { $0.index == placed.declaration }),
                let change = changes[entry.index],
                let placement = placement(entry, placed.extent)
            else { continue }
            draft.add(.create(placement), of: change, in: .create)
        }
    }

    private func keep(_ entry: RegionEntry, into draft: inout PlanDraft) {
        guard let namespace = entry.existing else { return }
        let differences =
            namespace.isActive ? LayoutDecision.differences(from: namespace, to: entry.layout) : []
        let isRenamed = entry.layout.name.map { $0.text != namespace.name } ?? false
        guard !differences.isEmpty || isRenamed || !namespace.isActive else {
            draft.unchanged.append(entry.address)
            return
        }
        guard !refuseProtected(entry, differences + (isRenamed ? ["its name changes"] : []), into: &draft),
            !refuseNameless(entry, differences, into: &draft)
        else {
            return
        }
        var layout = entry.layout
        layout.rawSize = namespace.rawSize
        NamespaceChanges(
            region: region, address: entry.address, consent: namespace.displayName, sizing: sizing
        )
        .change(namespace, to: layout, reasons: differences, in: &draft)
    }

    /// Drafts the creation or replacement, without the creating step itself, and returns the change's index.
    private func allocate(
        _ entry: RegionEntry, _ extent: Extent, _ outcome: Allocation.Outcome, into draft: inout PlanDraft
    ) -> Int? {
        guard let placement = placement(entry, extent) else {
            draft.refusals.append(startMisaligned(entry, extent))
            return nil
        }
        let after = NamespaceSummary(
            placement.layout, usableSize: placement.usableSize, resource: placement.resource)
        guard let existing = entry.existing else {
            return draft.add(
                Change(
                    address: entry.address, kind: .create, before: nil, after: after,
                    reasons: ["no namespace of this name exists"], reversibility: .lossless,
                    reversibilityReason: "undo deletes it", consent: nil))
        }
        let reasons =
            ["size \(existing.rawSize) becomes \(extent.length)"]
            + LayoutDecision.differences(from: existing, to: placement.layout)
        guard !refuseProtected(entry, reasons, into: &draft), !refuseNameless(entry, reasons, into: &draft)
        else { return nil }
        let reused = outcome.placed.first { placed in
            region.extent(of: existing).map { placed.extent.overlaps($0) } ?? true
        }
        return replace(entry, existing, after, reasons, reused: reused, into: &draft)
    }

    private func replace(
        _ entry: RegionEntry, _ existing: Namespace, _ after: NamespaceSummary, _ reasons: [String],
        reused: Solver.Placed?, into draft: inout PlanDraft
    ) -> Int {
        let user = reused.flatMap { placed in entries.first { $0.index == placed.declaration } }
        let change = draft.add(
            Change(
                address: entry.address, kind: .replace, before: NamespaceSummary(existing), after: after,
                reasons: reasons, reversibility: user == nil ? .untilWritten : .irreversible,
                reversibilityReason: user.map { "\($0.address) is created over its range" }
                    ?? "its label is deleted; the media stays as it is until its range is reused",
                consent: existing.displayName))
        let target = NamespaceTarget(existing, region: region.device)
        if existing.isActive { draft.add(.disable(target), of: change, in: .release) }
        draft.add(.destroy(target), of: change, in: .release)
        return change
    }

    /// An unfinished creation can hold the region's only idle namespace object: the kernel gives the next one when
    /// that one is enabled (drivers/nvdimm/namespace_devs.c, `nd_region_create_ns_seed`).
    private func freeSeed(into draft: inout PlanDraft) {
        guard
            let blocking = foreign.first(where: { $0.device == region.namespaceSeed && !$0.isActive }),
            !destroysForeign
        else { return }
        let change = draft.add(
            Change(
                address: "\(region.device)/\(blocking.displayName)", kind: .enable,
                before: NamespaceSummary(blocking), after: NamespaceSummary(blocking).enabled,
                reasons: ["the kernel creates no other namespace before this unfinished one is enabled"],
                reversibility: .lossless, reversibilityReason: "it can be disabled again", consent: nil))
        draft.add(.enable(NamespaceTarget(blocking, region: region.device)), of: change, in: .enable)
    }

    private func placement(_ entry: RegionEntry, _ extent: Extent) -> Placement? {
        var layout = entry.layout
        layout.rawSize = extent.length
        guard let usable = sizing.usableSize(of: layout, rawSize: extent.length, offset: extent.offset) else {
            return nil
        }
        return Placement(
            region: region.device, layout: layout, resource: region.resource.map { $0 + extent.offset.bytes },
            usableSize: usable)
    }

    private func refuseProtected(
        _ entry: RegionEntry, _ reasons: [String], into draft: inout PlanDraft
    ) -> Bool {
        guard entry.declaration.isProtected, !reasons.isEmpty else { return false }
        draft.refusals.append(
            Refusal(
                .protected, entry.address, at: entry.declaration.position,
                "it is protected, and the profile asks for a change: \(reasons.joined(separator: ", "))",
                advice: "take protect: true out of the profile if the change is meant"))
        return true
    }

    /// Refuses a change that gives a new UUID to a namespace that the profile knows by its UUID alone.
    private func refuseNameless(_ entry: RegionEntry, _ reasons: [String], into draft: inout PlanDraft)
        -> Bool
    {
        guard entry.declaration.name == nil, !reasons.isEmpty else { return false }
        draft.refusals.append(
            Refusal(
                .identityMissing, entry.address, at: entry.declaration.position,
                "the change gives it a new UUID, and the profile knows it by its UUID alone: "
                    + reasons.joined(separator: ", "),
                advice: "add name: beside uuid:"))
        return true
    }

    private func startMisaligned(_ entry: RegionEntry, _ extent: Extent) -> Refusal {
        let start = String((region.resource ?? 0) + extent.offset.bytes, radix: 16)
        return Refusal(
            .startMisaligned, entry.address, at: entry.declaration.position,
            "\(extent.length) at 0x\(start), where the kernel would put it, cannot be mapped as "
                + "\(entry.layout.mode.rawValue) with alignment \(entry.layout.align ?? .huge)",
            advice: "choose a larger size, a smaller align, or mode raw or sector")
    }
}

extension NamespaceSummary {
    /// The same, online.
    fileprivate var enabled: NamespaceSummary {
        var copy = self
        copy.isActive = true
        return copy
    }
}
