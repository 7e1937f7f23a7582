public import ProvisionCore
public import ProvisionHost

/// One application of a profile to a host: observe, plan, ask, execute, and plan again to see that nothing is left.
public struct Application {
    private let profile: Profile
    private let host: any RestoringHost
    private let backupLimit: ByteCount
    private let saved: SavedPlan?
    private let afterBoot: BootRestoration?
    private var safeguards: Safeguards

    /// The application of a profile to a host.
    /// - Parameters:
    ///   - backupLimit: the most that is saved of one namespace to make undo bring it back.
    ///   - safeguards: what is protected, and where transactions are recorded.
    ///   - afterBoot: where the profile is that of what is put back after a boot: what is missing on the host is kept then.
    public init(
        of profile: Profile, to host: any RestoringHost, backupLimit: ByteCount = Planner.defaultBackupLimit,
        safeguards: Safeguards = .none, afterBoot: BootRestoration? = nil
    ) {
        self.afterBoot = afterBoot
        self.profile = profile
        self.host = host
        self.backupLimit = backupLimit
        self.safeguards = safeguards
        self.saved = nil
    }

    /// The application of a saved plan: of its profile, as long as that still gives the same plan.
    /// - Parameter safeguards: what is protected, and where transactions are recorded.
    public init(of saved: SavedPlan, to host: any RestoringHost, safeguards: Safeguards = .none) {
        self.profile = saved.profile
        self.host = host
        self.backupLimit = saved.backupLimit
        self.safeguards = safeguards
        self.saved = saved
        self.afterBoot = nil
    }

    /// A host as observed, with the plan for it.
    public struct Prepared: Sendable {
        /// The observation.
        public var observed: Observed
        /// The plan that was made from it.
        public var plan: Plan
        /// What differs from the saved plan, or from what was observed before; empty where nothing does.
        public var differences: [PlanDifference] = []
    }

    /// How an application ended.
    public enum Ending: Sendable {
        /// The host already was as the profile says.
        case unchanged(proofs: [ProofResult] = [])
        /// The plan cannot be applied; nothing was touched.
        case refused([Refusal])
        /// The host is not, or no longer, what the plan was made for; nothing was touched.
        case stale([PlanDifference])
        /// Every step was done, the plan for the result is empty, and every proof that the profile requires was made, or may wait.
        case applied([Step], proofs: [ProofResult] = [])
        /// Every step was done, or there was none to do, and the plan for the result is empty; but a proof that the profile
        /// requires was not made. Nothing is undone for that.
        case unproven([Step], proofs: [ProofResult])
        /// Every step was done, and the plan for the result is not empty.
        case incomplete([Step], remaining: Plan)
        /// Every step was done and read back, but the host could not be looked at once more, or the end not be recorded:
        /// recovery does both.
        case unconfirmed([Step], OperationError)
        /// A step failed, and the host is as before, but for what undoing came to: regions whose old labels a reboot has still
        /// to read, and what somebody made something else of meanwhile.
        case undone(failed: Step, OperationError, Undone)
        /// A step failed, and undoing what had been done failed as well; recovery goes on from here.
        case partial(done: [Step], failed: Step, OperationError, undo: OperationError)
    }

    /// Observes the host and plans. Touches nothing.
    ///
    /// Where a transaction was interrupted, the plan is for the host as recovery will leave it, and its notes say what
    /// that will do.
    public func prepare() throws(OperationError) -> Prepared {
        try prepare(remembering: safeguards.daxRegions)
    }

    private func prepare(remembering records: [DaxRegionRecord]) throws(OperationError) -> Prepared {
        let now = try host.observe(health: profile.asksHealth).remembering(records)
        guard safeguards.interrupted.isEmpty else { return try prepareAfterRecovery(now) }
        let observed = now
        let plan = try examined(try plan(on: observed), on: observed)
        return Prepared(
            observed: observed, plan: plan,
            differences: saved?.basis.differences(to: plan, on: observed) ?? [])
    }

    private func prepareAfterRecovery(_ now: Observed) throws(OperationError) -> Prepared {
        let forecast = RecoveryForecast(safeguards.interrupted, on: now, bootID: host.bootID)
        var plan = try plan(on: forecast.observed)
            .reviewed(by: reviews(on: forecast.observed))
        plan.notes = forecast.notes + plan.notes
        return Prepared(
            observed: forecast.observed, plan: plan,
            differences: saved?.basis.differences(to: plan, on: forecast.observed) ?? [])
    }

    /// Observes the host and plans once more, after time has passed, and says what differs from before.
    public func prepare(after earlier: Prepared) throws(OperationError) -> Prepared {
        var now = try prepare()
        let before = PlanBasis(of: earlier.plan, on: earlier.observed)
        now.differences += before.differences(to: now.plan, on: now.observed)
        return now
    }

    /// The plan with what is found on and around the devices that it touches, and with what is protected.
    private func examined(_ plan: Plan, on observed: Observed) throws(OperationError) -> Plan {
        var query = UseQuery(
            targets: plan.disabled, stateDirectory: safeguards.stateDirectory,
            readsMemoryPolicy: profile.asksForSystemMemory, readsSystemMemory: !plan.steps.isEmpty)
        query.initializedRegions = plan.initializedRegions
        query.relabelled = plan.relabelled
        query.devices = plan.disturbedDevices
        query.readsDaxctlConf = plan.steps.contains { $0.step.kind == .configureDevice }
        query.readsDeviceRules = plan.steps.contains(where: \.step.changesRules)
        let findings = try host.examine(query)
        return plan.reviewed(
            by: findings.reviews(stateDirectory: safeguards.stateDirectory?.string)
                + [
                    MemoryForecastReview(observed: observed, findings: findings),
                    DaxctlReview(observed: observed, findings: findings),
                ]
                + reviews(on: observed))
    }

    private func reviews(on observed: Observed) -> [any PlanReview] {
        safeguards.reviews(for: profile, on: observed, isAfterBoot: afterBoot != nil)
    }

    private func plan(on observed: Observed) throws(OperationError) -> Plan {
        let (users, groups) = (profile.namedUsers, profile.namedGroups)
        let accounts =
            users.isEmpty && groups.isEmpty
            ? AccountNumbers() : try host.accountNumbers(users: users, groups: groups)
        return Planner.plan(profile.with(accounts), on: observed, backupLimit: backupLimit)
    }

    /// Why the plan would not be carried out under this consent: what the plan itself says, what was not agreed to, and words
    /// that mean nothing here.
    public func refusals(of prepared: Prepared, under consent: Consent) -> [Refusal] {
        let plan = prepared.plan
        var refusals = plan.refusals + consent.refusals(for: plan)
        if !plan.changes.isEmpty {
            let declared = Set(
                profile.regions.flatMap(\.namespaces).map(\.displayName)
                    + profile.daxRegions.flatMap(\.devices).map(\.name.text))
            refusals += consent.unknownWords(
                for: plan.losses,
                known: prepared.observed.consentWords.union(declared).union(plan.changes.map(\.address)))
        }
        return refusals
    }

    /// Carries out a prepared plan under the given consent, and observes the host once more.
    ///
    /// What it does is recorded in `store` before it happens, so that it can be undone, now or later, and after a
    /// crash at any instant. The caller holds the host's lock.
    /// - Parameter store: nil where nobody will want to undo anything: a simulation in memory.
    /// - Throws: where nothing was touched: the state directory cannot be used, or the labels cannot be read.
    public func carryOut(
        _ prepared: Prepared, consent: Consent, recordingIn store: TransactionStore?,
        interruption: Interruption = .never, progress: @escaping (Executor.Progress) -> Void = { _ in }
    ) throws(OperationError) -> Ending {
        let plan = prepared.plan
        guard prepared.differences.isEmpty else { return .stale(prepared.differences) }
        let refusals = refusals(of: prepared, under: consent)
        guard refusals.isEmpty else { return .refused(refusals) }
        guard !plan.changes.isEmpty else {
            try protect(prepared.observed, in: store)
            try adopt(prepared.observed, in: store)
            let proofs = ProofResult.all(for: profile, on: prepared.observed, host)
            return proofs.areMade ? .unchanged(proofs: proofs) : .unproven([], proofs: proofs)
        }
        try requireKnownMarks()
        let uses = try refusalsForUse(in: plan)
        guard uses.isEmpty else { return .refused(uses) }
        var recording = try begin(prepared, in: store)
        let executor = Executor(
            host: host, as: prepared.observed, margins: afterBoot?.margins ?? [:], interruption: interruption,
            progress: progress)
        do throws(Executor.Failure) {
            try executor.run(plan.steps, recording: &recording)
        } catch {
            let reason = error.error
            if !error.hasBegun, reason.kind == .changed {
                try recording.note(.end(.rolledBack, after: nil))
                return .stale([PlanDifference(address: reason.device ?? "host", message: reason.reason)])
            }
            return undo(error, &recording, store, interruption, progress)
        }
        return finish(plan.steps.map(\.step), &recording, store)
    }

    /// A refusal for every namespace that the plan takes offline and that somebody uses: found before the first step,
    /// since steps before the one that would fail may not be undoable.
    private func refusalsForUse(in plan: Plan) throws(OperationError) -> [Refusal] {
        var query = UseQuery(targets: plan.disabled, claimsDevices: true)
        query.devices = plan.disturbedDevices
        let findings = try host.examine(query)
        return UseReview(findings: findings, stateDirectory: nil).uses(of: plan).map(\.refusal)
    }

    private func requireKnownMarks() throws(OperationError) {
        try safeguards.requireKnown()
    }

    /// Marks what the profile protects.
    private func protect(
        _ observed: Observed, in store: TransactionStore?
    ) throws(OperationError) {
        let marks = ProtectionReview.protected(by: profile, on: observed).marks
        guard let store, !marks.isEmpty else { return }
        try ProtectionStore(store.directory).set(marks)
    }

    /// Keeps what the profile declares as memory, and is memory; forgets what is not there any more.
    private func adopt(_ observed: Observed, in store: TransactionStore?) throws(OperationError) {
        // What a boot misses can be there again at the next one.
        guard let store, afterBoot == nil else { return }
        let kept = KeptDevices(store)
        try kept.forgetDestroyed(on: observed)
        try DaxRegionRecords(store).adopt(profile, on: observed)
        let assigned = RegionMatcher.assign(profile.regions, on: observed).0
        try CXLRegionRecords(store).record(Set(assigned.map(\.region.device)), on: observed)
        guard profile.saysWhatDevicesAre else { return }
        let declared = profile.namespaces(on: observed)
        try kept.release(declared)
        try kept.adopt(declared.filter(\.asksForSystemMemory), on: observed)
    }

    /// Keeps what the transaction made of devices.
    private func keepDevices(_ name: String?, in store: TransactionStore?) throws(OperationError) {
        guard let store, let name else { return }
        let log = try store.log(name)
        try KeptDevices(store).settle(log)
        try DaxRegionRecords(store).settle(log)
    }

    /// Notes which devices were kept before: undoing keeps these.
    private func recordKept(
        _ plan: Plan, in store: TransactionStore, _ recording: inout Recording
    ) throws(OperationError) {
        guard
            plan.steps.contains(where: { !$0.step.kind.effects.isDisjoint(with: KeptDevices.changing) })
        else { return }
        let kept: [KeptDevice]
        do throws(OperationError) {
            kept = try KeptDeviceStore(store.directory).kept().devices
        } catch {
            try recording.note(.end(.rolledBack, after: nil))
            throw error
        }
        if !kept.isEmpty { try recording.note(.kept(kept)) }
    }

    private func begin(
        _ prepared: Prepared, in store: TransactionStore?
    ) throws(OperationError) -> Recording {
        guard let store else { return Recording(discardingFor: host) }
        var recording: Recording
        recording = Recording(
            host: host, on: prepared.observed,
            writer: try .begin(
                in: store, source: profile.source, before: prepared.observed, plan: prepared.plan,
                bootID: host.bootID,
                protects: ProtectionReview.protectedNames(by: profile, on: prepared.observed),
                isAfterBoot: afterBoot != nil))

        try recordKept(prepared.plan, in: store, &recording)
        var regions: [String] = []
        for step in prepared.plan.steps.map(\.step)
        where step.transition == nil && !regions.contains(step.region) {
            regions.append(step.region)
        }
        do throws(OperationError) {
            try recording.reserve(for: prepared.plan.steps)
            try recording.saveLabels(of: regions)
        } catch {
            try recording.note(.end(.rolledBack, after: nil))
            throw error
        }
        return recording
    }

    private func finish(
        _ done: [Step], _ recording: inout Recording, _ store: TransactionStore?
    ) -> Ending {
        do throws(OperationError) {
            let result = try settled(after: done)
            let isEmpty = result.plan.isEmpty
            let proofs = isEmpty ? ProofResult.all(for: profile, on: result.observed, host) : []
            try protect(result.observed, in: store)
            try keepDevices(recording.name, in: store)
            try adopt(result.observed, in: store)
            if !proofs.isEmpty { try recording.note(.proofs(proofs.map(RecordedProof.init))) }
            try recording.note(.end(isEmpty ? .committed : .incomplete, after: result.observed))
            guard isEmpty else { return .incomplete(done, remaining: result.plan) }
            return proofs.areMade ? .applied(done, proofs: proofs) : .unproven(done, proofs: proofs)
        } catch {
            return .unconfirmed(done, error)
        }
    }

    /// The host after the last step, with what is left to do. Where something is, or it could not be seen, it is looked
    /// at once more: what was only a failure to read has passed then.
    private func settled(after done: [Step]) throws(OperationError) -> Prepared {
        let records = DaxRegionRecord.after(done.compactMap(\.transition), from: safeguards.daxRegions)
        // What is recorded of CXL regions was judged before the first step. A record that had nothing to lose then differs from the
        // region that takes its place, which has labels by now.
        var last = self
        last.safeguards.cxlRegions = []
        if let first = try? last.prepare(remembering: records), first.plan.isEmpty { return first }
        return try last.prepare(remembering: records)
    }

    private func undo(
        _ failure: Executor.Failure, _ recording: inout Recording, _ store: TransactionStore?,
        _ interruption: Interruption, _ progress: @escaping (Executor.Progress) -> Void
    ) -> Ending {
        do throws(OperationError) {
            guard let store, let name = recording.name else {
                throw OperationError(record: .unsuitable, "nothing was recorded, so nothing can be undone")
            }
            let undone = try Recovery(
                host: host, store: store, interruption: interruption, progress: progress
            ).undo(
                name, because: failure.error.description, &recording,
                failure: StepFailure(step: failure.done.count, error: failure.error))
            return .undone(failed: failure.step, failure.error, undone)
        } catch {
            // What it made and could not take back is protected as the profile says.
            if let now = try? host.observe() { try? protect(now, in: store) }
            return .partial(done: failure.done, failed: failure.step, failure.error, undo: error)
        }
    }
}
