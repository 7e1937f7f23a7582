/// A plan while it is being made: changes in the order of the profile, steps in the order of execution.
package struct PlanDraft {
    /// When within a region a step runs: what loses nothing comes first, and capacity is released before it is used.
    package enum Phase: Int, Comparable {
        case labels, enable, reconfigure, release, create, device
        /// What belongs to the regions that follow.
        case after

        package static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    package private(set) var changes: [Change] = []
    private var phases: [(phase: Phase, step: PlannedStep)] = []
    package var unchanged: [String] = []
    /// Those of the unchanged whose device is as the profile declares it.
    package var settledDevices: Set<String> = []
    package var unmanaged: [UnmanagedNamespace] = []
    package var refusals: [Refusal] = []
    package var notes: [Note] = []

    /// Adds a change and returns its index.
    package mutating func add(_ change: Change) -> Int {
        changes.append(change)
        return changes.count - 1
    }

    /// Says of the change at an index that what the namespace holds is lost.
    package mutating func lose(_ change: Int, reason: String, because why: String, consent: String) {
        changes[change].reasons.append(reason)
        changes[change].reversibility = .irreversible
        changes[change].reversibilityReason = why
        changes[change].consent = consent
    }

    /// Says of the change at an index that it takes memory away.
    package mutating func lose(
        _ change: Int, _ reversibility: Reversibility, because why: String, consent: String
    ) {
        changes[change].reversibility = reversibility
        changes[change].reversibilityReason = why
        changes[change].consent = consent
    }

    /// Says of the change at an index that undo may not take it back, though it loses nothing that somebody would have to agree to.
    package mutating func mayStay(_ change: Int, because why: String) {
        changes[change].reversibility = .irreversible
        changes[change].reversibilityReason = why
    }

    /// Says of the change at an index what becomes of the namespace's device.
    package mutating func describe(_ change: Int, device: DaxDevice) {
        changes[change].after?.device = device
    }

    /// Says of the change at an index what becomes of the rights of the namespace's device node.
    package mutating func describe(_ change: Int, rights: DeviceRights, reason: String) {
        changes[change].after?.rights = rights
        changes[change].reasons.append(reason)
    }

    /// Adds the step that takes an active namespace offline. Before it, the rule goes that gives the node of its device rights,
    /// where the namespace is another one afterwards, or none.
    package mutating func takeOffline(
        _ namespace: Namespace, in region: Region, toReplace isReplaced: Bool, of change: Int, in phase: Phase
    ) {
        guard namespace.isActive else { return }
        let target = NamespaceTarget(namespace, region: region.device)
        if isReplaced, namespace.rights.rule != nil {
            add(.setRights(target, .none), of: change, in: phase)
            changes[change].reasons.append("the rule for the rights of its device node goes")
        }
        add(.disable(target), of: change, in: phase)
    }

    /// Adds the step that fills what the change at an index has just made with zeroes, where the profile asks for it. Right behind the step
    /// that makes it: undoing goes by that.
    package mutating func zero(
        _ target: NamespaceTarget, as declaration: NamespaceDeclaration, _ change: Int, in phase: Phase
    ) {
        guard declaration.isZeroed else { return }
        let size = changes[change].after?.usableSize.map { " (\($0))" } ?? ""
        let rest =
            declaration.mode == .sector
            ? "; blocks that its translation table holds in reserve keep what lies there" : ""
        changes[change].reasons.append("its data\(size) is filled with zeroes before anybody gets it\(rest)")
        add(.zero(target), of: change, in: phase)
    }

    /// Adds a step of the change at an index.
    package mutating func add(_ step: Step, of change: Int, in phase: Phase) {
        phases.append((phase, PlannedStep(change: change, step: step)))
    }

    /// The kernel's names of the namespaces whose capacity is released.
    package var releasedDevices: [String] {
        phases.compactMap { planned in
            guard case .destroy(let target) = planned.step.step else { return nil }
            return target.device
        }
    }

    /// Takes every address out of changes and steps, and lets `settle` adjust what else depends on them.
    package mutating func forgetAddresses(settle: (inout NamespaceSummary) -> Void) {
        for index in changes.indices {
            changes[index].before?.resource = nil
            changes[index].after?.resource = nil
            if var after = changes[index].after {
                settle(&after)
                changes[index].after = after
            }
        }
        for index in phases.indices { phases[index].step.step.forgetAddress() }
        for index in unmanaged.indices { unmanaged[index].summary.resource = nil }
    }

    /// Appends what was drafted for another region: its steps come after all of these.
    package mutating func append(_ other: PlanDraft) {
        let offset = changes.count
        changes += other.changes
        unchanged += other.unchanged
        settledDevices.formUnion(other.settledDevices)
        unmanaged += other.unmanaged
        refusals += other.refusals
        notes += other.notes
        for planned in other.orderedSteps {
            phases.append((.after, PlannedStep(change: planned.change + offset, step: planned.step)))
        }
    }

    /// The steps by phase, and within one in the order in which they were added.
    package var orderedSteps: [PlannedStep] {
        phases.enumerated()
            .sorted { ($0.element.phase, $0.offset) < ($1.element.phase, $1.offset) }
            .map(\.element.step)
    }
}
