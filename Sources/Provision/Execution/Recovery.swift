public import ProvisionCore
public import ProvisionHost

/// Ends what was interrupted, and undoes what was committed.
public struct Recovery {
    private let host: any RestoringHost
    private let store: TransactionStore
    private var consent: Consent
    private let interruption: Interruption
    private let progress: (Executor.Progress) -> Void
    /// For how long undoing is tried again where another tool is in the way.
    var patience = OtherTools.Patience.usual

    /// Recovery of a host from the transactions in a store. The caller holds the host's lock.
    /// - Parameter consent: what may be given up although it is not the transaction's own.
    public init(
        host: any RestoringHost, store: TransactionStore, consent: Consent = Consent(),
        interruption: Interruption = .never, progress: @escaping (Executor.Progress) -> Void = { _ in }
    ) {
        self.host = host
        self.store = store
        self.consent = consent
        self.interruption = interruption
        self.progress = progress
    }

    /// What became of an interrupted transaction.
    public struct Recovered: Sendable {
        /// Its name.
        public var id: String
        /// How it ended.
        public var end: TransactionEnd
        /// What undoing it came to; empty where it was committed.
        public var undone = Undone()
        /// What is not as the transaction left it, where all its steps had been done.
        public var differences: [String] = []
        /// Whether all its steps had been done, and a proof that its profile requires was not made: recovery makes none.
        public var lacksProof = false
        /// Whether it cleared media errors: then the differences are what of that is not done.
        public var clearedErrors = false
    }

    /// An interrupted transaction that could not be ended.
    public struct Blocked: Sendable {
        /// The transaction's name.
        public var id: String
        /// The regions in which it began a step.
        public var regions: [RegionIdentity]
        /// Why it could not be ended.
        public var error: OperationError
    }

    /// What recovery came to.
    public struct Outcome: Sendable {
        /// The transactions that have ended now.
        public var recovered: [Recovered] = []
        /// Those that have not.
        public var blocked: [Blocked] = []
    }

    /// Ends every interrupted transaction, the youngest first: one whose steps were all performed is committed, every
    /// other is undone. One that cannot be ended does not keep others from it that touched no region of its own. A name that
    /// agreed to a loss of one agrees to none of another.
    public func run() throws(OperationError) -> Outcome {
        var rest = self
        let logs: [TransactionLog]
        logs = try store.interrupted()

        var outcome = Outcome()
        for log in logs.reversed() {
            let regions = log.touchedIdentities
            guard !outcome.blocked.contains(where: { !Set($0.regions).isDisjoint(with: regions) }) else {
                continue
            }
            let before: Observed? = rest.consent.allowDestroy.isEmpty ? nil : try? observe()
            do throws(OperationError) {
                let recovered = try rest.recover(log)
                rest.consent = rest.consent.spent(on: recovered.undone.agreed)
                outcome.recovered.append(recovered)
            } catch {
                guard error.kind != .interrupted else { throw error }
                rest.consent = rest.consent.spent(on: possibleLosses(of: log, since: before))
                outcome.blocked.append(Blocked(id: log.header.id, regions: regions, error: error))
            }
        }
        return outcome
    }

    /// What a transaction that could not be ended may have given up: nothing where it gave up nothing. What exactly it was is not known, so
    /// every name that it can have been agreed to by counts.
    /// - Parameter before: the host before recovery came to it; nil where that is not known, or nothing was agreed to.
    private func possibleLosses(of log: TransactionLog, since before: Observed?) -> [Loss] {
        guard !consent.allowDestroy.isEmpty else { return [] }
        let now = try? observe()
        let isAsBefore = now.flatMap { now in before.map { HostSnapshot($0) == HostSnapshot(now) } } ?? false
        let agreed = (try? store.log(log.header.id))?.agreed
        guard !isAsBefore || agreed != log.agreed else { return [] }
        let hosts = [before, now].compactMap(\.self)
        let words = log.names(on: hosts)
        return words.isEmpty ? [] : [Loss(address: log.header.id, words: words.sorted(), consequence: "")]
    }

    private func recover(_ log: TransactionLog) throws(OperationError) -> Recovered {
        let id = log.header.id
        var recording = try resume(id)
        if log.header.clearsErrors { return try endClearing(log, &recording) }
        guard log.isComplete else {
            let undone = try undo(id, because: log.undoReason ?? "it was interrupted", &recording)
            return Recovered(id: id, end: .rolledBack, undone: undone)
        }
        let now = try observe()
        let isSameBoot = log.header.began(inBoot: host.bootID)
        let missing = log.missingRegions(on: now)
        let missingDax = log.missingDaxRegions(on: now, isSameBoot: isSameBoot)
        guard missing.isEmpty, missingDax.isEmpty else { throw log.missing(missing, missingDax) }
        let differences =
            log.differences(to: now) + log.daxDifferences(to: now, isSameBoot: isSameBoot)
        let end: TransactionEnd = differences.isEmpty ? .committed : .incomplete
        try ProtectionStore(store.directory).set(log.marks(on: now))
        try KeptDevices(store).settle(log)
        try DaxRegionRecords(store).settle(log)
        let touched = log.touchedIdentities
        let regions = now.regions.map(\.device).filter {
            now.identity(of: $0).map(touched.contains) ?? false
        }
        try CXLRegionRecords(store).record(Set(regions), on: now)

        try recording.note(.end(end, after: now))
        return Recovered(
            id: id, end: end, differences: differences, lacksProof: end == .committed && log.proofs.areMissed)
    }

    /// Ends a clearing of media errors: what was cleared stays so, and nothing more is cleared.
    private func endClearing(
        _ log: TransactionLog, _ recording: inout Recording
    ) throws(OperationError) -> Recovered {
        let kept = try removeLooks(of: log)
        let now = try observe()
        let left = log.errorsLeft(on: now) + kept + log.sectorsLost
        let end: TransactionEnd = left.isEmpty ? .committed : .incomplete
        try recording.note(.end(end, after: now))
        return Recovered(id: log.header.id, end: end, differences: left, clearedErrors: true)
    }

    /// Removes the namespaces that were made to read free ranges; what is said of each that stays, since somebody may have written to it.
    private func removeLooks(of log: TransactionLog) throws(OperationError) -> [String] {
        guard !log.placeholders.isEmpty else { return [] }
        let now = try observe()
        let regions = RegionsThenAndNow(log.header, now)
        let isSameBoot = log.header.began(inBoot: host.bootID)
        var kept: [String] = []
        for placeholder in log.placeholders {
            guard let region = regions.region(placeholder.region), region.isEnabled else {
                kept.append(
                    "\(placeholder.region.device) is not there: what was made to read it may be left in it")
                continue
            }
            let made = region.namespace(labelled: placeholder.label)
            if let made, try !isUnused(made, in: region.device, isSameBoot: isSameBoot) {
                let state = made.isActive ? "is enabled" : "can have been used"
                kept.append(
                    "\(made.device), which was made to read what was cleared, \(state) and stays: destroy it if nobody needs it"
                )
            } else {
                try host.remove(placeholder.label, from: region.device)
            }
        }

        return kept
    }

    /// Whether nobody can have written to a namespace that was made to read a free range: it was never enabled, in this boot, or the kernel
    /// counted no write. Reading enables it, and a boot does, and anybody can: one that is offline after that somebody can have used.
    private func isUnused(
        _ made: Namespace, in region: String, isSameBoot: Bool
    ) throws(OperationError) -> Bool {
        guard made.isActive || isSameBoot else { return false }
        return try host.isUnwritten(NamespaceTarget(made, region: region)) == true
    }

    private func observe() throws(OperationError) -> Observed {
        return try host.observe()
    }

    /// Refuses words that can mean nothing here: of namespaces that are neither there nor were before what is to be undone. Where
    /// a recovery died that something was agreed to, the same words are good once more: what they meant can be gone by now.
    public func requireKnownWords() throws(OperationError) {
        let logs = try store.interrupted()
        guard !logs.isEmpty, !consent.allowDestroy.isEmpty, logs.allSatisfy(\.agreed.isEmpty) else { return }
        let known = logs.reduce(try observe().consentWords) { $0.union($1.consentWords) }
        guard let unknown = consent.unknownWords(for: [], known: known).first else { return }
        throw OperationError(
            .failed, while: "agree to anything with \(unknown.address)", reason: unknown.message,
            advice: unknown.advice)
    }

    /// Gives up an interrupted transaction that can be neither finished nor undone. The host stays as it is, and what was
    /// saved stays where it is.
    public func abandon(_ id: String) throws(OperationError) {
        guard try store.log(id).end == nil else {
            throw OperationError(
                record: .unsuitable, "the transaction \(id) has ended",
                advice: "only an interrupted one can be given up: daxprov status names it")
        }

        var recording = try resume(id)
        try recording.note(.end(.abandoned, after: nil))
    }

    /// Undoes a committed transaction. What it takes has been agreed to (``RollbackReview``).
    /// - Throws: with ``OperationError/consentMissing(_:)`` nothing was given up. Where that came out before anything was
    ///   removed, the transaction is still committed; else it is interrupted, and recovery goes on.
    public func rollBack(_ id: String) throws(OperationError) -> Undone {
        let end = try read(id).end
        let before = HostSnapshot(try observe())
        var recording = try resume(id)
        do throws(OperationError) {
            return try undo(id, because: "rollback was asked for", &recording)
        } catch {
            if error.isMissingConsent, let end, HostSnapshot(try observe()) == before {
                try recording.note(.end(end, after: nil))
            }
            throw error
        }
    }

    private func resume(_ id: String) throws(OperationError) -> Recording {
        return Recording(host: host, writer: try .resume(id, in: store))
    }

    func undo(
        _ id: String, because reason: String, _ recording: inout Recording, failure: StepFailure? = nil
    ) throws(OperationError) -> Undone {
        try recording.note(.undo(reason: reason, failure: failure))
        let patience = OtherTools.Patience(patience)
        var hasWaited = false
        while true {
            let log = try read(id)
            let others = OtherTools(host, log)
            do throws(OperationError) {
                let rollback = Rollback(
                    host: host, store: store, log: log,
                    consent: consent.adding(log.agreed(on: try observe())),
                    interruption: interruption, progress: !hasWaited ? progress : { _ in })
                let undone = try rollback.run(recording: &recording)
                try forgetDevices(log)
                try forgetRecords(log)
                try recording.note(.end(.rolledBack, after: nil))
                return undone
            } catch {
                guard !patience.isOver, others.explain(error) else { throw error }
                if !hasWaited { progress(.undoes("wait for another tool that works on the same region")) }
                hasWaited = true
                patience.pause()
            }
        }
    }

    private func forgetDevices(_ log: TransactionLog) throws(OperationError) {
        guard log.header.steps.contains(where: { !$0.kind.effects.isDisjoint(with: KeptDevices.changing) })
        else { return }
        let now = try observe()
        let isSameBoot = log.header.began(inBoot: host.bootID)
        try KeptDevices(store).settle(undone: log, on: now, isSameBoot: isSameBoot)
    }

    private func forgetRecords(_ log: TransactionLog) throws(OperationError) {
        try DaxRegionRecords(store).settle(undone: log)
    }

    private func read(_ id: String) throws(OperationError) -> TransactionLog {
        return try store.log(id)
    }
}

extension TransactionLog {
    /// The regions in which a step began, or a look before one.
    var touchedIdentities: [RegionIdentity] {
        touchedRegions.union(lookedRegions).sorted().compactMap(header.identity)
            + touchedDaxRegions.sorted { $0.start < $1.start }.map(RegionIdentity.init)
    }

    /// The words by which somebody can agree to lose something in the regions in which a step, or a look before one, began: as it was before, as its steps left it, and
    /// as hosts show it.
    func names(on hosts: [Observed]) -> Set<String> {
        let own = touchedRegions.union(lookedRegions)
        var regions = own.compactMap(header.region)
        var words: Set<String> = []
        for host in hosts {
            let found = RegionsThenAndNow(header, host)
            regions += own.compactMap(found.region)
            for region in touchedDaxRegions.compactMap(host.daxRegion) {
                words.formUnion(region.devices.flatMap { [$0.recordedName, $0.name].compactMap(\.self) })
            }
        }
        for transition in header.steps.compactMap(\.transition) {
            words.formUnion([transition.name, transition.device].compactMap(\.self))
        }
        for namespace in regions.flatMap(\.namespaces) + results.values.compactMap(\.namespace) {
            let uuids = [namespace.labelUUID, namespace.infoBlockUUID].compactMap(\.self)
            words.formUnion([namespace.displayName, namespace.device] + uuids.map(\.description))
        }
        return words.union(regions.map(\.device))
    }

    /// The regions in which a step began that are not there now.
    func missingRegions(on now: Observed) -> [RegionThen] {
        let regions = RegionsThenAndNow(header, now)
        return touchedRegions.filter { regions.region($0) == nil }.sorted()
    }

    /// What its steps left and is not so any more, each in a phrase; empty where the host is as it left it, or its journal
    /// does not say.
    func differences(to now: Observed) -> [String] {
        let regions = RegionsThenAndNow(header, now)
        var left: [String: (namespace: Namespace, region: RegionThen)] = [:]
        var gone: Set<UUID> = []
        for (number, step) in header.steps.enumerated() {
            guard let home = step.home, let result = results[number] else { continue }
            if let namespace = result.namespace {
                left[namespace.device] = (namespace, home)
            } else if let device = step.device {
                left[device] = nil
                if let label = header.namespace(of: step)?.labelUUID { gone.insert(label) }
            }
        }
        var differences = left.values.compactMap { namespace, region -> String? in
            guard let found = regions.region(region) else { return "\(region.device) is not there" }
            let expected = regions.moved(namespace, of: region)
            guard found.namespace(as: expected) == nil else { return nil }
            return "\(namespace.displayName) is not what the transaction left"
        }
        for namespace in now.regions.flatMap(\.namespaces) {
            guard let label = namespace.labelUUID, gone.contains(label) else { continue }
            differences.append("\(namespace.displayName) is there again")
        }
        return differences.sorted()
    }

    /// The namespaces of a region as the steps left them: what they made and changed, and what they did not touch.
    private func left(in region: RegionThen) -> [Namespace] {
        var left = header.region(region)?.namespaces ?? []
        for (number, step) in header.steps.enumerated() where step.home == region {
            guard let result = results[number] else { continue }
            left.removeAll { $0.device == step.device || $0.device == result.namespace?.device }
            if let namespace = result.namespace { left.append(namespace) }
        }
        return left
    }

    /// The marks that belong to its end: of the namespaces that its profile protects, as they are now; in a region that its
    /// owner disabled since, which shows none, as they were left.
    func marks(on now: Observed) -> [ProtectionMark] {
        let regions = RegionsThenAndNow(header, now)
        return header.protects.compactMap { protected in
            let region = regions.region(protected.region)
            let namespaces = region?.isEnabled == true ? region?.namespaces : left(in: protected.region)
            let found = namespaces?.first { namespace in
                if let name = protected.name { return namespace.name == name }
                return protected.uuid.map { $0 == namespace.labelUUID } ?? false
            }
            guard let found, let label = found.labelUUID else { return nil }
            return ProtectionMark(
                labelUUID: label, name: found.name, source: header.source,
                region: header.identity(of: protected.region))
        }
    }
}
