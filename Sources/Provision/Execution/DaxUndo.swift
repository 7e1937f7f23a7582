import ProvisionCore
import ProvisionHost

/// What undoing comes to in one dynamic dax region: pure, from a transaction's log and the region as it is now.
///
/// Steps are taken back in reverse order, each from whatever is there of it: as it left it, as it found it, or half-made, which shows as
/// the first ranges of the one or the other. What is none of these is somebody else's.
struct DaxUndo {
    /// One device on its way back.
    struct Return: Equatable {
        /// What is done.
        var transition: DeviceTransition
        /// The step that is taken back; nil for what stands in the way of one.
        var step: Int?
    }

    /// What is done, in order.
    private(set) var returns: [Return] = []
    /// What must be there afterwards.
    private(set) var goals: [DeviceTransition] = []

    /// - Parameter isSameBoot: whether the transaction began in this boot. A boot leaves nothing of any division: then there is nothing
    ///   to take back.
    init(of log: TransactionLog, in now: DaxRegion, isSameBoot: Bool) {
        guard let identity = now.identity else { return }
        let begun = log.header.steps.enumerated().compactMap { number, step in
            step.transition.flatMap { transition in
                log.begun[number] != nil && transition.region == identity ? (number, transition) : nil
            }
        }
        guard !begun.isEmpty, isSameBoot || now.undivided == nil else { return }
        var current = now.devices.filter { $0.size > .zero }
            .compactMap { device in device.layout.map { (name: device.label ?? device.name, layout: $0) } }

        func add(_ number: Int?, _ name: String, _ before: DeviceLayout?, _ after: DeviceLayout?) {
            returns.append(
                Return(
                    transition: DeviceTransition(
                        region: identity, regionName: now.name, name: name,
                        device: before.flatMap { now.device(of: $0.ranges) }?.name, before: before,
                        after: after), step: number))
            current.removeAll { before != nil && $0.layout.ranges == before?.ranges }
            if let after { current.append((name, after)) }
        }

        for (number, step) in begun.reversed() {
            // What was a device only to be cleared.
            for found in current
            where step.isScratch(found.layout) && !begun.contains(where: { $0.1.before == found.layout }) {
                add(number, found.name, found.layout, nil)
            }
            let left = current.first { step.after?.ranges == $0.layout.ranges }
            let old = current.first { step.before?.ranges == $0.layout.ranges }
            let found = (left ?? old ?? current.first { step.isHalf($0.layout) })?.layout
            if found == step.before { continue }
            if let before = step.before {
                for other in current
                where other.layout != found && other.layout.ranges.overlap(before.ranges) {
                    add(nil, other.name, other.layout, nil)
                }
            }
            add(number, step.name, found, step.before)
        }
        goals = begun.map(\.1).filter { transition in
            guard let before = transition.before else { return false }
            return current.contains { $0.layout == before }
        }
    }
}

extension DeviceTransition {
    /// Whether a device is what a step makes to clear memory, or the beginning of it.
    fileprivate func isScratch(_ layout: DeviceLayout) -> Bool {
        guard !zeroedRanges.isEmpty, layout.ranges != after?.ranges else { return false }
        return zeroedRanges.starts(with: layout.ranges)
    }

    /// Whether a device is this one half-made or half-changed.
    fileprivate func isHalf(_ layout: DeviceLayout) -> Bool {
        [before, after].compactMap(\.self).contains { $0.ranges.starts(with: layout.ranges) }
    }
}

extension TransactionLog {
    /// The dynamic dax regions in which a step began.
    var touchedDaxRegions: Set<DaxRegionIdentity> {
        Set(begun.keys.compactMap { header.steps[$0].transition?.region })
    }

    /// Those of them that are not there now, in words.
    func missingDaxRegions(on now: Observed) -> [String] {
        touchedDaxRegions.filter { now.daxRegion($0) == nil }.map { region in
            "\(header.before.daxRegion(region)?.name ?? "the dax region") \(region)"
        }.sorted()
    }

    /// What its steps left in dynamic dax regions and is not so any more, each in a phrase. What a boot forgets is no difference.
    func daxDifferences(to now: Observed, isSameBoot: Bool) -> [String] {
        var last: [String: DeviceTransition] = [:]
        for (number, step) in header.steps.enumerated() where done.contains(number) {
            if let transition = step.transition { last[transition.address] = transition }
        }
        return last.values.compactMap { transition in
            guard let region = now.daxRegion(transition.region) else {
                return "\(transition.regionName) is not there"
            }
            if !isSameBoot, region.undivided != nil { return nil }
            return transition.shortfall(in: region).map { "\(transition.address): \($0)" }
        }.sorted()
    }
}
