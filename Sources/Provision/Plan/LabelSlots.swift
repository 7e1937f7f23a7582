/// Whether the DIMMs have label slots for what a plan creates.
enum LabelSlots {
    /// A refusal for every DIMM with too few. Each namespace takes one slot on every DIMM of its region; the kernel
    /// keeps one back for updates, which `available_slots` already leaves out. A DIMM whose labels are yet to be
    /// initialised is not asked.
    static func refusals(for draft: PlanDraft, on observed: Observed) -> [Refusal] {
        var needs: [String: Int] = [:]
        for planned in draft.orderedSteps {
            let (region, count) = demand(planned.step)
            for mapping in observed.regions.first(where: { $0.device == region })?.mappings ?? [] {
                needs[mapping.dimm, default: 0] += count
            }
        }
        return observed.buses.flatMap(\.dimms).compactMap { dimm in
            guard let available = dimm.labelArea?.availableSlots, let need = needs[dimm.device] else {
                return nil
            }
            guard need > available else { return nil }
            return Refusal(
                .noLabelSlot, dimm.device,
                "the plan needs \(need) more label slots on \(dimm.device), and \(available) are free",
                advice: "declare fewer namespaces in the regions of this DIMM")
        }
    }

    private static func demand(_ step: Step) -> (region: String, slots: Int) {
        switch step {
        case .create(let placement): (placement.region, 1)
        case .destroy(let target): (target.region, -1)
        case .initializeLabels, .disable, .reconfigure, .rename, .enable, .activate: ("", 0)
        }
    }
}
