/// Adds to a plan what is saved before each step, and says from that how far each change can be undone.
///
/// Labels can always be written again. What decides is the media: which ranges of a namespace that goes away or changes
/// are written over, by itself or by a namespace that is created in its place, and whether they are saved first.
package struct BackupPlanner: PlanReview {
    /// The host that the plan was made for.
    package let observed: Observed
    /// The most that is saved of one namespace.
    package let limit: ByteCount

    /// The plan with its backups and classes.
    package func completed(_ plan: Plan) -> Plan {
        var plan = plan
        let creations = Creations(plan.steps)
        let zeroed = Set(plan.steps.compactMap(\.step.zeroedPlace))
        let labels = observed.labelVersions
        let raw = rawNamespaces
        for index in plan.steps.indices {
            guard let target = released(by: plan.steps[index].step) else { continue }
            guard target.resource != nil else {
                markUnknown(index, target, in: &plan)
                continue
            }
            let writes = writes(over: target, by: plan.steps[index].step, creations, zeroed, labels)
            let isSaved = writes.size <= limit
            let saved = saved(
                of: target, isSaved ? writes.ranges : [], hasInfoBlock: !raw.contains(target.device))
            if !saved.isEmpty { plan.steps[index].backup = Backup(of: target, ranges: saved) }
            let change = plan.steps[index].change
            if plan.changes[change].kind == .initializeLabels, writes.writers.isEmpty { continue }
            var (reversibility, reason) = verdict(writes, isSaved: isSaved, step: plan.steps[index].step)
            if plan.changes[change].kind == .initializeLabels {
                reason += "; the namespace that spans the region shows again after a reboot"
            }
            plan.changes[change].reversibility = reversibility
            plan.changes[change].reversibilityReason = reason
        }
        markMemory(in: &plan)
        return plan
    }

    /// What comes online as system memory over a namespace is written over, wherever that likes.
    private func markMemory(in plan: inout Plan) {
        for planned in plan.steps {
            guard case .configureDevice(_, let use) = planned.step, use.writesToMedia,
                [.reconfigure, .replace].contains(plan.changes[planned.change].kind)
            else { continue }
            plan.changes[planned.change].reversibility = .irreversible
            plan.changes[planned.change].reversibilityReason =
                "it becomes system memory, which is written over"
        }
    }

    /// The namespace whose media may be written over once a step has begun. Labels give away the capacity of the
    /// namespace that spans a label-less region.
    private func released(by step: Step) -> NamespaceTarget? {
        let effects = step.kind.effects
        if effects.contains(.takesDataAway) { return step.target }
        guard effects.contains(.writesLabelIndexes),
            let region = observed.regions.first(where: { $0.device == step.region }),
            let spanning = region.namespaces.first
        else { return nil }
        return NamespaceTarget(spanning, region: region.device)
    }

    /// What is saved: what is written over and may be saved, and the info block, without which a namespace that is
    /// allocated again would not be recognised.
    private func saved(
        of target: NamespaceTarget, _ written: [Extent], hasInfoBlock: Bool
    ) -> [Extent] {
        let infoBlock = Extent(
            offset: .zero, length: min(NamespaceGeometry.infoBlockReserve, target.rawSize))
        return !hasInfoBlock || infoBlock.length > limit ? written : Self.merged(written + [infoBlock])
    }

    /// Without addresses (a saved inventory) it is not known what is written over a namespace, unless nothing is
    /// created in its region. Its class is then the worst.
    private func markUnknown(_ index: Int, _ target: NamespaceTarget, in plan: inout Plan) {
        let isOverwritten = plan.steps[index...].contains { planned in
            guard planned.step.kind.effects.contains(.writesMedia) else { return false }
            // What has no target yet makes a namespace.
            return planned.step.target.map { $0 == target } ?? (planned.step.region == target.region)
        }
        guard isOverwritten else { return }
        let change = plan.steps[index].change
        plan.changes[change].reversibility = .irreversible
        plan.changes[change].reversibilityReason =
            "without addresses it is not known what is written over it; a plan on the host says how far undo goes"
    }

    /// What is written over a namespace, and by whom.
    private struct Writes {
        var ranges: [Extent] = []
        var writers: [String] = []
        var size: ByteCount { ranges.reduce(.zero) { $0 + $1.length } }
    }

    /// What a step writes itself, and the creations over the namespace: those come later, since no namespace is
    /// created where another is.
    private func writes(
        over target: NamespaceTarget, by step: Step, _ creations: Creations, _ zeroed: Set<UInt64>,
        _ labels: [String: LabelVersion]
    ) -> Writes {
        var writes = Writes()
        guard let start = target.resource else { return writes }
        let own = Extent(offset: ByteCount(start), length: target.rawSize)
        var ranges: [Extent] = []
        if let layout = step.madeLayout?.layout {
            ranges += zeroed.contains(start) ? [own] : Self.formatted(layout, own, labels[target.region])
            writes.writers.append(layout.mode.rawValue)
        }
        for placement in creations.over(own) {
            guard let placed = placement.range else { continue }
            writes.writers.append(placement.layout.name?.text ?? "a new namespace")
            ranges +=
                zeroed.contains(placed.offset.bytes)
                ? [placed] : Self.formatted(placement.layout, placed, labels[placement.region])
        }
        writes.ranges = Self.merged(ranges.compactMap { $0.clipped(to: own) })
        return writes
    }

    /// The ranges that formatting writes, as physical addresses.
    private static func formatted(
        _ layout: Layout, _ range: Extent, _ labels: LabelVersion?
    ) -> [Extent] {
        MediaWrites.ranges(
            for: layout, rawSize: range.length, start: range.offset.bytes, labels: labels ?? .v1_2
        )
        .map { Extent(offset: range.offset + $0.offset, length: $0.length) }
    }

    /// The kernel names of the namespaces that are raw: they have no info block.
    private var rawNamespaces: Set<String> {
        Set(observed.regions.flatMap(\.namespaces).filter { $0.mode == .raw }.map(\.device))
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

/// What a plan creates, for looking up what comes to lie over a range.
private struct Creations {
    /// By physical address; they do not overlap.
    private let sorted: [(range: Extent, order: Int, placement: Placement)]

    init(_ steps: [PlannedStep]) {
        sorted = steps.enumerated().compactMap { order, planned in
            guard case .create(let placement) = planned.step, let range = placement.range else { return nil }
            return (range, order, placement)
        }.sorted { $0.range < $1.range }
    }

    /// What lies over the range, in the order of creation.
    func over(_ range: Extent) -> [Placement] {
        let first = sorted.partitionPoint { $0.range.end > range.offset }
        return sorted[first...].prefix { $0.range.offset < range.end }.sorted { $0.order < $1.order }.map(
            \.placement)
    }
}

extension Step {
    /// The physical address of a namespace that the step fills with zeroes; nil of any other step.
    fileprivate var zeroedPlace: UInt64? {
        kind.effects.contains(.zeroesData) ? target?.resource : nil
    }
}

extension Placement {
    /// Where it will be, in physical addresses; nil where that is not known.
    fileprivate var range: Extent? {
        resource.map { Extent(offset: ByteCount($0), length: layout.rawSize) }
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
