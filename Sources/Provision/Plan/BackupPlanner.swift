/// Adds to a plan what is saved before each step, and says from that how far each change can be undone.
///
/// Labels can always be written again. What decides is the media: which ranges of a namespace that goes away or changes
/// are written over, by itself or by a namespace that is created in its place, and whether they are saved first.
struct BackupPlanner {
    let observed: Observed
    /// The most that is saved of one namespace.
    let limit: ByteCount

    /// The plan with its backups and classes.
    func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for index in plan.steps.indices {
            guard let target = plan.steps[index].step.releasedTarget else { continue }
            let writes = writes(over: target, by: plan.steps[index...])
            let isSaved = writes.size <= limit
            if isSaved { plan.steps[index].backup = writes.ranges }
            let change = plan.steps[index].change
            let (reversibility, reason) = verdict(writes, isSaved: isSaved, step: plan.steps[index].step)
            plan.changes[change].reversibility = reversibility
            plan.changes[change].reversibilityReason = reason
        }
        return plan
    }

    /// What is written over a namespace, and by whom.
    private struct Writes {
        var ranges: [Extent] = []
        var writers: [String] = []
        var size: ByteCount { ranges.reduce(.zero) { $0 + $1.length } }
    }

    private func writes(over target: NamespaceTarget, by steps: ArraySlice<PlannedStep>) -> Writes {
        var writes = Writes()
        guard let start = target.resource else { return writes }
        let own = Extent(offset: ByteCount(start), length: target.rawSize)
        var ranges: [Extent] = []
        for (number, planned) in steps.enumerated() {
            switch planned.step {
            case .reconfigure(let other, let layout) where number == 0 && other == target:
                ranges += formatted(layout, at: start, size: target.rawSize, in: target.region)
                writes.writers.append(layout.mode.rawValue)
            case .create(let placement):
                guard let resource = placement.resource else { continue }
                let placed = Extent(offset: ByteCount(resource), length: placement.layout.rawSize)
                guard placed.overlaps(own) else { continue }
                writes.writers.append(placement.layout.name?.text ?? "a new namespace")
                ranges += formatted(
                    placement.layout, at: resource, size: placement.layout.rawSize, in: placement.region)
            default: continue
            }
        }
        writes.ranges = Self.merged(ranges.compactMap { $0.clipped(to: own) })
        return writes
    }

    /// The ranges that formatting writes, as physical addresses.
    private func formatted(
        _ layout: Layout, at start: UInt64, size: ByteCount, in region: String
    ) -> [Extent] {
        MediaWrites.ranges(for: layout, rawSize: size, start: start, labels: labels(of: region)).map {
            Extent(offset: ByteCount(start) + $0.offset, length: $0.length)
        }
    }

    private func labels(of device: String) -> LabelVersion? {
        for bus in observed.buses {
            guard let region = bus.regions.first(where: { $0.device == device }) else { continue }
            let versions = bus.dimms.filter { dimm in region.mappings.contains { $0.dimm == dimm.device } }
                .compactMap { $0.labelArea?.version }
            return versions.contains(.v1_1) ? .v1_1 : .v1_2
        }
        return .v1_2
    }

    private func verdict(_ writes: Writes, isSaved: Bool, step: Step) -> (Reversibility, String) {
        guard !writes.writers.isEmpty else {
            return (.untilWritten, "its label is deleted; its media stays until the range is used again")
        }
        let writers = writes.writers.joined(separator: ", ")
        guard !writes.ranges.isEmpty else {
            return (
                .untilWritten,
                "nothing of it is written over (\(writers)) until somebody uses that; so long undo works"
            )
        }
        guard isSaved else {
            return (
                .irreversible,
                "\(writes.size) of it is written over (\(writers)), more than the backup limit of \(limit)"
            )
        }
        return (
            .untilWritten,
            "\(writes.size) of it is written over (\(writers)), and saved first; undo works until the rest is written"
        )
    }

    private static func merged(_ ranges: [Extent]) -> [Extent] {
        ranges.sorted().reduce(into: []) { merged, range in
            guard let last = merged.last, range.offset <= last.end else { return merged.append(range) }
            merged[merged.count - 1].length = max(last.end, range.end) - last.offset
        }
    }
}

extension Extent {
    /// The part of this range that lies in another, counted from the other's start; nil where none does.
    fileprivate func clipped(to other: Extent) -> Extent? {
        let first = max(offset, other.offset)
        let last = min(end, other.end)
        return first < last ? Extent(offset: first - other.offset, length: last - first) : nil
    }
}

extension Step {
    /// The namespace whose media may be written over once this step has begun.
    fileprivate var releasedTarget: NamespaceTarget? {
        switch self {
        case .destroy(let target), .reconfigure(let target, _): target
        case .initializeLabels, .disable, .create, .rename, .enable, .activate: nil
        }
    }
}
