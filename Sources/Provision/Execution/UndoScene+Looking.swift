import ProvisionCore
import ProvisionHost

extension UndoScene {
    /// Looks at everything that would be removed or written over, as far as nothing has to be given up for that.
    /// - Throws: ``OperationError/consentMissing(_:)`` where something is not the transaction's own, and was not agreed to.
    mutating func look(recording: inout Recording) throws(OperationError) {
        try account(recording: &recording)
        var losses: [Loss] = []
        var written: [UndoPlan.Removal] = []
        do throws(OperationError) {
            try retractWhatWasNotTaken(recording: &recording)
            losses += lossesOfDevices()
            losses += try lossesOfDaxRegions()
            for removal in plan.removals {
                let lost = try loss(by: removal)
                if !lost.isEmpty { written.append(removal) }
                losses += lost
            }
            for index in plan.restorations.indices {
                losses += try loss(byRestoring: index, recording: &recording)
            }
            losses += try lossesOfLooks()
            let missing = rollback.consent.missing(among: losses)
            guard missing.isEmpty else { throw OperationError.consentMissing(missing) }
            agreed = losses
            // Undoing that dies goes on with it. A label's UUID means the same object then, whatever it is called, and so does an address
            // with the name that the journal has for the region.
            let agreed = losses.map { loss in
                loss.words.first { UUID($0) != nil } ?? thenAndNow.addressThen(loss.lastingAddress)
            }
            if !agreed.isEmpty {
                try recording.note(.undo(reason: log.undoReason ?? "", agreed: Set(agreed).sorted()))
            }
            for removal in written { try giveUp(removal, recording: &recording) }
        } catch {
            throw error.adding(undoFailures: leave())
        }
    }

    /// Removes what the transaction allocated in a region and never enabled, where it is the region's seed: nobody could reach it, so
    /// nothing is given up. Until it is enabled the kernel offers no other namespace (drivers/nvdimm/namespace_devs.c,
    /// `nd_region_create_ns_seed`), and without one nothing can be looked at.
    mutating func freeSeed(of region: String) throws(OperationError) {
        for removal in plan.removals where removal.region == region {
            guard let now = removal.now, !now.isActive,
                regions[region]?.namespace(labelled: removal.label) != nil,
                try isUnreached(now, removal)
            else { continue }
            try host.remove(removal.label, from: region)
            forget(removal.label, in: region)
        }
    }

    /// Whether nobody has written to a namespace that a step, or a placeholder, was in the middle of: the kernel says so, in this boot.
    private func isUnreached(_ now: Namespace, _ removal: UndoPlan.Removal) throws(OperationError) -> Bool {
        guard removal.step.map({ !log.done.contains($0) }) ?? true, let boot = log.header.bootID,
            boot == host.bootID
        else { return false }
        let target = NamespaceTarget(now, region: removal.region)
        return try host.isUnwritten(target) == true
    }

    /// Notes what steps made and runs as it was made: what lies in its metadata is the kernel's.
    private mutating func account(recording: inout Recording) throws(OperationError) {
        for (number, ranges) in accounted where isAnothers(ranges, step: number) { accounted[number] = nil }
        for (number, identity) in log.begun.sorted(by: { $0.key < $1.key }) where accounted[number] == nil {
            // In the step's own region: a copy of a whole namespace has its info block as well.
            guard let home = log.header.steps[number].home.flatMap(thenAndNow.region),
                let region = regions[home.device]
            else { continue }
            let made = region.namespaces.first { $0.isActive && $0.infoBlockUUID == identity.infoBlock }
            guard let made, let place = region.extent(of: made) else { continue }
            let metadata = made.metadata(labels: labelVersion(of: region)).map {
                Extent(offset: place.offset + $0.offset, length: $0.length)
            }
            try recording.note(.accounted(step: number, metadata))
            accounted[number] = metadata
        }
    }

    /// Whether what was a step's lies within reach of users now: something runs there that is not what the step made.
    private func isAnothers(_ ranges: [Extent], step: Int) -> Bool {
        guard let home = log.header.steps[step].home.flatMap(thenAndNow.region),
            let region = regions[home.device]
        else { return false }
        return region.namespaces.contains { namespace in
            guard namespace.isActive, namespace.infoBlockUUID != log.begun[step]?.infoBlock,
                let place = region.extent(of: namespace)
            else { return false }
            return ranges.contains { $0.overlaps(place) }
        }
    }

    /// Notes that whatever lies where a namespace is that a step made may go: that was agreed to.
    private mutating func giveUp(
        _ removal: UndoPlan.Removal, recording: inout Recording
    ) throws(OperationError) {
        guard let step = removal.step, let now = removal.now, let region = regions[removal.region],
            let place = region.extent(of: now)
        else { return }
        try recording.note(.accounted(step: step, [place]))
        accounted[step] = [place]
    }

    /// The oldest label version on the DIMMs of a region; nil where it has no labels.
    func labelVersion(of region: Region) -> LabelVersion? {
        guard region.labelling == .labelled else { return nil }
        return versions[region.device] ?? .v1_2
    }

    /// What removing a namespace gives up; nothing where nobody wrote to it.
    mutating func loss(by removal: UndoPlan.Removal) throws(OperationError) -> [Loss] {
        guard let now = removal.now else { return [] }
        // Before it is released: another tool's memory stays memory until its loss is agreed to.
        if isAnothers(now, removal) {
            return [
                Loss(
                    now, in: removal.region,
                    consequence:
                        "carries a label of the transaction, is not what that was making of it, and would be removed: another tool "
                        + "took the same namespace" + (try held(by: now, in: removal.region)))
            ]
        }
        try release(now, in: removal.region)
        guard !now.isKernelsMemory, try isWritten(now, removal) else { return [] }
        return [
            Loss(
                now, in: removal.region,
                consequence: "was made by the transaction and would be removed"
                    + (try held(by: now, in: removal.region)))
        ]
    }

    /// Whether another tool took the object that a step was making a namespace of, and enabled it: it runs under an info block of another
    /// UUID. What it holds, zeroes also, is that tool's user's.
    private func isAnothers(_ now: Namespace, _ removal: UndoPlan.Removal) -> Bool {
        guard let step = removal.step, now.isActive, let found = now.infoBlockUUID else { return false }
        return found != log.begun[step]?.infoBlock
    }

    /// Whether somebody may have written to a namespace that the transaction made. What cannot be compared with what it
    /// held when it was made counts as written, unless nobody can have reached it, or it holds zeroes.
    private mutating func isWritten(
        _ now: Namespace, _ removal: UndoPlan.Removal
    ) throws(OperationError) -> Bool {
        let target = NamespaceTarget(now, region: removal.region)
        if let sample = removal.step.flatMap({ log.results[$0]?.sample }),
            let pages = try pages(of: now, target, sample.view, sample.range)
        {
            return !isAsLeft(pages, sample, by: removal.step)
        }
        if try isUnreached(now, removal) { return false }
        let device = now.isActive ? now.usableSize.map { Extent(offset: .zero, length: $0) } : nil
        let zero = MediaSample.zeroPage
        if let device, now.blockDevice != nil, let pages = try pages(of: now, target, .device, device) {
            return pages.contains { Checksum.of($0) != zero }
        }
        let pages = try pages(of: now, target, .media, now.dataRange) ?? []
        return pages.contains { Checksum.of($0) != zero }
    }

    /// Whether pages are what a step left: what its sample says, and where what it made was being filled with zeroes, these.
    func isAsLeft(_ pages: [[UInt8]], _ sample: MediaSample, by step: Int?) -> Bool {
        let sums = pages.map { Checksum.of($0) }
        guard let step, log.header.steps.indices.contains(step + 1),
            log.header.steps[step + 1].kind == .zero, log.begun[step + 1] != nil
        else { return sums == sample.sums }
        // What lies behind the end of its device nobody has zeroed, and nobody can have written.
        let size = log.results[step]?.namespace?.usableSize ?? .zero
        let zeroed = Extent(offset: sample.range.offset, length: log.done.contains(step + 1) ? size : .zero)
        let offsets = MediaSample.offsets(in: sample.range)
        return sums.count == sample.sums.count && sums.count == offsets.count
            && sums.indices.allSatisfy { index in
                let isZeroed = offsets[index] + MediaSample.page <= zeroed.end
                return sums[index] == MediaSample.zeroPage || !isZeroed && sums[index] == sample.sums[index]
            }
    }

    /// Pages of a namespace in a view; nil where it cannot be had in that view. What has to be offline for that goes
    /// offline.
    mutating func pages(
        of now: Namespace, _ target: NamespaceTarget, _ view: MediaView, _ range: Extent
    ) throws(OperationError) -> [[UInt8]]? {
        let offsets = MediaSample.offsets(in: range)
        switch view {
        case .device:
            return try host.readPages(of: target, at: offsets)
        case .media:
            if now.isActive, !offline.contains(target) { try takeOffline(target) }
            return try mediaPages(of: target, at: offsets)
        }
    }

    func mediaPages(
        of target: NamespaceTarget, at offsets: [ByteCount]
    ) throws(OperationError) -> [[UInt8]] {
        var pages: [[UInt8]] = []
        try host.readMedia(of: target, offsets.map { Extent(offset: $0, length: MediaSample.page) }) {
            pages.append($1 ?? [])
            return true
        }
        return pages
    }

    mutating func takeOffline(_ target: NamespaceTarget) throws(OperationError) {
        _ = try host.perform(.disable(target), identity: FreshIdentity.none)
        offline.append(target)
    }

    func held(by now: Namespace, in region: String) throws(OperationError) -> String {
        let target = NamespaceTarget(now, region: region)
        guard now.isActive, !offline.contains(target) else { return ", with what was written to it" }
        let findings = try host.examine(UseQuery(targets: [target]))
        guard let found = findings.contents[now.device], !found.isEmpty else {
            return ", with what was written to it"
        }
        return " with what it holds (\(found.map(\.description).joined(separator: "; ")))"
    }

    /// Brings everything online again that was taken offline to look at it, and gives up the places that were taken.
    func leave() -> [OperationError] {
        var failures: [OperationError] = []
        func trying(_ body: () throws(OperationError) -> Void) {
            do throws(OperationError) { try body() } catch { failures.append(error) }
        }
        for target in made.reversed() {
            guard let label = target.labelUUID else { continue }
            trying { () throws(OperationError) in try host.remove(label, from: target.region) }
        }
        for target in offline {
            trying { () throws(OperationError) in
                _ = try host.perform(.enable(target), identity: FreshIdentity.none)
            }
        }
        return failures
    }

    func requireIdentityIsFree(_ restoration: UndoPlan.Restoration) throws(OperationError) {
        guard let label = restoration.was.labelUUID, restoration.now?.labelUUID != label else { return }
        for region in regions.values.sorted(by: { $0.device < $1.device }) {
            guard let other = region.namespace(labelled: label) else { continue }
            throw OperationError(
                .changed, while: "bring back \(restoration.was.displayName)", device: other.device,
                reason: "a namespace with its UUID lies elsewhere, or has another size",
                advice: "compare daxprov inventory with daxprov show \(log.header.id)")
        }
    }
}

extension Namespace {
    /// What of it the kernel writes for itself, from its start.
    fileprivate func metadata(labels: LabelVersion?) -> [Extent] {
        guard let layout = Layout(configuration), layout.mode != .raw, let resource else { return [] }
        return MediaWrites.ranges(for: layout, rawSize: rawSize, start: resource, labels: labels)
    }
}
