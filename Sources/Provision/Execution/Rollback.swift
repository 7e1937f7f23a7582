/// Undoes a transaction: brings the host back to what it was before.
///
/// Safe to repeat, and to interrupt: everything it does is found from the transaction's journal and the host as it is.
struct Rollback {
    let host: any RestoringHost
    let store: TransactionStore
    let log: TransactionLog
    var interruption = Interruption.never
    var progress: (Executor.Progress) -> Void = { _ in }

    /// Undoes the transaction, and checks that the host is as before. Returns what a reboot has still to do.
    /// - Throws: what could not be undone; the journal stays open, so that recovery can go on.
    func run(recording: inout Recording) throws(ExecutionError) -> [String] {
        try enableRegions()
        let now = try observe()
        let relabelled = try relabelledRegions(now)
        let plan = RollbackPlan(of: log, on: now, relabelled: relabelled)
        guard plan.missingRegions.isEmpty else { throw missing(plan.missingRegions) }
        for removal in plan.removals {
            try pause()
            progress(.undoes("remove what was created as \(removal.label)"))
            try onHost { () throws(HostError) in try host.remove(removal.label, from: removal.region) }
        }
        for restoration in plan.restorations {
            try pause()
            progress(.undoes("bring back \(restoration.namespace.displayName)"))
            try restore(restoration, recording: &recording)
        }
        for region in relabelled where try labelsDiffer(in: region) {
            try pause()
            progress(.undoes("write the old labels of \(region)"))
            try rewriteMedia(of: region, recording: &recording)
            try restoreLabels(of: region)
        }
        try verify(plan)
        return relabelled
    }

    private func missing(_ regions: [String]) -> ExecutionError {
        .host(
            HostError(
                .failed, while: "bring the host back", device: regions.joined(separator: ", "),
                reason: "there is no such region any more: it had another interleave set, or another place",
                advice: "compare daxprov inventory with daxprov show \(log.header.id)"))
    }

    private func pause() throws(ExecutionError) {
        if interruption.isInsisting { throw .interrupted }
    }

    private func observe() throws(ExecutionError) -> Observed {
        try onHost { () throws(HostError) in try host.observe() }
    }

    // MARK: - Namespaces

    /// Brings a namespace back. Where earlier gaps would be used first, placeholders fill them meanwhile.
    private func restore(
        _ restoration: Restoration, recording: inout Recording
    ) throws(ExecutionError) {
        let placeholders = try placeholders(for: restoration)
        var made: [UUID] = []
        var generator = SystemRandomNumberGenerator()
        for placement in placeholders {
            let label = UUID.random(using: &generator)
            try recording.note(.placeholder(label, address: placement.resource ?? 0))
            try onHost { () throws(HostError) in _ = try host.occupy(placement, as: label) }
            made.append(label)
        }
        try onHost { () throws(HostError) in _ = try host.restore(restoration, contents: contents) }
        for label in made.reversed() {
            try onHost { () throws(HostError) in try host.remove(label, from: restoration.region) }
        }
    }

    /// What has to be allocated before a namespace that is gone comes to lie where it was: the kernel takes the first
    /// gap that is large enough.
    private func placeholders(for restoration: Restoration) throws(ExecutionError) -> [Placement] {
        guard let region = try observe().regions.first(where: { $0.device == restoration.region }),
            region.labelling == .labelled, let map = ExtentMap(of: region), let start = region.resource,
            let resource = restoration.namespace.resource
        else { return [] }
        let isThere = region.namespaces.contains {
            $0.resource == resource && $0.rawSize == restoration.namespace.rawSize
        }
        guard !isThere else { return [] }
        let earlier = map.gaps.filter {
            start + $0.offset.bytes < resource && $0.length >= restoration.namespace.rawSize
        }
        return earlier.compactMap { gap in
            let end = min(start + gap.offset.bytes + gap.length.bytes, resource)
            let length = ByteCount(end - start - gap.offset.bytes)
            return Placement(
                region: region.device, layout: Layout(name: nil, mode: .raw, rawSize: length),
                resource: start + gap.offset.bytes, usableSize: length)
        }
    }

    private func contents(of range: SavedRange) throws(HostError) -> [UInt8] {
        do throws(StateError) {
            return try store.contents(
                log.header.id, file: range.file, checksum: range.checksum, limit: Int(range.length.bytes))
        } catch {
            throw HostError(
                .failed, while: "read what was saved", reason: error.description, advice: error.advice)
        }
    }

    // MARK: - Labels

    /// Enables the regions that have no driver bound and had one before. Where one fails to enable, the labels of its
    /// DIMMs may not agree (a crash between the writes of two DIMMs leaves that): the old labels are written back.
    private func enableRegions() throws(ExecutionError) {
        let now = try observe()
        let names = RegionNames(before: log.header.before, now: now)
        for old in log.header.before.regions where old.isEnabled {
            guard let device = names.name(of: old.device),
                let region = now.regions.first(where: { $0.device == device }), !region.isEnabled
            else { continue }
            progress(.undoes("enable \(device)"))
            do throws(HostError) {
                try host.enableRegion(device)
            } catch {
                guard error.kind == .failed else { throw .host(error) }
                progress(.undoes("write the old labels of \(device), which cannot be enabled as it is"))
                try restoreLabels(of: device)
            }
        }
    }

    /// The regions that the transaction gave labels: their DIMMs hold them, or the kernel still takes the region for a
    /// labelled one. A step that failed before its first write changed neither.
    private func relabelledRegions(_ now: Observed) throws(ExecutionError) -> [String] {
        let names = RegionNames(before: log.header.before, now: now)
        var relabelled: [String] = []
        for (number, step) in log.header.steps.enumerated()
        where step.action == "initialize_labels" && log.begun[number] != nil {
            guard let name = names.name(of: step.region),
                let region = now.regions.first(where: { $0.device == name })
            else { continue }
            let isLabelled = region.labelling == .labelled
            let isRelabelled = isLabelled ? true : try labelsDiffer(in: name)
            if isRelabelled { relabelled.append(name) }
        }
        return relabelled
    }

    /// Writes back what was saved of the namespace that spanned a region before it got labels: by way of a raw namespace
    /// over all of it, which is free by now.
    private func rewriteMedia(of device: String, recording: inout Recording) throws(ExecutionError) {
        guard let region = try observe().regions.first(where: { $0.device == device }),
            let start = region.resource, let gap = ExtentMap(of: region)?.largestGap
        else { return }
        let first = start + gap.offset.bytes
        let saved = log.ranges.map(\.range).filter {
            $0.address >= first && $0.address + $0.length.bytes <= first + gap.length.bytes
        }
        guard !saved.isEmpty else { return }
        var generator = SystemRandomNumberGenerator()
        let label = UUID.random(using: &generator)
        let whole = Placement(
            region: device, layout: Layout(name: nil, mode: .raw, rawSize: gap.length), resource: first,
            usableSize: gap.length)
        try recording.note(.placeholder(label, address: first))
        try onHost { () throws(HostError) in
            try host.writeMedia(of: try host.occupy(whole, as: label), saved, contents: contents)
            try host.remove(label, from: device)
        }
    }

    /// Whether the DIMMs of a region hold other labels than were saved: a step that failed before its first write left
    /// them as they were.
    private func labelsDiffer(in region: String) throws(ExecutionError) -> Bool {
        let saved = try savedLabels()
        let current = try onHost { () throws(HostError) in try host.labelImages(of: region) }
        return current.contains { !saved.contains($0) }
    }

    private func restoreLabels(of region: String) throws(ExecutionError) {
        let images = try savedLabels()
        let own = Set(log.begun.values.map(\.label) + log.placeholders)
        try onHost { () throws(HostError) in try host.restoreLabels(images, of: region, replacing: own) }
    }

    private func savedLabels() throws(ExecutionError) -> [LabelAreaImage] {
        var images: [LabelAreaImage] = []
        for saved in log.labels {
            do throws(StateError) {
                let bytes = try store.contents(
                    log.header.id, file: saved.file, checksum: saved.checksum, limit: 64 << 20)
                images.append(try LabelAreaImage(checking: bytes, saved.file))
            } catch {
                throw .state(error)
            }
        }
        return images
    }

    // MARK: - Verification

    /// Every namespace that the transaction touched is as it was, and none that it created is there.
    private func verify(_ plan: RollbackPlan) throws(ExecutionError) {
        let now = try observe()
        let facts = HostFacts(now)
        let created = Set(plan.removals.map(\.label))
        var complaints = now.regions.flatMap(\.namespaces)
            .filter { $0.labelUUID.map(created.contains) ?? false }
            .map { "\($0.displayName) is still there" }
        for restoration in plan.restorations {
            guard let region = now.regions.first(where: { $0.device == restoration.region }) else { continue }
            let fact = HostFacts.describe(restoration.namespace, in: region)
            if !facts.contains(fact) { complaints.append("missing: \(fact)") }
        }
        guard complaints.isEmpty else {
            throw .host(
                HostError(
                    .failed, while: "verify that the host is as before",
                    reason: complaints.joined(separator: "; "),
                    advice: "compare daxprov inventory with daxprov show \(log.header.id)"))
        }
    }

    private func onHost<Value>(_ body: () throws(HostError) -> Value) throws(ExecutionError) -> Value {
        do throws(HostError) {
            return try body()
        } catch {
            throw .host(error)
        }
    }
}

extension LabelAreaImage {
    /// The image in a file that was saved; damaged where it is none.
    fileprivate init(checking bytes: [UInt8], _ file: String) throws(StateError) {
        do throws(JSONError) {
            self = try LabelAreaImage(json: bytes)
        } catch {
            throw StateError(.damaged, "the saved labels \(file) cannot be read: \(error)")
        }
    }
}
