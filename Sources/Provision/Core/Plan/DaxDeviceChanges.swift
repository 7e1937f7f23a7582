/// One region while its changes are drafted.
package struct DaxDeviceChanges {
    package let region: DaxRegion
    package let identity: DaxRegionIdentity
    package var matching: DaxDeviceMatching
    /// What the profile does not name any more, and is to go.
    package var removed = DaxDeviceMatching.Recorded()
    package private(set) var refusals: [Refusal] = []

    package init(region: DaxRegion, identity: DaxRegionIdentity, matching: DaxDeviceMatching) {
        self.region = region
        self.identity = identity
        self.matching = matching
    }

    private func address(_ name: String) -> String { "\(region.name)/\(name)" }

    /// Refuses devices that cannot be changed as they are.
    package mutating func refuseUnusable() {
        for device in removed.devices {
            refuse(device, address(device.recordedName ?? device.name), at: nil)
        }
        for entry in matching.entries {
            let address = address(entry.declaration.name.text)
            let position = entry.declaration.position
            if let device = entry.device { refuse(device, address, at: position) }
            refusals += entry.declaration.configuration.refusals(at: address, position)
            if entry.declaration.use != .devdax, region.devices.first?.targetNode == nil {
                refusals.append(
                    Refusal(
                        .deviceUnusable, address, at: position,
                        "\(DeviceHindrance.hasNoNode(region.name)), and the kernel makes no memory of its devices",
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
                    advice: whole.isStranded ? DeviceHindrance.reboot : nil))
        } else if whole.isUsedAsMemory {
            refusals.append(
                Refusal(
                    .systemMemory, address,
                    "\(region.name) is the kernel's memory as a whole (\(whole.name)): it took it at the boot, by itself or by a "
                        + "udev rule, and what lay there is lost",
                    advice:
                        "keep it from that with the kernel argument \(SoftReservedMemory.argument) (volatile CXL memory: "
                        + "memhp_default_state=offline), and reboot"))
        }
    }

    private mutating func refuse(
        _ device: DaxRegion.Device, _ address: String, at position: SourcePosition?
    ) {
        if device.isStranded {
            refusals.append(
                Refusal(
                    .deviceUnusable, address, at: position,
                    "\(device.name) has no driver, and its memory is still in use as system memory",
                    advice: DeviceHindrance.reboot))
        } else if device.mode == .other {
            refusals.append(
                Refusal(
                    .deviceUnusable, address, at: position,
                    "\(device.name) \(DeviceHindrance.heldBy(device.driver))",
                    advice: "take it from that driver first"))
        }
    }

    /// Drafts the changes.
    package func emit(_ layouts: [DeviceLayout], into draft: inout PlanDraft) {
        // What is written over: filled with zeroes, or the kernel's memory.
        var written: [(name: String, range: Range<UInt64>)] = []
        for (entry, layout) in zip(matching.entries, layouts) {
            let name = entry.declaration.name.text
            let base = entry.base.flatMap { $0.isKernels ? nil : $0 }
            let kept = base?.ranges ?? []
            if layout.use?.writesToMedia == true {
                written += layout.ranges.map { (name, $0) }
            } else if entry.declaration.zeroes, layout.use == .devdax {
                written += layout.ranges.flatMap { $0.subtracting(kept) }.map { (name, $0) }
            }
        }
        if let whole = matching.divided, let layout = whole.layout {
            divide(whole, layout, written, into: &draft)
        }
        for device in removed.devices { remove(device, written, into: &draft) }
        for device in removed.forgotten { drop(device, written, into: &draft) }
        for (entry, layout) in zip(matching.entries, layouts) {
            if let device = entry.device {
                change(device, entry, layout, written, into: &draft)
            } else {
                make(entry, layout, written, into: &draft)
            }
        }
    }

    private func transition(
        _ name: String, _ device: DaxRegion.Device?, _ before: DeviceLayout?, _ after: DeviceLayout?
    ) -> Step {
        .setDevice(
            DeviceTransition(
                region: identity, regionName: region.name, name: name, device: device?.name, before: before,
                after: after))
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
        let name = device.recordedName ?? device.name
        let (class_, why) = reversibility(of: layout.ranges, written)
        let index = draft.add(
            Change(
                address: address(name), kind: .destroy, before: NamespaceSummary(device),
                reasons: [UnmanagedPlanner.destroyed],
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
        draft.add(
            .setDevice(
                DeviceTransition(
                    region: identity, regionName: region.name, name: device.name, before: nil, after: nil,
                    forgotten: device.layout.rights.rule == nil ? [] : device.layout.ranges)),
            of: index, in: .release)
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
                    zeroes: entry.declaration.zeroes, kept: kept, forgotten: forgotten(name, layout))),
            of: index, in: .create)
        if let lost = lost(entry, layout) {
            draft.lose(index, .irreversible, because: lost, consent: name)
            return
        }
        let cut = (remembered?.ranges ?? []).subtracting(layout.ranges)
        if !cut.isEmpty {
            let (class_, why) = reversibility(of: cut, written)
            draft.lose(index, class_, because: why, consent: name)
        }
        if layout.use?.isInKernelsZone == true, draft.changes[index].reversibility != .irreversible {
            draft.mayStay(index, because: DeviceUse.kernelsZone)
        }
    }

    /// The memory that the record has for a device of this name, if a rule is for it and it gets other memory.
    private func forgotten(_ name: String, _ layout: DeviceLayout) -> [Range<UInt64>] {
        let recorded = region.recorded.first { $0.name == name }?.layout
        guard let recorded, recorded.rights.rule != nil, recorded.ranges != layout.ranges else { return [] }
        return recorded.ranges
    }

    /// Why what a recorded device held does not come back with it; nil where it does, or held nothing.
    private func lost(_ entry: DaxDeviceMatching.Entry, _ layout: DeviceLayout) -> String? {
        let recorded = region.recorded.first { $0.name == entry.declaration.name.text }?.layout
        guard let recorded, !recorded.isKernels else { return nil }
        if layout.isKernels { return "what it held is written over when its memory comes online" }
        // Where its page map was before, that was agreed to.
        if layout.use?.writesToMedia == true, recorded.use?.writesToMedia != true {
            return "its page map is written over what it held"
        }
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
        // Of memory that is online in part, all is cleared: what is offline can be somebody's.
        let isCleared = before.isPartlyOnline && layout.use == .devdax
        let isWrittenOver = layout.use?.writesToMedia == true && !before.isKernels || isCleared
        var change = Change(
            address: address(name), kind: step.changesUseAlone ? .configureDevice : .resizeDevice,
            before: NamespaceSummary(device, name: name), after: NamespaceSummary(layout, name: name),
            reasons: Self.reasons(before, layout, device), reversibility: .lossless,
            reversibilityReason: step.changesRightsAlone
                ? "undo gives it the rights that it has now"
                : step.changesUseAlone ? "undo uses it as it was" : "undo gives it the memory that it has now"
        )
        if losesBytes {
            (change.reversibility, change.reversibilityReason) = reversibility(of: released, written)
        }
        if isWrittenOver {
            change.reversibility = .irreversible
            change.reversibilityReason =
                isCleared
                ? "some of its memory is the kernel's, and all of it is cleared"
                : layout.isKernels
                    ? DeviceUse.onlineLoss : DeviceUse.pageMapLoss
        }
        // No bytes are lost by that alone, so nobody is asked for it.
        let entersKernelsZone =
            layout.use?.isInKernelsZone == true
            && (before.use?.isInKernelsZone != true || !step.addedRanges.isEmpty)
        if entersKernelsZone, change.reversibility != .irreversible {
            change.reversibility = .irreversible
            change.reversibilityReason = DeviceUse.kernelsZone
        }
        if losesBytes || isWrittenOver { change.consent = name }
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
        return reasons + device.configuration.reasons(toBecome: after.configuration)
    }
}
