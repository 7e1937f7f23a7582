import ProvisionCore
import ProvisionHost

/// What undoing comes to in one dynamic dax region: pure, from a transaction's log and the region as it is now.
///
/// It is a description of the old state, not a list of inverse steps, like ``UndoPlan``: made again after it was interrupted, it brings
/// back the same, and made again afterwards it is empty. What was there before and a step began to touch comes back. What a step made is
/// known by its ranges: all of them, or the first ones, where it died in the middle; that goes. Anything else is somebody else's.
struct DaxUndo {
    /// One device on its way back.
    struct Return: Equatable {
        /// What is done.
        var transition: DeviceTransition
        /// The step that left what is there; nil where none did: it came back, or is in the way.
        var step: Int?
        /// Whether it is nobody's of the transaction, and in the way of what comes back.
        var isForeign = false
        /// Whether memory is cleared for it that no step was to give to the kernel: another program brought it online.
        var clearsUnagreed = false

        /// Whether the kernel kept memory that comes back, though no device has it: a block came online while its driver went.
        func isStranded(in region: DaxRegion) -> Bool {
            transition.after?.ranges.overlap(region.strandedRanges) == true
        }

        /// What is said of that.
        var stranded: OperationError {
            OperationError(
                .failed, while: "bring back \(transition.address)", device: transition.device,
                reason:
                    "the kernel kept its memory when its driver went, as a memory block came online in that moment",
                advice:
                    "find out what brings memory online here, and \(DeviceHindrance.reboot); then run daxprov recover"
            )
        }
    }

    /// What is done, in order.
    private(set) var returns: [Return] = []

    /// How many of the first of them concern devices without a driver: these come before those of other regions.
    private(set) var urgent = 0
    /// What holds what the kernel left there: it was the kernel's memory in a step, or is online, or was when undoing came to it.
    private let kernels: [Range<UInt64>]
    /// What steps were to make the kernel's memory, or had as that: what undoing clears there was agreed to.
    private let planned: [Range<UInt64>]
    /// What is memory now of what the transaction made, and holds the kernel's bytes: online, or offline again since a step.
    private(set) var memory: [Range<UInt64>] = []
    /// What is memory now of what the transaction made, and holds what it held before: it never was online.
    private(set) var untouched: [Range<UInt64>] = []

    /// Whether rights come back too.
    private let givesRights: Bool
    private let region: DaxRegion
    private let identity: DaxRegionIdentity
    private let begun: [(number: Int, transition: DeviceTransition)]
    /// What must be there, and is not.
    private var goals: [(name: String, layout: DeviceLayout)] = []
    /// What is there, as it changes.
    private var current: [(name: String, layout: DeviceLayout)] = []

    /// - Parameter isSameBoot: whether the transaction began in this boot. A boot leaves nothing of any division: then there is nothing
    ///   to take back.
    /// - Parameter givesRights: whether rights come back too: not where the rules are somebody's.
    init(of log: TransactionLog, in now: DaxRegion, isSameBoot: Bool, givesRights: Bool = true) {
        let identity = now.identity ?? DaxRegionIdentity(start: 0, size: .zero)
        region = now
        self.identity = identity
        self.givesRights = givesRights
        begun = log.header.steps.enumerated().compactMap { number, step in
            guard let transition = step.transition, log.begun[number] != nil, transition.region == identity
            else { return nil }
            return (number, transition)
        }
        let steps = begun
        planned = steps.flatMap { [$0.transition.before, $0.transition.after].compactMap(\.self) }
            .filter(\.isKernels).flatMap(\.ranges)
        let made = steps.compactMap(\.transition.after).flatMap(\.ranges)
        // Where a step did not come to its end, what it held may be there still: then it is not cleared for the step's sake.
        let given = steps.filter { log.done.contains($0.number) }.compactMap(\.transition.after)
            .filter(\.isKernels).flatMap(\.ranges)
        memory = now.devices.compactMap(\.layout).filter { device in
            device.holdsKernels && device.ranges.overlap(made)
                || device.use?.isSystemRAM == true && device.ranges.overlap(given)
        }.flatMap(\.ranges)
        let offline = steps.filter { log.done.contains($0.number) }.compactMap(\.transition.after)
            .filter { $0.use?.isSystemRAM == true }.flatMap(\.ranges)
        untouched = now.devices.compactMap(\.layout).filter { device in
            device.use?.isSystemRAM == true && device.ranges.overlap(offline)
        }.flatMap(\.ranges).subtracting(memory)
        kernels = given + memory + log.foundOnline
        current = now.devices.filter { $0.size > .zero }.compactMap { device in
            guard let found = device.layout else { return nil }
            let layout = givesRights ? found : found.withoutRights
            let maker = steps.last { $0.transition.after?.ranges == layout.ranges }
            return (maker?.transition.name ?? device.recordedName ?? device.name, layout)
        }
        let before = log.header.before.daxRegion(identity)
        goals = (before?.devices ?? []).compactMap { device in
            guard let layout = device.layout,
                begun.contains(where: { $0.transition.before?.ranges == layout.ranges })
            else { return nil }
            return (device.recordedName ?? device.name, givesRights ? layout : layout.withoutRights)
        }
        guard !begun.isEmpty else { return }
        let isLeft = now.undivided == nil && current.contains { isOwn($0.layout) || isGoal($0.layout) }
        guard isSameBoot || isLeft else { return }
        let untouched = (before?.devices ?? []).compactMap { $0.layout?.ranges }.filter { ranges in
            !goals.contains { $0.layout.ranges == ranges }
        }
        plan(besides: untouched)
    }

    private mutating func plan(besides untouched: [[Range<UInt64>]]) {
        // What is as it was stays.
        goals = goals.filter { goal in !current.contains { isBack($0.layout, as: goal.layout) } }
        var settled = current.filter { isGoal($0.layout) }.map(\.layout)
        func isSettled(_ layout: DeviceLayout) -> Bool {
            settled.contains(layout) || untouched.contains(layout.ranges)
        }
        // What has no driver goes first, or gets one: with the next driver it would be taken along. What holds the kernel's bytes is made
        // anew, cleared, also where its blocks are offline already.
        for device in current where !isSettled(device.layout) && isOwn(device.layout) {
            let goal = goal(of: device.layout)
            let holdsKernels = goal?.layout.use == .devdax && device.layout.ranges.overlap(kernels)
            guard device.layout.isOffline && (device.layout.use == nil || holdsKernels) else {
                continue
            }
            let isInPlace = !holdsKernels && goal?.layout.hasPlace(of: device.layout) ?? false
            add(device.layout, isInPlace ? goal?.layout : nil, as: goal?.name ?? device.name)
            guard isInPlace, let goal else { continue }
            settled.append(goal.layout)
            goals.removeAll { $0.layout == goal.layout }
        }
        urgent = returns.count
        for device in current where !isSettled(device.layout) && goal(of: device.layout) == nil {
            if isOwn(device.layout) {
                add(device.layout, nil, as: device.name)
            } else if goals.contains(where: { $0.layout.ranges.overlap(device.layout.ranges) }) {
                add(device.layout, nil, as: device.name, isForeign: true)
            }
        }
        while let goal = next() {
            let found = current.first { !isSettled($0.layout) && self.goal(of: $0.layout)?.name == goal.name }
            // What lies in its place and has another place to go to gives way first.
            for other in current
            where other.layout != found?.layout && other.layout.ranges.overlap(goal.layout.ranges) {
                add(other.layout, nil, as: other.name, isForeign: !isOwn(other.layout))
            }
            add(found?.layout, goal.layout, as: goal.name)
            goals.removeAll { $0.name == goal.name && $0.layout == goal.layout }
        }
    }

    /// The next to come back: one whose place is free, or its own.
    private func next() -> (name: String, layout: DeviceLayout)? {
        goals.first { goal in
            current.allSatisfy { device in
                self.goal(of: device.layout)?.name == goal.name
                    || !device.layout.ranges.overlap(goal.layout.ranges)
            }
        } ?? goals.first
    }

    /// What a device that is there becomes again: that from which a step made it, whole or in part; nil where it has no such.
    private func goal(of layout: DeviceLayout) -> (name: String, layout: DeviceLayout)? {
        guard !isScratch(layout) else { return nil }
        let made =
            begun.last { $0.transition.after?.ranges == layout.ranges }
            ?? begun.last { $0.transition.isPart(layout) }
        if let same = goals.first(where: { $0.layout.ranges == layout.ranges }) { return same }
        guard let made, let before = made.transition.before else { return nil }
        return goals.first { $0.layout.ranges == before.ranges }
    }

    /// Whether it is a device only to be cleared, by a step or by undoing one: it is none that was there before or afterwards.
    private func isScratch(_ layout: DeviceLayout) -> Bool {
        let isKnown = begun.contains { _, step in
            [step.before, step.after].compactMap(\.self).contains { $0.hasPlace(of: layout) }
        }
        guard !isKnown else { return false }
        return isCleared(layout)
            || begun.contains { _, step in
                !step.zeroedRanges.isEmpty && step.zeroedRanges.starts(with: layout.ranges)
            }
    }

    /// Whether all of it was the kernel's memory in a step: undoing clears that.
    private func isCleared(_ layout: DeviceLayout) -> Bool {
        layout.ranges.allSatisfy { range in kernels.contains { $0.clamped(to: range) == range } }
    }

    /// A layout with what undoing looks at.
    private func looked(_ layout: DeviceLayout) -> DeviceLayout {
        givesRights ? layout : layout.withoutRights
    }

    private func isGoal(_ layout: DeviceLayout) -> Bool {
        begun.contains { _, step in step.before.map { isBack(layout, as: looked($0)) } ?? false }
    }

    /// Whether it is what it was. What its node has counts only where a step of the transaction gave or took that: else somebody did
    /// since, or another rule of udev.
    private func isBack(_ layout: DeviceLayout, as was: DeviceLayout) -> Bool {
        guard layout.matches(was) else { return false }
        if layout.rights.node == was.rights.node { return true }
        // Undoing that died has written the rule and not come to the node.
        if was.rights.rule != nil, layout.rights.node == .rootsAlone { return false }
        return !begun.contains { _, step in
            guard let before = step.before?.rights, let after = step.after?.rights, before != after
            else { return false }
            return [before.node, after.node].contains(layout.rights.node)
        }
    }

    /// Whether a step made it, or was in the middle of that; or undoing one was, and cleared what the kernel had.
    private func isOwn(_ layout: DeviceLayout) -> Bool {
        begun.contains { _, step in
            step.isPart(layout)
                || !step.zeroedRanges.isEmpty && step.zeroedRanges.starts(with: layout.ranges)
                || isCleared(layout)
        }
    }

    private mutating func add(
        _ before: DeviceLayout?, _ after: DeviceLayout?, as name: String, isForeign: Bool = false
    ) {
        let step = before.flatMap { found in begun.last { $0.transition.after?.ranges == found.ranges } }
        let device = before.flatMap { region.device(of: $0.ranges) }?.name
        let transition = DeviceTransition(
            region: identity, regionName: region.name, name: name, device: device, before: before,
            after: after,
            // What the kernel left in its memory is not its old contents, and nobody's business.
            zeroes: true, kept: (after?.ranges ?? []).flatMap { $0.subtracting(kernels) })
        returns.append(
            Return(
                transition: transition, step: isForeign ? nil : step?.number, isForeign: isForeign,
                clearsUnagreed: !transition.zeroedRanges.subtracting(planned).isEmpty))
        current.removeAll { before != nil && $0.layout.ranges == before?.ranges }
        if let after { current.append((name, after)) }
    }
}

extension DeviceTransition {
    /// Whether a device is this one, half-made or half-changed.
    func isPart(_ layout: DeviceLayout) -> Bool {
        [before, after].compactMap(\.self).contains { $0.ranges.starts(with: layout.ranges) }
    }
}

extension TransactionLog {
    /// The dynamic dax regions in which a step began.
    var touchedDaxRegions: Set<DaxRegionIdentity> {
        Set(begun.keys.compactMap { header.steps[$0].transition?.region })
    }

    /// Those of them that are not there now and without which it cannot be ended, in words: none after a boot, since that leaves no
    /// division, and nothing has to be undone.
    func missingDaxRegions(on now: Observed, isSameBoot: Bool) -> [String] {
        guard isSameBoot else { return [] }
        return touchedDaxRegions.filter { now.daxRegion($0) == nil }.map { region in
            "\(header.before.daxRegion(region)?.name ?? "the dax region") \(region)"
        }.sorted()
    }

    /// What its steps left in dynamic dax regions and is not so any more, each in a phrase. What a boot forgets is no difference.
    func daxDifferences(to now: Observed, isSameBoot: Bool) -> [String] {
        var last: [String: DeviceTransition] = [:]
        for (number, step) in header.steps.enumerated() where done.contains(number) {
            if let transition = step.transition { last[transition.address] = transition }
        }
        let made = last.values.compactMap { $0.after?.ranges }
        return last.values.compactMap { transition in
            guard let region = now.daxRegion(transition.region) else {
                return isSameBoot ? "\(transition.regionName) is not there" : nil
            }
            let isForgotten = region.undivided != nil || region.devices.allSatisfy { $0.size == .zero }
            if !isSameBoot, isForgotten { return nil }
            // Another device has its place since.
            if transition.after == nil, let was = transition.before, made.contains(was.ranges) { return nil }
            return transition.shortfall(in: region, ofRights: false).map { "\(transition.address): \($0)" }
        }.sorted()
    }
}
