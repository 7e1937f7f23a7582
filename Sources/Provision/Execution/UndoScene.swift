import ProvisionCore
import ProvisionHost

/// The host while a transaction is undone: what is looked at, removed and brought back, and what stands where meanwhile.
struct UndoScene {
    let rollback: Rollback
    let plan: UndoPlan
    /// What is allocated, as it changes.
    var regions: [String: Region]
    /// What holds the places of the namespaces to bring back, by their index, where their media was looked at.
    var held: [Int: NamespaceTarget] = [:]
    /// The namespaces that look as they were, and to whose media a step wrote.
    var traced: Set<Int> = []
    /// What was made or taken offline only to look at it.
    var made: [NamespaceTarget] = []
    var offline: [NamespaceTarget] = []
    /// The metadata of what steps made, as ranges of their regions.
    var accounted: [Int: [Extent]]
    /// What the journal says undoing took from the kernel, and the kernel had still when this run came to it.
    var notTaken: [Range<UInt64>] = []
    /// What came back.
    var returned: [Undone.Returned] = []
    /// What is given up, since that was agreed to.
    var agreed: [Loss] = []
    /// What somebody has made something else of and is left as it is, each in a sentence.
    var left: [String] = []
    /// These namespaces.
    var leftBehind: Set<UndoPlan.Restoration.Subject> = []
    /// The oldest label version on the DIMMs of each region.
    let versions: [String: LabelVersion]
    /// The regions of the transaction, as they were and as they were found.
    let thenAndNow: RegionsThenAndNow

    init(_ rollback: Rollback, _ plan: UndoPlan, _ now: Observed) {
        versions = now.labelVersions
        thenAndNow = RegionsThenAndNow(rollback.log.header, now)
        self.rollback = rollback
        self.plan = plan
        self.regions = Dictionary(uniqueKeysWithValues: now.regions.map { ($0.device, $0) })
        self.accounted = rollback.log.accounted
    }

    var host: any RestoringHost { rollback.host }
    var log: TransactionLog { rollback.log }

    /// Removes what the transaction made, and what undoing it made before, and brings back what it destroyed or changed.
    /// - Throws: ``OperationError/consentMissing(_:)`` where somebody wrote since it was looked at, or where it could not be
    ///   looked at before something else had been removed.
    mutating func undo(recording: inout Recording) throws(OperationError) {
        do throws(OperationError) {
            for removal in plan.removals { try remove(removal) }
            for index in plan.restorations.indices {
                try rollback.pause()
                try bringBack(index, recording: &recording)
            }
        } catch {
            guard error.isMissingConsent else { throw error }
            throw error.adding(undoFailures: leave())
        }
    }

    private mutating func remove(_ removal: UndoPlan.Removal) throws(OperationError) {
        // Without a size there is one object at most: the one that a step, or a placeholder, was in the middle of.
        guard removal.now != nil || removal.step.map({ !log.done.contains($0) }) ?? true else { return }
        try rollback.pause()
        rollback.progress(.undoes("remove what was created as \(removal.label)"))
        if let now = removal.now, now.isActive,
            !offline.contains(NamespaceTarget(now, region: removal.region))
        {
            // Somebody can have written to it since it was looked at.
            try requireConsent(to: try loss(by: removal))
            try release(now, in: removal.region)
        }
        try host.remove(removal.label, from: removal.region)
        forget(removal.label, in: removal.region)
        offline.removeAll { $0.labelUUID == removal.label }
    }

    private mutating func bringBack(
        _ index: Int, recording: inout Recording
    ) throws(OperationError) {
        let restoration = plan.restorations[index]
        let was = restoration.was
        switch restoration.standing {
        case .whole: return
        case .alike: guard traced.contains(index) else { return }
        case .destroyedByOthers:
            leftBehind.insert(restoration.subject)
            left.append("\(was.displayName) is gone: somebody destroyed it meanwhile")
            return
        case .labelled: return try bringOnline(restoration)
        case .runsOtherwise:
            guard let now = restoration.now, try writes(toLeftRaw: now, restoration.region) != .some else {
                leftBehind.insert(restoration.subject)
                left.append(
                    "\(was.displayName) is left as it is: it has its label and place, and somebody has written to it since"
                )
                return
            }
            return try bringOnline(restoration)
        case .changed, .gone: break
        }
        rollback.progress(.undoes("bring back \(was.displayName)"))
        var target = held[index]
        if target == nil, let now = restoration.now {
            target = NamespaceTarget(now, region: restoration.region)
            if now.isActive, let target { try takeOffline(target) }
        }
        let place: NamespaceTarget
        if let target {
            place = target
        } else {
            place = try occupy(restoration, recording: &recording)
            made.append(place)
        }
        var looked: Looked?
        // An earlier recovery wrote its media back, and died; at a boot it came up raw then.
        let isReturned = place.labelUUID.map { log.returned[$0] != nil } ?? false
        if !restoration.hasOldMedia, !isReturned {
            let (found, seen) = try compare(restoration, on: place)
            looked = restoration.sample == nil ? nil : seen
            // What lay under a namespace that is removed by now could not be looked at before.
            if found.foreignPages > 0 {
                try requireConsent(to: [loss(restoration, found.foreignPages)])
            }
            try SavedMedia(rollback, restoration.saved).write(found, to: place)
            if let label = place.labelUUID, !restoration.keepsLabel {
                try recording.note(.returned(label, bootID: host.bootID))
            }
        }
        made.removeAll { $0 == place }
        offline.removeAll { $0 == place }
        let back =
            isReturned || restoration.hasOldMedia
            ? try reinstateOrLeave(restoration, on: place) : try reinstate(restoration, on: place)
        guard let back else { return }
        if let label = place.labelUUID { forget(label, in: restoration.region) }
        if regions[restoration.region]?.namespaces.contains(where: { $0.device == back.device }) != true {
            regions[restoration.region]?.namespaces.append(back)
        }
        returned.append(Undone.Returned(name: was.displayName, looked: looked))
    }

    /// Requires consent to what comes up only now. A name that agreed to the loss of something else agrees to none of these.
    mutating func requireConsent(to losses: [Loss]) throws(OperationError) {
        let others = agreed.filter { earlier in !losses.contains { $0.isOfSame(as: earlier) } }
        let missing = rollback.consent.spent(on: others).missing(among: losses)
        guard missing.isEmpty else { throw .consentMissing(missing) }
        let further = losses.filter { loss in !agreed.contains { $0.isOfSame(as: loss) } }
        agreed += further
    }

    /// What has its label and its media needs at most to be online, or offline, as it was. Where it comes up as something else,
    /// somebody else has written to it.
    private mutating func bringOnline(_ restoration: UndoPlan.Restoration) throws(OperationError) {
        guard let now = restoration.now else { return }
        let was = restoration.was
        let target = NamespaceTarget(now, region: restoration.region)
        rollback.progress(.undoes("\(was.isActive ? "enable" : "disable") \(was.displayName)"))
        if now.isActive { try takeOffline(target) }
        _ = try reinstateOrLeave(restoration, on: target)
        offline.removeAll { $0 == target }
    }

    /// Reinstates what has its media already. Where it comes up as something else, somebody has written to it since, and it is left so.
    private mutating func reinstateOrLeave(
        _ restoration: UndoPlan.Restoration, on target: NamespaceTarget
    ) throws(OperationError) -> Namespace? {
        do throws(OperationError) {
            return try reinstate(restoration, on: target)
        } catch {
            guard error.kind == .failed,
                let other = try current(restoration), other.isActive
            else { throw error }
            let name = restoration.was.displayName
            leftBehind.insert(restoration.subject)
            left.append(
                "\(name) has its label and place, and is not what it was (\(error.reason)): somebody has written to it since"
            )
            return nil
        }
    }

    /// Gives a namespace its label back, and brings it online if it was; nil where the kernel does not enable it, and what it
    /// needs for that (a translation table) can have been written over: its loss was agreed to, or it was seen that what it
    /// held is not there any more.
    private mutating func reinstate(
        _ restoration: UndoPlan.Restoration, on target: NamespaceTarget
    ) throws(OperationError) -> Namespace? {
        do throws(OperationError) {
            return try host.reinstate(restoration.was, on: target)
        } catch {
            guard error.kind == .failed, let now = try current(restoration), !now.isActive,
                let why = try lossKnown(of: restoration, now)
            else { throw error }
            let name = restoration.was.displayName
            leftBehind.insert(restoration.subject)
            left.append(
                "\(name) has its label and place again, and cannot be enabled (\(error.reason)); \(why)")
            return nil
        }
    }

    /// What has the label and the place of a namespace that comes back; nil where nothing has.
    private func current(_ restoration: UndoPlan.Restoration) throws(OperationError) -> Namespace? {
        try rollback.observe().region(restoration.region)?.namespaces.first {
            $0.hasLabel(of: restoration.was)
        }
    }

    /// Why it is no news that a namespace does not hold what it held; nil where it is.
    private func lossKnown(
        of restoration: UndoPlan.Restoration, _ now: Namespace
    ) throws(OperationError) -> String? {
        if rollback.consent.missing(among: [loss(restoration, "is lost")]).isEmpty {
            return "that what it held is lost was agreed to"
        }
        let saved = SavedMedia(rollback, restoration.saved).extents
        let isGivenUp = account(for: restoration).metadata.contains { range in
            range.offset < restoration.was.rawSize
                && !saved.contains { $0.offset <= range.offset && range.end <= $0.end }
        }
        if isGivenUp {
            return "what lay in its place was agreed to be lost, and it had been written over with that"
        }
        guard restoration.sample != nil else { return nil }
        let (_, looked) = try compare(
            restoration, on: NamespaceTarget(now, region: restoration.region))
        return looked.isWhole
            ? nil
            : "what it held was written over (\(looked.changed) of \(looked.pages) places that were looked at)"
    }

    /// What is known of writes to a namespace that runs otherwise than it did.
    enum Writes {
        /// It runs raw because looking at its media, or saving it, died there, and nobody has written to it.
        case none
        /// It runs raw because of that, and nothing is known of writes: the program died before it had the kernel count them.
        case unknown
        /// Somebody has written to it, or made it run so.
        case some
    }

    /// What came up with a page map has it written over part of the media, so what was written there while it ran raw would go.
    func writes(toLeftRaw now: Namespace, _ region: String) throws(OperationError) -> Writes {
        guard now.mode == .raw, let boot = log.header.bootID, boot == host.bootID else { return .some }
        let target = NamespaceTarget(now, region: region)
        let isUnwritten = try host.isUnwritten(target)
        return isUnwritten.map { $0 ? .none : .some } ?? .unknown
    }
}

extension Loss {
    /// Whether both are of the same object: one address, or one label, whatever it is called meanwhile.
    fileprivate func isOfSame(as other: Loss) -> Bool {
        address == other.address || words.contains { UUID($0) != nil && other.words.contains($0) }
    }
}
