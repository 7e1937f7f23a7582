import ProvisionCore
import ProvisionHost

/// What bringing namespaces back would give up, as far as that can be looked at.
extension UndoScene {
    /// What bringing a namespace back gives up: what lies there that is neither its own nor the transaction's.
    mutating func loss(
        byRestoring index: Int, recording: inout Recording
    ) throws(OperationError) -> [Loss] {
        let restoration = plan.restorations[index]
        if restoration.standing == .alike { return try loss(byRestoringAlike: index) }
        if restoration.standing == .runsOtherwise, let now = restoration.now,
            try writes(toLeftRaw: now, restoration.region) == .unknown
        {
            return [lossWhereItRunsRaw(restoration)]
        }
        guard [.changed, .gone].contains(restoration.standing) else { return [] }
        try requireIdentityIsFree(restoration)
        if let now = restoration.now {
            let target = NamespaceTarget(now, region: restoration.region)
            if let label = now.labelUUID, let boot = log.returned[label] {
                // Its media was written back already. A boot brings it online as raw, within everybody's reach, and whoever used it then
                // can have disabled it since.
                if !now.isActive, let boot, boot == host.bootID { return [] }
                let isUnwritten = now.isActive ? try host.isUnwritten(target) : nil
                return isUnwritten == true ? [] : [lossWhereItRunsRaw(restoration)]
            }
            try release(now, in: restoration.region)
            let used = now.isKernelsMemory ? [] : try loss(of: now, target, takenBackBy: restoration)
            if now.isActive, !offline.contains(target) { try takeOffline(target) }
            held[index] = target
            guard used.isEmpty, !restoration.hasOldMedia else { return used }
            return try loss(restoration, on: target)
        }
        guard try isFree(restoration) else { return [] }
        try freeSeed(of: restoration.region)
        let target = try occupy(restoration, recording: &recording)
        held[index] = target
        made.append(target)
        return try loss(restoration, on: target)
    }

    private func lossWhereItRunsRaw(_ restoration: UndoPlan.Restoration) -> Loss {
        loss(restoration, Self.runsRaw(since: "the program died looking at it or bringing it back"))
    }

    /// What taking back a step's change of a namespace gives up: what somebody wrote to it as that step left it.
    private mutating func loss(
        of now: Namespace, _ target: NamespaceTarget, takenBackBy restoration: UndoPlan.Restoration
    ) throws(OperationError) -> [Loss] {
        let step = restoration.steps.last { step in
            log.results[step]?.sample != nil
                && (now.labelUUID == nil || restoration.hasLabelRestored
                    || log.begun[step]?.labelUUID == now.labelUUID)
        }
        guard let step, let result = log.results[step], let made = result.namespace,
            let sample = result.sample
        else { return try lossOfUnfinished(now, target, takenBackBy: restoration) }
        var pages: [[UInt8]]?
        if restoration.hasLabelRestored, now.isActive, now.infoBlockUUID != log.begun[step]?.infoBlock {
            // It runs as it was before the step, and that one's data lies elsewhere in it.
            if !offline.contains(target) { try takeOffline(target) }
            if sample.view == .media {
                pages = try mediaPages(of: target, at: MediaSample.offsets(in: sample.range))
            }
        } else {
            pages = try self.pages(of: now, target, sample.view, sample.range)
        }
        // Past the driver its data lies behind its metadata, but for a translation table, which moves it.
        if pages == nil, made.mode != .sector {
            let start = made.dataRange.offset
            pages = try mediaPages(
                of: target, at: MediaSample.offsets(in: sample.range).map { start + $0 })
        }
        guard let pages, !isAsLeft(pages, sample, by: step) else { return [] }
        return [
            loss(
                restoration,
                "was changed by the transaction, and would be changed back"
                    + (try held(by: now, in: restoration.region)))
        ]
    }

    /// The same where the program died before the step that changed it had ended, and it runs as that was making it.
    private mutating func lossOfUnfinished(
        _ now: Namespace, _ target: NamespaceTarget, takenBackBy restoration: UndoPlan.Restoration
    ) throws(OperationError) -> [Loss] {
        let step = restoration.steps.last { step in
            guard let identity = log.begun[step], !log.done.contains(step) else { return false }
            return now.infoBlockUUID == identity.infoBlock
                || now.mode == .raw && now.labelUUID == identity.labelUUID
        }
        guard now.isActive, let step else { return [] }
        if now.mode == .sector {
            guard try !hasUnusedTable(now, target) else { return [] }
            return [
                loss(
                    restoration,
                    "was being changed by the transaction, was written to in sector mode since, and would be changed back"
                        + (try held(by: now, in: restoration.region)))
            ]
        }
        guard try !isAsExpected(now, target, by: step) else { return [] }
        return [
            loss(
                restoration,
                "was being changed by the transaction, does not hold what it held, and would be changed back"
                    + (try held(by: now, in: restoration.region)))
        ]
    }

    /// Whether nobody has written to a namespace in sector mode since it was made that: its translation table moves data, so that the places
    /// of its media tell less than the logs of the table, which every write changes.
    private mutating func hasUnusedTable(
        _ now: Namespace, _ target: NamespaceTarget
    ) throws(OperationError) -> Bool {
        guard let region = regions[target.region] else { return false }
        if !offline.contains(target) { try takeOffline(target) }
        let logs = NamespaceGeometry.translationLogs(
            rawSize: now.rawSize, labels: labelVersion(of: region))
        return try host.isUnusedTable(of: target, logs: logs)
    }

    /// Whether a namespace that a step was changing holds what lay there before, or was not written to. A journal that does not tell what lay
    /// there says nothing against it.
    private mutating func isAsExpected(
        _ now: Namespace, _ target: NamespaceTarget, by step: Int
    ) throws(OperationError) -> Bool {
        guard let expected = log.expected[step], try host.isUnwritten(target) != true else { return true }
        if !offline.contains(target) { try takeOffline(target) }
        let offsets = MediaSample.offsets(in: expected.range)
        let sums = try mediaPages(of: target, at: offsets).map { Checksum.of($0) }
        // What becomes raw has its info block wiped.
        return (now.mode == .raw || now.dataRange == expected.range) && sums.count == expected.sums.count
            && sums.indices.allSatisfy { index in
                sums[index] == expected.sums[index]
                    || sums[index] == MediaSample.zeroPage
                        && offsets[index] < NamespaceGeometry.infoBlockReserve
            }
    }

    /// A namespace without a label and without an info block is written to only where a step left a trace at its start, where info blocks
    /// are wiped and written first: whatever else it holds is its users', who have it as it was.
    mutating func loss(byRestoringAlike index: Int) throws(OperationError) -> [Loss] {
        let restoration = plan.restorations[index]
        guard let now = restoration.now, !restoration.saved.isEmpty else { return [] }
        let target = NamespaceTarget(now, region: restoration.region)
        let media = SavedMedia(rollback, restoration.saved)
        let account = account(for: restoration)
        let found =
            now.isActive
            ? try media.compareActive(on: target, account) : try media.compare(on: target, account)
        guard found.tracesOfInfoBlock > 0 else { return [] }
        traced.insert(index)
        guard found.foreignPages == 0 else { return [loss(restoration, found.foreignPages)] }
        // The device of another region without DIMMs that say who they are can have its address.
        guard let sample = restoration.sample else { return [] }
        let offsets = MediaSample.offsets(in: sample.range)
        let pages =
            now.isActive
            ? try host.readPages(of: target, at: offsets) : try mediaPages(of: target, at: offsets)
        var looked = Looked()
        looked.add(
            sample, pages: (pages ?? []).map { Checksum.of($0) }, besides: media.extents + account.metadata)
        return looked.isWhole ? [] : [lossOfSome(restoration, looked)]
    }

    private func lossOfSome(_ restoration: UndoPlan.Restoration, _ looked: Looked) -> Loss {
        loss(
            restoration,
            "would be brought back, and not all of its data: somebody wrote since "
                + "(\(looked.changed) of \(looked.pages) places that were looked at)")
    }

    func account(for restoration: UndoPlan.Restoration) -> MediaAccount {
        let start = regions[restoration.region]?.extent(of: restoration.was)?.offset ?? .zero
        return MediaAccount(of: log, in: restoration.oldRegion, from: start, accounted: accounted)
    }

    func loss(_ restoration: UndoPlan.Restoration, _ foreignPages: Int) -> Loss {
        loss(
            restoration,
            "would be brought back over data that somebody wrote since "
                + "(\(foreignPages) pages that would be written over)")
    }

    /// A loss by bringing a namespace back: under the name that it has now, as the review of a rollback has it; where nothing
    /// has a name there, under the old one.
    func loss(_ restoration: UndoPlan.Restoration, _ consequence: String) -> Loss {
        let was = restoration.was
        let now = restoration.now
        let shown = now.flatMap { $0.name == nil ? nil : $0 } ?? was
        return Loss(
            shown, in: restoration.region,
            words: [was.name, was.labelUUID?.description, now?.labelUUID?.description],
            consequence: consequence)
    }

    func loss(
        _ restoration: UndoPlan.Restoration, on target: NamespaceTarget
    ) throws(OperationError) -> [Loss] {
        let (found, looked) = try compare(restoration, on: target)
        guard found.foreignPages > 0 || !looked.isWhole else { return [] }
        if found.foreignPages > 0 { return [loss(restoration, found.foreignPages)] }
        return [lossOfSome(restoration, looked)]
    }

    /// Compares what lies there with what was saved, and with what was looked at before.
    func compare(
        _ restoration: UndoPlan.Restoration, on target: NamespaceTarget
    ) throws(OperationError) -> (found: SavedMedia.Comparison, looked: Looked) {
        let saved = SavedMedia(rollback, restoration.saved)
        let sample = restoration.sample
        let account = account(for: restoration)
        let found = try saved.compare(
            on: target, account, pages: sample.map { MediaSample.offsets(in: $0.range) } ?? [])
        var looked = Looked()
        if let sample { looked.add(sample, pages: found.sums, besides: saved.extents + account.metadata) }
        return (found, looked)
    }
}
