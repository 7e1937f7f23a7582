import ProvisionCore
import ProvisionHost

/// The devices of dynamic dax regions: what was made goes, and what was there comes back with its ranges in their order, so that every
/// byte is at its offset again, as far as nobody has written there since.
extension UndoScene {
    /// What undoing comes to in each region that the transaction touched.
    private func daxUndos() throws(OperationError) -> [DaxUndo] {
        var undos: [DaxUndo] = []
        for identity in log.touchedDaxRegions.sorted(by: { $0.start < $1.start }) {
            let region = try host.daxRegion(identity)
            guard let region else {
                let missing = log.missingDaxRegions(on: Observed(buses: []), isSameBoot: isSameBoot)
                guard !missing.isEmpty else { continue }
                throw log.missing([], missing)
            }
            let undo = DaxUndo(of: log, in: region, isSameBoot: isSameBoot, givesRights: try givesRights())
            if let item = undo.returns.first(where: { $0.isStranded(in: region) }) {
                throw item.stranded
            }
            undos.append(undo)
        }
        return undos
    }

    /// Whether devices of dynamic regions get their rights back: not where the rules are somebody's.
    private func givesRights() throws(OperationError) -> Bool {
        let matters = log.header.steps.contains { $0.transition?.changesRules == true }
        return matters ? try rulesFault() == nil : true
    }

    /// What taking steps back gives up: what was written to devices that they made, or as devices to what becomes memory again, and
    /// devices of others that stand in the way.
    func lossesOfDaxRegions() throws(OperationError) -> [Loss] {
        var losses: [Loss] = []
        for undo in try daxUndos() {
            for item in undo.returns {
                if let consequence = try loss(by: item) { losses.append(Self.loss(item, consequence)) }
            }
        }
        return losses
    }

    /// What is given up where another program brought memory online.
    static let broughtOnline =
        "was brought online by another program, so that the kernel wrote over some of what it held; the rest is cleared with it"

    static func loss(_ item: DaxUndo.Return, _ consequence: String) -> Loss {
        Loss(
            address: item.transition.address, words: [item.transition.name, item.transition.device],
            consequence: consequence)
    }

    private func loss(by item: DaxUndo.Return) throws(OperationError) -> String? {
        let transition = item.transition
        if item.clearsUnagreed { return Self.broughtOnline }
        guard let found = transition.before else { return nil }
        if item.isForeign { return "has memory of what would be brought back, and would be removed" }
        if isSomebodys(found, item) {
            return
                "lies in memory that a step had given to the kernel, is not what that made of it, and would be removed"
        }
        if lostItsDriver(found), !(transition.zeroedRanges + transition.releasedRanges).isEmpty {
            return "has no driver any more, though a step had made it system memory, and would be cleared: "
                + "what was written to it since is not known"
        }
        // Memory that only went offline could not be opened: what lies there is still the kernel's.
        if transition.after?.use?.writesToMedia == true, found.use.map({ $0 == .devdax }) ?? true {
            if found.use == .devdax, let left = item.step.flatMap({ log.results[$0]?.sample }),
                try sample(of: found, transition, from: .zero) == left
            {
                return nil
            }
            return Self.becomesMemory
        }
        if isHandedOut(found), !transition.releasedRanges.isEmpty {
            return "was made by the transaction, is not what that made of it, and would lose memory"
        }
        if isGivenAway(found), !transition.releasedRanges.isEmpty {
            return
                "was made by the transaction and given to its owner before that was recorded, and would lose memory"
        }
        guard found.use == .devdax, !transition.releasedRanges.isEmpty, !isCleared(found),
            let result = item.step.flatMap({ log.results[$0] })
        else { return nil }
        guard let sample = result.sample else {
            return
                "was made by the transaction and would lose memory, and what was written there since is not known"
        }
        guard try self.sample(of: found, transition, from: sample.range.offset) != sample else { return nil }
        return transition.after == nil
            ? "was made by the transaction and would be removed, with what was written to it"
            : "was made larger by the transaction, and would lose what was written there since"
    }

    /// Whether a step had made it memory, and it has no driver since, though no undoing came to it: somebody can have had it as a device.
    private func lostItsDriver(_ found: DeviceLayout) -> Bool {
        found.use == nil && !found.isPartlyOnline && !isUndone(found)
            && log.done.contains { number in
                log.header.steps[number].transition?.after.map {
                    $0.use?.isSystemRAM == true && $0.ranges.starts(with: found.ranges)
                } ?? false
            }
    }

    /// What undoing has taken from the kernel, as far as is known.
    private var taken: [Range<UInt64>] { log.taken.subtracting(notTaken) }

    /// Records what the kernel has still of what an earlier run was about to take when it died: what becomes of that from now on, another
    /// program can have done as well.
    mutating func retractWhatWasNotTaken(recording: inout Recording) throws(OperationError) {
        guard isSameBoot, !log.taken.isEmpty else { return }
        for identity in log.touchedDaxRegions.sorted(by: { $0.start < $1.start }) {
            guard let region = try host.daxRegion(identity) else { continue }
            let stays = Self.kernels(region, among: log.taken)
            guard !stays.isEmpty else { continue }
            try recording.note(.memoryStays(stays))
            notTaken += stays
        }
    }

    /// The ranges of a region's devices that are the kernel's memory, and in which one of others lies.
    private static func kernels(_ region: DaxRegion, among others: [Range<UInt64>]) -> [Range<UInt64>] {
        region.devices.filter { $0.mode == .systemRAM }.flatMap { $0.mappings ?? [] }.map(\.range)
            .filter { range in others.contains { $0.overlaps(range) } }
    }

    /// Whether undoing itself has taken it from the kernel: a boot leaves nothing of that.
    private func isUndone(_ found: DeviceLayout) -> Bool {
        isSameBoot && found.ranges.subtracting(taken).isEmpty
    }

    /// Whether undoing made it, to clear what the kernel had: such a device has another alignment than what has this memory before or
    /// afterwards (``DeviceSequence``), and so none that anybody made of that.
    private func isCleared(_ found: DeviceLayout) -> Bool {
        isUndone(found)
            && !log.begun.keys.contains { number in
                let transition = log.header.steps[number].transition
                return [transition?.before, transition?.after].contains {
                    $0.map { $0.align == found.align && $0.ranges.overlap(found.ranges) } ?? false
                }
            }
    }

    /// Whether it lies in memory that a step gave to the kernel, and neither a step nor undoing makes such: another tool did, since.
    private func isSomebodys(_ found: DeviceLayout, _ item: DaxUndo.Return) -> Bool {
        guard item.step == nil, !item.isForeign, !isCleared(found),
            found.use.map({ $0 == .devdax }) ?? !found.isPartlyOnline
        else { return false }
        return !log.begun.keys.contains { number in
            guard let transition = log.header.steps[number].transition else { return false }
            return transition.isPart(found)
                || !log.done.contains(number) && !transition.zeroedRanges.isEmpty
                    && transition.zeroedRanges.starts(with: found.ranges)
        }
    }

    /// Whether a step had finished a device that is cut short since, or has no driver: then nobody can look what was written to it.
    private func isHandedOut(_ found: DeviceLayout) -> Bool {
        log.done.contains { number in
            guard let after = log.header.steps[number].transition?.after, after.use == .devdax,
                after.ranges.starts(with: found.ranges)
            else { return false }
            return found.use == nil || found.ranges != after.ranges && found.use == .devdax
        }
    }

    /// Whether a step that did not come to its end had given it to somebody already.
    private func isGivenAway(_ found: DeviceLayout) -> Bool {
        found.use == .devdax && found.rights.rule != nil
            && log.begun.keys.contains { number in
                !log.done.contains(number)
                    && log.header.steps[number].transition?.after?.matches(found) == true
            }
    }

    private func sample(
        of layout: DeviceLayout, _ transition: DeviceTransition, from offset: ByteCount
    ) throws(OperationError) -> MediaSample? {
        try host.sample(of: layout, in: transition.region, from: offset)
    }

    /// Takes the steps back.
    mutating func returnDaxRegions(recording: inout Recording) throws(OperationError) {
        let undos = try daxUndos()
        var back: Set<String> = []
        for item in undos.flatMap({ $0.returns.prefix($0.urgent) })
            + undos.flatMap({ $0.returns.dropFirst($0.urgent) })
        {
            try rollback.pause()
            // Somebody can have written to it since it was looked at.
            if let consequence = try loss(by: item) {
                try requireConsent(to: [Self.loss(item, consequence)])
            }
            let noted = try note(item, undos, recording: &recording)
            do throws(OperationError) {
                try take(item, recording: &recording)
            } catch {
                try? retract(noted, of: item, recording: &recording)
                throw error
            }
            back.insert(item.transition.address)
        }
        lookAtWhatIsBack(besides: back)
        // A step that died can have left one without memory.
        if log.begun.count != log.done.count { try removeEmpty() }
    }

    /// Records of memory that it is about to be taken from the kernel, or cleared: undoing that dies there finds it without a driver, and half
    /// cleared.
    private func note(
        _ item: DaxUndo.Return, _ undos: [DaxUndo], recording: inout Recording
    ) throws(OperationError) -> [Range<UInt64>] {
        let before = item.transition.before?.ranges ?? []
        // What was taken offline by an earlier run can have come online since: what the journal has of it says less.
        let online = undos.flatMap(\.memory).filter(before.contains) + item.transition.zeroedRanges
        let offline = undos.flatMap(\.untouched).filter(before.contains).subtracting(taken)
        if !online.isEmpty || !offline.isEmpty {
            try recording.note(.foundMemory(online: online, offline: offline))
        }
        return online + offline
    }

    /// Records what of that the kernel has still, after it could not be taken. What cannot be told now counts as taken.
    private func retract(
        _ noted: [Range<UInt64>], of item: DaxUndo.Return, recording: inout Recording
    ) throws(OperationError) {
        guard let region = try? host.daxRegion(item.transition.region) else { return }
        let stays = Self.kernels(region, among: noted)
        if !stays.isEmpty { try recording.note(.memoryStays(stays)) }
    }

    private mutating func take(
        _ item: DaxUndo.Return, recording: inout Recording
    ) throws(OperationError) {
        let transition = item.transition
        rollback.progress(
            .undoes(
                transition.after == nil ? "remove \(transition.address)" : "bring back \(transition.address)")
        )
        if transition.bindsMemory {
            _ = try recording.perform(.setDevice(transition), on: host)
        } else {
            _ = try host.perform(.setDevice(transition), identity: .none)
        }
        guard let after = transition.after else { return }
        // What it held when a step took memory from it.
        let taken = log.header.steps.indices.first {
            log.header.steps[$0].transition?.before?.withoutRights == after.withoutRights
        }
        let looked = taken.flatMap { try? self.looked(at: after, transition, step: $0) }
        returned.append(Undone.Returned(name: transition.name, looked: looked))
    }

    /// Looks at what a step was to make memory of, and is a device again that this run has not brought back: the step put it back itself
    /// when it failed, or undoing that stopped did. Its memory can have been online meanwhile. What cannot be looked at (an error of the
    /// memory) holds up nothing.
    /// - Parameter back: the addresses of what this run has brought back. Devices of two regions can have one name.
    private mutating func lookAtWhatIsBack(besides back: Set<String>) {
        guard isSameBoot else { return }
        for number in log.begun.keys.sorted() {
            guard let transition = log.header.steps[number].transition, let before = transition.before,
                transition.after?.use?.isSystemRAM == true,
                !back.contains(transition.address),
                let looked = try? looked(at: before, transition, step: number), !looked.isWhole
            else { continue }
            left.append(
                "\(transition.address): \(looked.changed) of \(looked.pages) places that were looked at hold something else than before: "
                    + "its memory was online meanwhile, or whoever uses the device wrote there")
        }
    }

    /// What is left of what a device held before a step; nil where that was not looked at, or cannot be now.
    private func looked(
        at layout: DeviceLayout, _ transition: DeviceTransition, step: Int
    ) throws(OperationError) -> Looked? {
        guard let sample = log.samples[step],
            let now = try self.sample(of: layout, transition, from: sample.range.offset)
        else { return nil }
        var looked = Looked()
        looked.add(sample, pages: now.sums, besides: [])
        return looked
    }

    /// Removes devices without memory that a step died with.
    private func removeEmpty() throws(OperationError) {
        guard isSameBoot else { return }
        for identity in log.touchedDaxRegions {
            let before = log.header.before.daxRegion(identity)?.devices ?? []
            let known = Set(before.filter { $0.size == .zero }.map(\.name))
            try host.removeEmptyDevices(of: identity, besides: known)
        }
    }

    /// What of the regions is not as it was.
    func daxComplaints() throws(OperationError) -> [String] {
        var complaints: [String] = []
        for identity in log.touchedDaxRegions.sorted(by: { $0.start < $1.start }) {
            let region = try host.daxRegion(identity)
            guard let region else { continue }
            let undo = DaxUndo(
                of: log, in: region, isSameBoot: isSameBoot, givesRights: try givesRights())
            complaints += undo.returns.map { "\($0.transition.address) is not what it was" }
        }
        return complaints
    }
}
