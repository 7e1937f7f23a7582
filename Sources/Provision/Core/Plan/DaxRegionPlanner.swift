/// Drafts what the devices of dynamic dax regions need: changes, steps, refusals.
package struct DaxRegionPlanner {
    package let observed: Observed
    package let unmanaged: UnmanagedPolicy

    /// Drafts for every block. All memory is given up before any is taken: a device that is left without a driver meanwhile would
    /// get one together with the next (drivers/dax/bus.c, `do_id_store`, binds whatever matches).
    package func plan(_ blocks: [DaxRegionBlock]) -> PlanDraft {
        var draft = PlanDraft()
        let (assignments, refusals) = DaxRegionMatcher.assign(blocks, on: observed)
        draft.refusals = refusals
        for assignment in assignments { plan(assignment, in: &draft) }
        refuseUnbound(in: &draft)
        return draft
    }

    private func plan(_ assignment: DaxRegionMatcher.Assignment, in draft: inout PlanDraft) {
        let region = assignment.region
        guard let identity = region.identity, let range = region.range, region.freeRanges != nil,
            region.devices.allSatisfy({
                $0.mappings?.allSatisfy { $0.range.clamped(to: range) == $0.range } ?? false
            }),
            region.devices.allSatisfy({ $0.align != nil })
        else {
            draft.refusals.append(
                Refusal(
                    .extentsUnknown, region.name, at: assignment.block.position,
                    "the addresses of \(region.name) and its devices are not known", advice: "run it as root")
            )
            return
        }
        var work = DaxDeviceChanges(
            region: region, identity: identity,
            matching: DaxDeviceMatching(assignment.block.devices, in: region))
        if unmanaged == .destroy { work.removed = work.matching.giveUpRecorded() }
        for device in work.matching.forgotten {
            var summary = NamespaceSummary(device.layout, name: device.name)
            summary.isActive = false
            draft.unmanaged.append(
                UnmanagedNamespace(address: "\(region.name)/\(device.name)", summary: summary))
        }
        for device in work.matching.others {
            draft.unmanaged.append(
                UnmanagedNamespace(
                    address: "\(region.name)/\(device.recordedName ?? device.name)",
                    summary: NamespaceSummary(device)))
        }
        work.refuseUnusable()
        let placement = DaxPlacement(
            work.matching, in: region, blockSize: observed.memoryHotplug?.blockSize)
        draft.refusals += work.refusals + placement.refusals
        guard work.refusals.isEmpty, placement.refusals.isEmpty else { return }
        work.emit(placement.layouts, into: &draft)
    }

    /// What becomes memory takes with it whatever has no driver.
    private func refuseUnbound(in draft: inout PlanDraft) {
        let transitions = draft.orderedSteps.compactMap(\.step.transition)
        guard let first = transitions.first(where: { $0.after?.use.map { $0 != .devdax } ?? false }) else {
            return
        }
        let touched = Set(transitions.compactMap(\.device))
        for device in observed.daxRegions.flatMap(\.devices)
        where device.driver == nil && device.size > .zero
            && !touched.contains(device.name)
        {
            draft.refusals.append(
                Refusal(
                    .deviceUnusable, first.address,
                    DeviceHindrance.takesAlong(device.recordedName ?? device.name),
                    advice: device.isStranded
                        ? DeviceHindrance.reboot
                        : "give it a driver (daxctl enable-device \(device.name)), or remove it"))
        }
    }
}
