/// Whether the DIMMs have label slots for what a plan creates.
package enum LabelSlots {
    /// A refusal for every DIMM with too few.
    ///
    /// Each namespace takes one slot on every DIMM of its region; the kernel keeps one back for updates, which
    /// `available_slots` already leaves out. Where a plan releases namespaces, it does so before it creates others of
    /// the same region.
    package static func refusals(for steps: [PlannedStep], on observed: Observed) -> [Refusal] {
        var needs: [String: Int] = [:]
        var initialised: Set<String> = []
        for planned in steps {
            let (region, kind) = (planned.step.region, planned.step.kind)
            needs[region, default: 0] += kind.labelSlots
            if kind.effects.contains(.writesLabelIndexes) { initialised.insert(region) }
        }
        return observed.buses.flatMap { bus in
            bus.dimms.compactMap { dimm in
                let regions = bus.regions.filter { $0.lies(on: dimm) }
                let need = regions.reduce(0) { $0 + max(needs[$1.device] ?? 0, 0) }
                let isNew = regions.contains { initialised.contains($0.device) }
                return refusal(dimm, need: need, isNew: isNew)
            }
        }
    }

    private static func refusal(_ dimm: Dimm, need: Int, isNew: Bool) -> Refusal? {
        let free = isNew ? dimm.labelArea.map { initialSlots(of: $0) } : dimm.labelArea?.availableSlots
        guard let free, need > free else { return nil }
        return Refusal(
            .noLabelSlot, dimm.device,
            "the plan needs \(need) more label slots on \(dimm.device), and \(free) are free",
            advice: "declare fewer namespaces in the regions of this DIMM")
    }

    /// What `available_slots` will be when v1.2 indexes have been written: 256 bytes a label beside two index blocks,
    /// which hold 72 bytes and a bit for each slot in multiples of 256 bytes (drivers/nvdimm/label.c,
    /// `__sizeof_namespace_index` and `nvdimm_num_label_slots`).
    private static func initialSlots(of area: LabelArea) -> Int {
        let label: UInt64 = 256
        let bitmap = (area.size.bytes / label + 7) / 8
        let index = (72 + bitmap + 255) / 256 * 256
        guard area.size.bytes >= index * 2 + label else { return 0 }
        return Int((area.size.bytes - index * 2) / label) - 1
    }
}
