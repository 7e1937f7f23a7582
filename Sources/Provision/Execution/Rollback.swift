public import ProvisionCore
import ProvisionHost

/// Undoes a transaction: brings the host back to what it was before.
///
/// Safe to repeat, and to interrupt: everything it does is found from the transaction's journal and the host as it is.
/// It writes nothing that is not needed, and nothing over bytes that it cannot account for: people write between a crash
/// and its recovery, and others make and destroy namespaces after a transaction. So it looks first, at everything that it
/// would remove or write over, and begins only where that is the transaction's own or was agreed to.
struct Rollback {
    let host: any RestoringHost
    let store: TransactionStore
    let log: TransactionLog
    var consent = Consent()
    var interruption = Interruption.never
    var progress: (Executor.Progress) -> Void = { _ in }

    /// Undoes the transaction, and checks that the host is as before.
    /// - Throws: what could not be undone; the journal stays open, so that recovery can go on. With
    ///   ``OperationError/consentMissing(_:)`` nothing was given up, and what was looked at is online again.
    func run(recording: inout Recording) throws(OperationError) -> Undone {
        let labels = LabelRollback(self)
        var restored: Set<RegionThen> = []
        let now = try labels.enableRegions(try observe(), restored: &restored, recording: &recording)
        let relabelled = try labels.relabelledRegions(now)
        let plan = UndoPlan(of: log, on: now, relabelled: relabelled, labelsRestored: restored)
        guard plan.missingRegions.isEmpty else { throw log.missing(plan.missingRegions) }
        let isSameBoot = log.header.began(inBoot: host.bootID)
        let missing = log.missingDaxRegions(on: now, isSameBoot: isSameBoot)
        guard missing.isEmpty else { throw log.missing([], missing) }
        if let region = plan.unlabelledRegions.first { throw log.unlabelled(region) }
        var scene = UndoScene(self, plan, now)
        try scene.look(recording: &recording)
        try scene.undo(recording: &recording)
        for region in relabelled where try labels.differ(in: region) {
            try pause()
            progress(.undoes("write the old labels of \(region)"))
            try labels.rewriteMedia(of: region, accounted: scene.accounted, recording: &recording)
            try labels.restore(in: region)
        }
        try scene.returnDevices(recording: &recording)
        try scene.returnDaxRegions(recording: &recording)
        try scene.returnRights()
        try scene.returnMemoryPolicy()
        try scene.endLooks()
        try verify(plan, leaving: scene.leftBehind, besides: try scene.daxComplaints())
        return Undone(
            afterReboot: relabelled, returned: scene.returned, left: scene.left, agreed: scene.agreed)
    }

    func pause() throws(OperationError) {
        if interruption.isInsisting { throw .interrupted }
    }

    func observe() throws(OperationError) -> Observed {
        try host.observe()
    }

    func contents(of range: SavedRange) throws(OperationError) -> [UInt8] {
        do throws(OperationError) {
            return try store.contents(
                log.header.id, file: range.file, checksum: range.checksum, limit: Int(range.length.bytes))
        } catch {
            throw OperationError(
                .failed, while: "read what was saved", reason: error.description, advice: error.advice)
        }
    }

    /// Every namespace that the transaction touched is as it was, and none that it created is there.
    private func verify(
        _ plan: UndoPlan, leaving left: Set<UndoPlan.Restoration.Subject>, besides found: [String]
    ) throws(OperationError) {
        let now = try observe()
        let created = Set(plan.removals.map(\.label))
        var complaints = now.regions.flatMap(\.namespaces)
            .filter { $0.labelUUID.map(created.contains) ?? false }
            .map { "\($0.displayName) is still there" }
        for restoration in plan.restorations where !left.contains(restoration.subject) {
            let was = restoration.was
            guard now.region(restoration.region)?.namespace(as: was) == nil else { continue }
            complaints.append("\(was.displayName) is not what it was")
        }
        complaints += found
        guard complaints.isEmpty else {
            throw OperationError(
                .failed, while: "verify that the host is as before",
                reason: complaints.joined(separator: "; "),
                advice: "compare daxprov inventory with daxprov show \(log.header.id)")
        }
    }
}

extension UndoPlan.Restoration {
    /// Which namespace it brings back: two of one name are two.
    struct Subject: Hashable {
        /// The UUID in its old label; nil on a region without labels, which one namespace spans.
        var label: UUID?
        /// The region before the transaction.
        var region: RegionThen
    }

    /// The namespace.
    var subject: Subject { Subject(label: was.labelUUID, region: oldRegion) }
}

extension TransactionLog {
    /// Why it cannot be ended as long as regions in which a step began are not there.
    /// - Parameter daxRegions: dynamic dax regions that are not there, in words.
    func missing(_ regions: [RegionThen], _ daxRegions: [String] = []) -> OperationError {
        let devices = regions.map(\.device) + daxRegions
        let words =
            regions.map { region in
                header.identity(of: region).map { "\(region.device) \($0)" } ?? region.device
            } + daxRegions
        return OperationError(
            .failed, while: "bring the host back", device: devices.joined(separator: ", "),
            reason: "the region is not there: \(words.joined(separator: "; "))",
            advice: "put its DIMMs back where they were, and run daxprov recover; "
                + "daxprov show \(header.id) says what was done to it")
    }

    /// Why it cannot be undone in a region that lost its labels.
    func unlabelled(_ region: RegionThen) -> OperationError {
        OperationError(
            .failed, while: "bring the host back", device: region.device,
            reason: "the region has lost its labels, and with them every namespace that was there",
            advice:
                "bring the labels back (daxprov show \(header.id) says which), and run daxprov recover")
    }
}

/// What undoing came to.
public struct Undone: Equatable, Sendable {
    /// The regions whose old labels a reboot has still to read.
    public var afterReboot: [String] = []
    /// The namespaces that were brought back, with what was looked at of their data.
    public var returned: [Returned] = []
    /// What somebody has made something else of, or destroyed, and is left as it is: each in a sentence.
    public var left: [String] = []
    /// What was given up, since that was agreed to.
    public var agreed: [Loss] = []

    /// A namespace that was brought back.
    public struct Returned: Equatable, Sendable {
        /// What people know it by.
        public var name: String
        /// What was looked at of its data beyond what was saved; nil where nothing was.
        public var looked: Looked?
    }
}
