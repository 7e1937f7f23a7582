/// Decides for every declaration of a labelled region whether its namespace stays, changes in place, is replaced or
/// created, and where; and drafts the changes.
package struct RegionSolution {
    package let region: Region
    /// The region as observed.
    package let map: ExtentMap
    package let sizing: Sizing
    package let entries: [RegionEntry]
    /// The namespaces that no declaration means.
    package let foreign: [Namespace]
    package let destroysForeign: Bool

    package func draft(into draft: inout PlanDraft) {
        switch Allocation(map: releasedMap, sizing: sizing, region: region, entries: entries).solve() {
        case .failure(let failure):
            let kept = destroysForeign ? [] : foreign
            draft.refusals.append(
                CapacityRefusal(region: region, sizing: sizing, entries: entries, kept: kept)
                    .refusal(for: failure))
        case .success(let outcome):
            if !outcome.placed.isEmpty, let refusal = GridRefusal.refusal(for: region, at: nil) {
                draft.refusals.append(refusal)
            } else {
                emit(outcome, into: &draft)
            }
        }
    }

    /// The map without what the profile wants destroyed.
    private var releasedMap: ExtentMap {
        guard destroysForeign else { return map }
        return foreign.compactMap { region.extent(of: $0) }
            .reduce(into: map) { map, extent in map.remove(extent) }
    }

    private func emit(_ outcome: Allocation.Outcome, into draft: inout PlanDraft) {
        let extents = Dictionary(uniqueKeysWithValues: outcome.placed.map { ($0.declaration, $0.extent) })
        let over = PlacedExtents(outcome.placed)
        var changes: [Int: Int] = [:]
        for entry in entries {
            if let extent = extents[entry.index] {
                changes[entry.index] = allocate(entry, extent, over, into: &draft)
            } else {
                keep(entry, into: &draft)
            }
        }
        if !outcome.placed.isEmpty { freeSeed(into: &draft) }
        for placed in outcome.placed {
            guard let change = changes[placed.declaration],
                let placement = placement(entries[placed.declaration], placed.extent)
            else { continue }
            draft.add(.create(placement), of: change, in: .create)
            draft.zero(
                NamespaceTarget(placement), as: entries[placed.declaration].declaration, change, in: .create)
            device(of: entries[placed.declaration]).follow(
                change, of: NamespaceTarget(placement), in: &draft)
        }
        guard destroysForeign else { return }
        for namespace in foreign {
            UnmanagedPlanner.destroy(namespace, of: region, reused: user(of: namespace, over), in: &draft)
        }
    }

    /// The address of what is created over the namespace's range; nil where nothing is.
    private func user(of namespace: Namespace, _ over: PlacedExtents) -> String? {
        region.extent(of: namespace).flatMap { over.declaration(over: $0) }.map { entries[$0].address }
    }

    private func keep(_ entry: RegionEntry, into draft: inout PlanDraft) {
        guard let namespace = entry.existing else { return }
        let differences =
            namespace.isActive ? LayoutDecision.differences(from: namespace, to: entry.layout) : []
        let isRenamed = entry.layout.name.map { $0.text != namespace.name } ?? false
        guard !differences.isEmpty || isRenamed || !namespace.isActive else {
            if device(of: entry).keep(namespace, in: &draft) { draft.unchanged.append(entry.address) }
            return
        }
        var layout = entry.layout
        layout.rawSize = namespace.rawSize
        let changes = NamespaceChanges(
            region: region, address: entry.address, consent: namespace.displayName, sizing: sizing)
        if changes.isReconfiguration(of: namespace, to: layout, reasons: differences) {
            let reasons = differences.isEmpty ? changes.inactiveReasons(namespace, layout) : differences
            guard !refuseLoss(entry, reasons, into: &draft) else { return }
        } else if isRenamed {
            guard !refuseProtected(entry, ["its name changes"], into: &draft) else { return }
        }
        let change = changes.change(namespace, to: layout, reasons: differences, in: &draft)
        if draft.changes[change].kind == .reconfigure {
            let target = NamespaceTarget(namespace, region: region.device)
            draft.zero(target, as: entry.declaration, change, in: .reconfigure)
        }
        let isRenaming = draft.changes[change].kind == .rename
        device(of: entry).follow(
            change, of: NamespaceTarget(namespace, region: region.device),
            given: isRenaming ? namespace.rights.rule : nil, in: &draft)
    }

    private func device(of entry: RegionEntry) -> DeviceChanges {
        DeviceChanges(
            region: region, declaration: entry.declaration, address: entry.address,
            consent: entry.existing?.displayName ?? entry.address)
    }

    /// Drafts the creation or replacement, without the creating step itself, and returns the change's index.
    private func allocate(
        _ entry: RegionEntry, _ extent: Extent, _ over: PlacedExtents, into draft: inout PlanDraft
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
        let reasons = reasons(toReplace: existing, by: placement.layout)
        guard !refuseLoss(entry, reasons, into: &draft) else { return nil }
        return replace(
            existing, entry.address, after, reasons, reused: user(of: existing, over), into: &draft)
    }

    private func reasons(toReplace existing: Namespace, by layout: Layout) -> [String] {
        let differences = LayoutDecision.differences(from: existing, to: layout)
        if existing.rawSize != layout.rawSize {
            return ["size \(existing.rawSize) becomes \(layout.rawSize)"] + differences
        }
        return ["\(layout.mode.rawValue) cannot be mapped where it lies"] + differences
    }

    private func replace(
        _ existing: Namespace, _ address: String, _ after: NamespaceSummary, _ reasons: [String],
        reused: String?, into draft: inout PlanDraft
    ) -> Int {
        let way = Reversibility.ofDestroying(reused: reused)
        let change = draft.add(
            Change(
                address: address, kind: .replace, before: NamespaceSummary(existing), after: after,
                reasons: reasons, reversibility: way.reversibility, reversibilityReason: way.reason,
                consent: existing.displayName))
        let target = NamespaceTarget(existing, region: region.device)
        draft.takeOffline(existing, in: region, toReplace: true, of: change, in: .release)
        draft.add(.destroy(target), of: change, in: .release)
        return change
    }

    /// The kernel's only idle namespace object can be one that is none: an unfinished creation, or the first namespace
    /// of the region, which a region that has just been enabled sometimes goes on to offer (namespace_devs.c,
    /// `nd_region_register_namespaces` names the seed after it has let the probes begin). The kernel gives another
    /// one when that one is enabled (region_devs.c, `nd_region_advance_seeds`).
    private func freeSeed(into draft: inout PlanDraft) {
        guard let blocking = region.namespaces.first(where: { $0.device == region.namespaceSeed }),
            !draft.orderedSteps.contains(where: { $0.step.frees(blocking.device) })
        else { return }
        let isForeign = foreign.contains { $0.device == blocking.device }
        guard !isForeign || !destroysForeign else { return }
        let why = blocking.isActive ? "namespace is enabled anew" : "unfinished one is enabled"
        let change = draft.add(
            Change(
                address: "\(region.device)/\(blocking.displayName)", kind: .enable,
                before: NamespaceSummary(blocking), after: NamespaceSummary(blocking).enabled,
                reasons: ["the kernel creates no other namespace before this \(why)"],
                reversibility: .lossless, reversibilityReason: "it can be disabled again", consent: nil))
        let target = NamespaceTarget(blocking, region: region.device)
        draft.takeOffline(blocking, in: region, toReplace: false, of: change, in: .enable)
        draft.add(.enable(target), of: change, in: .enable)
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

    /// Refuses a change that loses the data of the declaration's namespace where the declaration does not allow it.
    private func refuseLoss(_ entry: RegionEntry, _ reasons: [String], into draft: inout PlanDraft) -> Bool {
        let outdated = entry.existing.flatMap { entry.declaration.outdated(by: $0, address: entry.address) }
        if let outdated { draft.refusals.append(outdated) }
        return refuseProtected(entry, reasons, into: &draft) || refuseNameless(entry, into: &draft)
            || outdated != nil
    }

    private func refuseProtected(
        _ entry: RegionEntry, _ reasons: [String], into draft: inout PlanDraft
    ) -> Bool {
        guard entry.declaration.isProtected, !reasons.isEmpty else { return false }
        draft.refusals.append(
            entry.declaration.protectedRefusal(entry.address, reasons, label: entry.existing?.labelUUID))
        return true
    }

    /// A namespace that only its UUID identifies would be lost to the profile, since the kernel gives it a new one.
    private func refuseNameless(_ entry: RegionEntry, into draft: inout PlanDraft) -> Bool {
        guard entry.declaration.name == nil else { return false }
        draft.refusals.append(
            Refusal(
                .identityMissing, entry.address, at: entry.declaration.position,
                "it would get a new UUID, and the profile knows it by the old one alone",
                advice: "give it a name: as well"))
        return true
    }

    private func startMisaligned(_ entry: RegionEntry, _ extent: Extent) -> Refusal {
        let start = String((region.resource ?? 0) + extent.offset.bytes, radix: 16)
        return Refusal(
            .startMisaligned, entry.address, at: entry.declaration.position,
            "\(extent.length) at 0x\(start), where the kernel would put it, cannot be mapped as "
                + "\(entry.layout.mode.rawValue) with alignment \(entry.layout.align ?? .huge)",
            advice: (region.resource ?? 0).isMultiple(of: NamespaceGeometry.mappingUnit.bytes)
                ? "choose a larger size, a smaller align, or mode raw or sector"
                : "the kernel maps from multiples of \(NamespaceGeometry.mappingUnit) alone: choose mode raw or sector"
        )
    }
}

extension NamespaceSummary {
    /// The same, online: in which mode, its info block tells, if it was not online before.
    fileprivate var enabled: NamespaceSummary {
        guard !isActive else { return self }
        var copy = self
        copy.isActive = true
        copy.mode = nil
        return copy
    }
}

extension Step {
    /// Whether it enables or destroys the namespace with this kernel name.
    fileprivate func frees(_ device: String) -> Bool { kind.settlesSeed && target?.device == device }
}
