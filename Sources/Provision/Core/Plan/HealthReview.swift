/// Adds to a plan what the state of the DIMMs and their labels means for it: pure, from the observation alone.
package struct HealthReview: PlanReview {
    package let observed: Observed
    /// Whether the profile asks for health: only then is the firmware of this host asked, and a saved inventory says no more.
    package let asksHealth: Bool

    /// The plan with its refusals and notes. Only what the plan touches is judged.
    package func completed(_ plan: Plan) -> Plan {
        let touched = Set(plan.steps.map(\.step.region))
        guard !touched.isEmpty else { return plan }
        var plan = plan
        for bus in observed.buses {
            let regions = bus.regions.filter { touched.contains($0.device) }
            for dimm in bus.dimms {
                let own = regions.filter { $0.lies(on: dimm) }
                guard !own.isEmpty else { continue }
                plan.refusals += refusals(dimm, plan, own)
                plan.notes += notes(dimm, plan, own)
            }
        }
        return plan
    }

    private func refusals(_ dimm: Dimm, _ plan: Plan, _ regions: [Region]) -> [Refusal] {
        var refusals: [Refusal] = []
        if dimm.security == .locked {
            refusals.append(
                Refusal(
                    .dimmLocked, dimm.device,
                    "it is locked, so that the media of \(Self.names(regions)) cannot be reached",
                    advice: "unlock it: ndctl load-keys, and ndctl enable-dimm \(dimm.device)"))
        }
        if dimm.flags.contains(.failedMap) {
            refusals.append(
                Refusal(
                    .dimmFailedMap, dimm.device,
                    "it reports that its media could not be mapped (\(Self.names(regions)))",
                    advice: "see the firmware's log: the DIMM may have to be replaced"))
        }
        if dimm.labelArea?.version == .v1_1, initializes(plan, regions) {
            refusals.append(
                Refusal(
                    .labelsOfVersion1, dimm.device,
                    LabelVersion.mayHoldOthers, advice: LabelVersion.renewing(dimm.device)))
        }
        return refusals
    }

    private func notes(_ dimm: Dimm, _ plan: Plan, _ regions: [Region]) -> [Note] {
        var notes = dimm.flags.compactMap { flag in
            flag.warning.map { code, meaning in
                Note(
                    code, dimm.device, "\(meaning), and \(Self.names(regions)) is on it",
                    advice: "compare with the firmware's log before you trust it with data")
            }
        }
        if asksHealth, let trouble = dimm.health?.trouble, !trouble.isEmpty {
            notes.append(
                Note(
                    .dimmHealth, dimm.device,
                    "its firmware reports \(trouble.joined(separator: ", ")), and \(Self.names(regions)) is on it",
                    advice: "see daxprov inventory before you trust it with data"))
        }
        if dimm.labelArea?.version == .v1_1, !initializes(plan, regions), writesModes(plan, regions) {
            notes.append(
                Note(
                    .labelsOfVersion1, dimm.device,
                    "its labels are of version 1.1, which do not record the mode of a namespace"))
        }
        return notes
    }

    private func initializes(_ plan: Plan, _ regions: [Region]) -> Bool {
        has(.writesLabelIndexes, plan, regions)
    }

    /// Whether a namespace of one of the regions gets a mode.
    private func writesModes(_ plan: Plan, _ regions: [Region]) -> Bool {
        has(.writesMedia, plan, regions)
    }

    private func has(_ effect: StepKind.Effects, _ plan: Plan, _ regions: [Region]) -> Bool {
        plan.steps.contains { planned in
            planned.step.kind.effects.contains(effect)
                && regions.contains { $0.device == planned.step.region }
        }
    }

    private static func names(_ regions: [Region]) -> String {
        regions.map(\.device).joined(separator: ", ")
    }
}

extension DimmFlag {
    /// What a flag means for who is about to put data there; nil where the plan is refused for it.
    fileprivate var warning: (Note.Code, String)? {
        switch self {
        case .failedMap: nil
        case .failedSave:
            (.dimmFailedSave, "its last save at a power loss failed: what it holds may be stale")
        case .failedArm: (.dimmFailedArm, "it is not armed: what is written may not survive a power loss")
        case .failedRestore:
            (.dimmFailedRestore, "its restore at power on failed: what it holds may be stale")
        case .failedFlush: (.dimmFailedFlush, "its last flush at a power loss failed: stores may be missing")
        case .smartEvent: (.dimmSmartEvent, "it has a health event pending")
        }
    }
}

extension LabelVersion {
    /// Why the label area of a DIMM with indexes of version 1.1 is not written anew.
    package static let mayHoldOthers =
        "it has label indexes of version 1.1, which may hold other regions' labels"

    /// What to do about them on a DIMM with this kernel name.
    package static func renewing(_ dimm: String) -> String {
        "if nothing on it is needed: ndctl init-labels -f -V 1.2 \(dimm)"
    }
}
