/// Adds to a plan what known media errors mean for it: a note where a namespace comes to lie over them, a refusal
/// where something has to be read there.
package struct MediaErrorReview: PlanReview {
    package let observed: Observed

    /// The plan with its refusals and notes.
    package func completed(_ plan: Plan) -> Plan {
        guard observed.regions.contains(where: { !$0.badBlocks.isEmpty }) else { return plan }
        var plan = plan
        for planned in plan.steps {
            guard let region = observed.regions.first(where: { $0.device == planned.step.region }),
                !region.badBlocks.isEmpty
            else { continue }
            let address = plan.changes[planned.change].address
            if let note = note(planned.step, region, address), !plan.notes.contains(note) {
                plan.notes.append(note)
            }
            let obstacle = MediaErrorObstacles(region: region).refusal(planned.step, address)
            plan.refusals += [refusal(planned, region, address), obstacle].compactMap(\.self)
        }
        let touched = Set(plan.steps.map(\.step.region))
        plan.notes += observed.regions.filter { touched.contains($0.device) }.compactMap { obstructed($0) }
        return plan
    }

    /// A note of namespaces that are there and do not come up at the next boot.
    private func obstructed(_ region: Region) -> Note? {
        let errors = region.badBlocks.map(\.bytes)
        let names = region.namespaces.filter { $0.isKeptFromEnabling(by: errors, in: region) }.map(
            \.displayName)
        guard !names.isEmpty else { return nil }
        return Note(
            .mediaErrors, region.device,
            "media errors at the start of the region keep the kernel from enabling \(names.joined(separator: ", ")), at the next boot as "
                + "well",
            advice: "daxprov errors list shows which, and how to clear them")
    }

    private func note(_ step: Step, _ region: Region, _ address: String) -> Note? {
        guard let made = step.madeLayout, let range = place(made.resource, made.layout.rawSize, in: region)
        else { return nil }
        let errors = region.badBlocks.compactMap { $0.bytes.overlap(range) }
        guard !errors.isEmpty else { return nil }
        return Note(
            .mediaErrors, address, "media errors lie in its range (\(Self.text(errors, from: range)))",
            advice: "reads of them fail until they are written or cleared: daxprov errors clear")
    }

    /// What is saved of a namespace has to be read; on a label-less region its first 8 KiB as well, which the change
    /// wipes.
    private func refusal(_ planned: PlannedStep, _ region: Region, _ address: String) -> Refusal? {
        var ranges: [Extent] = []
        var start: UInt64?
        if let backup = planned.backup {
            ranges += backup.ranges
            start = backup.target.resource
        }
        if case .reconfigure(let target, _) = planned.step, region.labelling == .labelLess {
            ranges.append(Extent(offset: .zero, length: NamespaceGeometry.infoBlockReserve))
            start = target.resource
        }
        let errors = ranges.compactMap { place(start, $0.length, in: region, from: $0.offset) }.flatMap {
            range in
            region.badBlocks.compactMap { $0.bytes.overlap(range) }
        }
        guard let start, !errors.isEmpty else { return nil }
        let whole = Extent(offset: ByteCount(start - (region.resource ?? 0)), length: .zero)
        return Refusal(
            .mediaErrors, address,
            "what has to be saved of it cannot be read: media errors (\(Self.text(errors, from: whole)))",
            advice: "clear them with daxprov errors clear, or do without a backup: --backup-limit 0")
    }

    /// A range as offsets in the region; nil where addresses are not known.
    private func place(
        _ resource: UInt64?, _ length: ByteCount, in region: Region, from offset: ByteCount = .zero
    ) -> Extent? {
        region.offset(of: resource).map { Extent(offset: $0 + offset, length: length) }
    }

    /// "512 B at 4 KiB", counted from the start of the namespace; the first four of them.
    private static func text(_ errors: [Extent], from range: Extent) -> String {
        let shown = errors.prefix(4).map { "\($0.length) at \($0.offset - range.offset)" }
        let rest = errors.count - shown.count
        return (shown + (rest > 0 ? ["\(rest) more"] : [])).joined(separator: ", ")
    }
}
