import ProvisionCore
import ProvisionHost

/// The label areas while a transaction is undone that wrote indexes to them, or died between the writes of two DIMMs.
struct LabelRollback {
    private let rollback: Rollback

    init(_ rollback: Rollback) {
        self.rollback = rollback
    }

    private var host: any RestoringHost { rollback.host }
    private var log: TransactionLog { rollback.log }

    /// Enables the regions in which a step began, where they have no driver bound and had one before, and returns the
    /// host as it is then. Where one fails to enable because the labels of its DIMMs do not agree (a cut of the power between the
    /// writes of two DIMMs leaves that), and they are not those that were saved, these are written back. Other regions are their
    /// owner's.
    /// - Parameter restored: gets the regions whose labels are the old ones by that, whatever steps had written to the media under them.
    func enableRegions(
        _ now: Observed, restored: inout Set<RegionThen>, recording: inout Recording
    ) throws(OperationError) -> Observed {
        let regions = RegionsThenAndNow(log.header, now)
        let touched = log.touchedRegions
        var isChanged = false
        for old in log.header.before.regions where old.isEnabled && touched.contains(RegionThen(old)) {
            guard let region = regions.region(RegionThen(old)), !region.isEnabled else { continue }
            isChanged = true
            rollback.progress(.undoes("enable \(region.device)"))
            do throws(OperationError) {
                try host.enableRegion(region.device)
            } catch {
                guard error.kind == .failed, try host.labelsDisagree(in: region.device),
                    try differ(in: region.device)
                else { throw error }
                try requireDIMMsOfThen(in: region.device)
                try requireConsent(toLosing: RegionThen(old), region.device)
                rollback.progress(
                    .undoes("write the old labels of \(region.device), which cannot be enabled as it is"))
                try recording.note(.labelsRestored(RegionThen(old)))
                restored.insert(RegionThen(old))
                try restore(in: region.device)
            }
        }
        return isChanged ? try rollback.observe() : now
    }

    /// The labels of what steps finished go with those that are written back, and nobody can look at what it holds before: it has to be
    /// agreed to, since people can have used it until the power went.
    private func requireConsent(toLosing then: RegionThen, _ device: String) throws(OperationError) {
        let losses = log.results.sorted { $0.key < $1.key }.compactMap { number, result -> Loss? in
            let step = log.header.steps[number]
            guard step.home == then, step.kind.effects.contains(.makesNamespace) else { return nil }
            return result.namespace.map {
                Loss(
                    $0, in: device,
                    consequence:
                        "was made by the transaction and would be removed; what it holds cannot be looked at, since the labels "
                        + "of its DIMMs do not agree")
            }
        }
        let missing = rollback.consent.missing(among: losses)
        guard missing.isEmpty else { throw .consentMissing(missing) }
    }

    /// The regions that the transaction gave labels: their DIMMs hold them, or the kernel still takes the region for a
    /// labelled one. A step that failed before its first write changed neither.
    func relabelledRegions(_ now: Observed) throws(OperationError) -> [String] {
        let regions = RegionsThenAndNow(log.header, now)
        var relabelled: [String] = []
        for (number, step) in log.header.steps.enumerated()
        where step.kind.effects.contains(.writesLabelIndexes) && log.begun[number] != nil {
            guard let region = step.home.flatMap(regions.region) else { continue }
            let isLabelled = region.labelling == .labelled
            let isRelabelled = isLabelled ? true : try differ(in: region.device)
            guard isRelabelled else { continue }
            try requireDIMMsOfThen(in: region.device)
            relabelled.append(region.device)
        }
        return relabelled
    }

    /// Whether the DIMMs of a region hold other labels than were saved: a step that failed before its first write left
    /// them as they were.
    func differ(in region: String) throws(OperationError) -> Bool {
        let saved = try savedLabels()
        return try host.labelImages(of: region).contains { current in
            if let image = saved.images.first(where: { $0.dimm == current.dimm }) { return image != current }
            // Where all DIMMs that cannot be told apart held what this one holds, it needs no writing: one is not enough, since
            // fresh label areas are all alike.
            return saved.unplaced.isEmpty || !saved.unplaced.allSatisfy { $0.bytes == current.bytes }
        }
    }

    /// Writes the saved labels of a region's DIMMs back.
    func restore(in region: String) throws(OperationError) {
        try requireDIMMsOfThen(in: region)
        let images = try savedLabels().images
        let targets = log.begun.keys.compactMap {
            log.header.namespace(of: log.header.steps[$0])?.labelUUID
        }
        let own = Set(log.begun.values.map(\.labelUUID) + log.placeholders.map(\.label) + targets)
        try host.restoreLabels(images, of: region, replacing: own)
    }

    /// Writes back what was saved of the namespace that spanned a region before it got labels: by way of a raw namespace
    /// over all of it, which is free by now. What lies there must be what was saved, or what the transaction wrote.
    /// - Parameter accounted: the metadata of what steps made, as ranges of their regions.
    func rewriteMedia(
        of device: String, accounted: [Int: [Extent]], recording: inout Recording
    ) throws(OperationError) {
        let now = try rollback.observe()
        guard let region = now.region(device),
            let old = RegionsThenAndNow(log.header, now).then(region), let start = region.resource,
            let gap = ExtentMap(of: region)?.largestGap
        else { return }
        let saved = log.ranges.filter {
            $0.region == old && $0.offset >= gap.offset
                && $0.offset + $0.range.length <= gap.end
        }
        .map { (offset: $0.offset - gap.offset, range: $0.range) }
        guard !saved.isEmpty else { return }
        var generator = SystemRandomNumberGenerator()
        let label = UUID.random(using: &generator)
        let whole = Placement(
            region: device, layout: Layout(name: nil, mode: .raw, rawSize: gap.length),
            resource: start + gap.offset.bytes, usableSize: gap.length)
        try recording.note(.placeholder(label, .offset(gap.offset, region: old)))
        let target = try host.occupy(whole, as: label)
        do throws(OperationError) {
            let account = MediaAccount(
                of: log, in: old, from: gap.offset, accounted: accounted)
            try SavedMedia(rollback, saved).putBack(on: target, account, orLosing: region)
        } catch {
            let failure = OperationError.collected { () throws(OperationError) in
                try host.remove(label, from: device)
            }
            throw error.adding(undoFailures: [failure].compactMap(\.self))
        }
        try host.remove(label, from: device)
    }

    /// What was saved of label areas.
    private struct Saved {
        /// The images, under the names that their DIMMs have now.
        var images: [LabelAreaImage] = []
        /// Those of DIMMs without an identity, of which none can be told to be the one now.
        var unplaced: [LabelAreaImage] = []
    }

    private func savedLabels() throws(OperationError) -> Saved {
        var saved = Saved()
        // Where every DIMM says who it is, nothing has to be looked up.
        let dimms =
            hasNamelessDIMMs
            ? DimmsThenAndNow(
                before: log.header.before, now: try rollback.observe(),
                isSameBoot: log.header.began(inBoot: host.bootID)) : nil
        for labels in log.labels {
            let bytes = try rollback.store.contents(
                log.header.id, file: labels.file, checksum: labels.checksum, limit: 64 << 20)
            var image = try LabelAreaImage(checking: bytes, labels.file)
            if let dimms {
                guard let name = dimms.name(image.dimm) else {
                    saved.unplaced.append(image)
                    continue
                }
                image.dimm = name
            }
            saved.images.append(image)
        }
        return saved
    }

    /// Whether labels were saved of a DIMM that did not say who it was.
    private var hasNamelessDIMMs: Bool { log.labels.contains { log.header.isNameless($0.dimm) } }

    /// Refuses to write labels to a DIMM of the region that cannot be told to be the one of which they were saved.
    private func requireDIMMsOfThen(in region: String) throws(OperationError) {
        guard hasNamelessDIMMs, try differ(in: region) else { return }
        let saved = try savedLabels()
        let known = Set(saved.images.map(\.dimm))
        let dimms = try host.labelImages(of: region).map(\.dimm)
        guard let dimm = dimms.first(where: { !known.contains($0) }) else { return }
        let names = saved.unplaced.map(\.dimm).joined(separator: ", ")
        throw OperationError(
            .changed, while: "write the old labels", device: dimm,
            reason: "it has no identity, and whether it is the DIMM of which labels were saved "
                + "(then \(names)) cannot be told",
            advice: "nothing was written to it: look at its labels (ndctl read-labels \(dimm)), and give the "
                + "transaction up: daxprov recover --abandon \(log.header.id)")
    }
}

extension LabelAreaImage {
    /// The image in a file that was saved; damaged where it is none.
    fileprivate init(checking bytes: [UInt8], _ file: String) throws(OperationError) {
        do throws(JSONError) {
            self = try LabelAreaImage(json: bytes)
        } catch {
            throw OperationError(record: .damaged, "the saved labels \(file) cannot be read: \(error)")
        }
    }
}
