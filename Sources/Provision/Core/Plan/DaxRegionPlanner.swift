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
        var work = Work(
            region: region, identity: identity,
            matching: DaxDeviceMatching(assignment.block.devices, in: region))
        if unmanaged == .destroy {
            work.removed = work.matching.others.filter { $0.label != nil }
            work.matching.forget(work.removed)
            work.dropped = work.matching.forgotten
            work.matching.forgetRecord()
        }
        for device in work.matching.forgotten {
            var summary = NamespaceSummary(device.layout, name: device.name)
            summary.isActive = false
            draft.unmanaged.append(
                UnmanagedNamespace(address: "\(region.name)/\(device.name)", summary: summary))
        }
        for device in work.matching.others {
            draft.unmanaged.append(
                UnmanagedNamespace(
                    address: "\(region.name)/\(device.label ?? device.name)",
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
                    "\(device.label ?? device.name) has no driver, and the kernel would make it memory as well",
                    advice: device.isStranded
                        ? "reboot: nothing else gives its memory back"
                        : "give it a driver (daxctl enable-device \(device.name)), or remove it"))
        }
    }
}

/// One region while its changes are drafted.
private struct Work {
    let region: DaxRegion
    let identity: DaxRegionIdentity
    var matching: DaxDeviceMatching
    /// What the profile does not name any more, and is to go.
    var removed: [DaxRegion.Device] = []
    /// What only the record has any more, and is to go.
    var dropped: [RecordedDevice] = []
    var refusals: [Refusal] = []

    private func address(_ name: String) -> String { "\(region.name)/\(name)" }

    /// Refuses devices that cannot be changed as they are.
    mutating func refuseUnusable() {
        for entry in matching.entries {
            let address = address(entry.declaration.name.text)
            let position = entry.declaration.position
            if let device = entry.device, device.isStranded {
                refusals.append(
                    Refusal(
                        .deviceUnusable, address, at: position,
                        "\(device.name) has no driver, and its memory is still in use as system memory",
                        advice: "reboot: nothing else gives it back"))
            } else if let device = entry.device, device.mode == .other {
                refusals.append(
                    Refusal(
                        .deviceUnusable, address, at: position,
                        "\(device.name) is held by the driver \(device.driver ?? "unknown"), which is not one of daxprov's",
                        advice: "take it from that driver first"))
            }
            // drivers/dax/kmem.c, dev_dax_kmem_probe: "rejecting DAX region with invalid node".
            if entry.declaration.use != .devdax, region.devices.first?.targetNode == nil {
                refusals.append(
                    Refusal(
                        .deviceUnusable, address, at: position,
                        "the platform names no memory node for \(region.name) (target_node), and the kernel makes no memory of its devices",
                        advice: "see whether the firmware describes it (the table SRAT)"))
            }
        }
        guard let whole = matching.divided else { return }
        let address = address(whole.name)
        if whole.isStranded || whole.mode == .other {
            refusals.append(
                Refusal(
                    .deviceUnusable, address,
                    "\(whole.name) spans \(region.name), and \(whole.holder.deviation ?? "is not a device")",
                    advice: whole.isStranded ? "reboot: nothing else gives the memory back" : nil))
        } else if whole.mode == .systemRAM, whole.memory.map({ $0.online > 0 }) ?? true {
            refusals.append(
                Refusal(
                    .systemMemory, address,
                    "\(region.name) is the kernel's memory as a whole (\(whole.name)): it took it at the boot, by itself or by a "
                        + "udev rule, and what lay there is lost",
                    advice:
                        "keep it from that with the kernel argument dax_hmem.region_idle=1 (volatile CXL memory: "
                        + "memhp_default_state=offline), and reboot"))
        }
    }

    /// Drafts the changes.
    func emit(_ layouts: [DeviceLayout], into draft: inout PlanDraft) {
        // What is written over: filled with zeroes, or the kernel's memory.
        var written: [(name: String, range: Range<UInt64>)] = []
        for (entry, layout) in zip(matching.entries, layouts) {
            let name = entry.declaration.name.text
            let base = entry.base.flatMap { $0.isKernels ? nil : $0 }
            let kept = base?.ranges ?? []
            if layout.use?.isOnline == true {
                written += layout.ranges.map { (name, $0) }
            } else if entry.declaration.zeroes, layout.use == .devdax {
                written += layout.ranges.flatMap { $0.subtracting(kept) }.map { (name, $0) }
            }
        }
        if let whole = matching.divided, let layout = whole.layout {
            divide(whole, layout, written, into: &draft)
        }
        for device in removed { remove(device, written, into: &draft) }
        for device in dropped { drop(device, written, into: &draft) }
        for (entry, layout) in zip(matching.entries, layouts) {
            if let device = entry.device {
                change(device, entry, layout, written, into: &draft)
            } else {
                make(entry, layout, written, into: &draft)
            }
        }
    }

    private func transition(
        _ name: String, _ device: DaxRegion.Device?, _ before: DeviceLayout?, _ after: DeviceLayout?,
        zeroes: Bool = false
    ) -> Step {
        .setDevice(
            DeviceTransition(
                region: identity, regionName: region.name, name: name, device: device?.name, before: before,
                after: after, zeroes: zeroes))
    }

    private func reversibility(
        of released: [Range<UInt64>], _ written: [(name: String, range: Range<UInt64>)]
    ) -> (Reversibility, String) {
        if let user = written.first(where: { released.overlap([$0.range]) }) {
            return (.irreversible, "\(user.name) writes over its memory")
        }
        return (.untilWritten, "its memory stays as it is until another device has it")
    }

    private func divide(
        _ whole: DaxRegion.Device, _ layout: DeviceLayout,
        _ written: [(name: String, range: Range<UInt64>)], into draft: inout PlanDraft
    ) {
        let (class_, why) = reversibility(of: layout.ranges, written)
        let index = draft.add(
            Change(
                address: address(whole.name), kind: .destroy, before: NamespaceSummary(whole),
                reasons: ["the kernel made it of the whole region at the boot, and the profile divides that"],
                reversibility: class_, reversibilityReason: why,
                consent: class_ == .irreversible ? whole.name : nil))
        draft.add(transition(whole.name, whole, layout, nil), of: index, in: .release)
    }

    private func remove(
        _ device: DaxRegion.Device, _ written: [(name: String, range: Range<UInt64>)],
        into draft: inout PlanDraft
    ) {
        guard let layout = device.layout else { return }
        let name = device.label ?? device.name
        let (class_, why) = reversibility(of: layout.ranges, written)
        let index = draft.add(
            Change(
                address: address(name), kind: .destroy, before: NamespaceSummary(device),
                reasons: ["no line of the profile names it, and unmanaged is destroy"],
                reversibility: layout.isKernels ? .lossless : class_,
                reversibilityReason: layout.isKernels ? "it holds nothing but the kernel's own memory" : why,
                consent: layout.isKernels ? nil : name))
        draft.add(transition(name, device, layout, nil), of: index, in: .release)
    }

    /// Takes out of the record what a boot, or another tool, has taken from the host.
    private func drop(
        _ device: RecordedDevice, _ written: [(name: String, range: Range<UInt64>)],
        into draft: inout PlanDraft
    ) {
        let (class_, why) = reversibility(of: device.layout.ranges, written)
        var before = NamespaceSummary(device.layout, name: device.name)
        before.isActive = false
        let index = draft.add(
            Change(
                address: address(device.name), kind: .destroy, before: before,
                reasons: [
                    "no line of the profile names it, unmanaged is destroy, and only the record has it"
                ],
                reversibility: class_, reversibilityReason: why, consent: device.name))
        draft.add(transition(device.name, nil, nil, nil), of: index, in: .release)
    }

    private func make(
        _ entry: DaxDeviceMatching.Entry, _ layout: DeviceLayout,
        _ written: [(name: String, range: Range<UInt64>)], into draft: inout PlanDraft
    ) {
        let name = entry.declaration.name.text
        let index = draft.add(
            Change(
                address: address(name), kind: .create, after: NamespaceSummary(layout, name: name),
                reasons: [
                    entry.remembered == nil
                        ? "no device of this name exists"
                        : "the record has it, and the kernel has forgotten it"
                ], reversibility: .lossless, reversibilityReason: "undo removes it"))
        // What it had comes back with its bytes, unless that was the kernel's memory; what it gets beyond that was another's.
        let remembered = entry.remembered.flatMap { $0.isKernels ? nil : $0 }
        let kept = remembered?.ranges.prefix(bytes: min(remembered?.size ?? .zero, layout.size)) ?? []
        draft.add(
            .setDevice(
                DeviceTransition(
                    region: identity, regionName: region.name, name: name, before: nil, after: layout,
                    zeroes: entry.declaration.zeroes, kept: kept)), of: index, in: .create)
        if let lost = lost(entry, layout) {
            draft.lose(index, .irreversible, because: lost, consent: name)
            return
        }
        let cut = (remembered?.ranges ?? []).subtracting(layout.ranges)
        guard !cut.isEmpty else { return }
        let (class_, why) = reversibility(of: cut, written)
        draft.lose(index, class_, because: why, consent: name)
    }

    /// Why what a recorded device held does not come back with it; nil where it does, or held nothing.
    private func lost(_ entry: DaxDeviceMatching.Entry, _ layout: DeviceLayout) -> String? {
        let recorded = region.recorded.first { $0.name == entry.declaration.name.text }?.layout
        guard let recorded, !recorded.isKernels else { return nil }
        if layout.isKernels { return "what it held is written over when its memory comes online" }
        return entry.remembered == nil
            ? "its memory is another's in part, or the kernel's, and it is made anew" : nil
    }

    private func change(
        _ device: DaxRegion.Device, _ entry: DaxDeviceMatching.Entry, _ layout: DeviceLayout,
        _ written: [(name: String, range: Range<UInt64>)], into draft: inout PlanDraft
    ) {
        let name = entry.declaration.name.text
        guard let before = device.layout, before != layout else {
            draft.unchanged.append(address(name))
            return
        }
        let step = DeviceTransition(
            region: identity, regionName: region.name, name: name, device: device.name, before: before,
            after: layout, zeroes: entry.declaration.zeroes)
        let released = step.releasedRanges
        let losesBytes = !released.isEmpty && !before.isKernels
        let comesOnline = layout.use?.isOnline == true && !before.isKernels
        var change = Change(
            address: address(name), kind: step.changesUseAlone ? .configureDevice : .resizeDevice,
            before: NamespaceSummary(device, name: name), after: NamespaceSummary(layout, name: name),
            reasons: Self.reasons(before, layout, device), reversibility: .lossless,
            reversibilityReason: step.changesUseAlone
                ? "undo uses it as it was" : "undo gives it the memory that it has now")
        if losesBytes {
            (change.reversibility, change.reversibilityReason) = reversibility(of: released, written)
        }
        if comesOnline {
            change.reversibility = .irreversible
            change.reversibilityReason = "what it holds is written over when its memory comes online"
        }
        if losesBytes || comesOnline { change.consent = name }
        let index = draft.add(change)
        // A device without a driver gets one first: it would be taken along with the next.
        let phase: PlanDraft.Phase =
            before.use == nil && step.changesUseAlone
            ? .enable : step.changesUseAlone ? .device : released.isEmpty ? .create : .release
        draft.add(.setDevice(step), of: index, in: phase)
    }

    private static func reasons(
        _ before: DeviceLayout, _ after: DeviceLayout, _ device: DaxRegion.Device
    ) -> [String] {
        var reasons: [String] = []
        if before.size != after.size {
            reasons.append("size \(before.size) becomes \(after.size)")
        } else if before.ranges != after.ranges {
            reasons.append("its memory changes")
        }
        if before.align != after.align { reasons.append("align \(before.align) becomes \(after.align)") }
        if before.use != after.use {
            let was = before.use?.text ?? device.holder.deviation ?? "without a use"
            reasons.append("device \(was) becomes \(after.use?.text ?? "one without a use")")
        }
        return reasons
    }
}

extension DaxDeviceMatching {
    /// Takes devices out that are to go: their memory can be had.
    fileprivate mutating func forget(_ devices: [DaxRegion.Device]) {
        let names = Set(devices.map(\.name))
        drop { names.contains($0.name) }
    }
}

extension DeviceLayout {
    /// Whether what it holds is the kernel's own memory.
    package var isKernels: Bool { use?.isOnline == true }
}

extension NamespaceSummary {
    /// What there is to say of a device of a dynamic region.
    package init(_ device: DaxRegion.Device, name: String? = nil) {
        let ranges = device.mappings?.map(\.range)
        self.init(
            name: name ?? device.label ?? device.name, mode: .devdax, rawSize: device.size,
            align: device.align,
            resource: ranges?.first?.lowerBound, isActive: device.driver != nil,
            device: device.holder.deviation == nil ? nil : device.holder)
        mappings = ranges
    }

    /// What there is to say of a device that is to be.
    package init(_ layout: DeviceLayout, name: String) {
        self.init(
            name: name, mode: .devdax, rawSize: layout.size, align: layout.align,
            resource: layout.ranges.first?.lowerBound, isActive: layout.use != nil,
            device: layout.use.flatMap { $0 == .devdax ? nil : DaxDevice(usedAs: $0) })
        mappings = layout.ranges
    }
}
