public import ProvisionCore
public import ProvisionHost

/// Bringing a host to a profile, to a saved plan, or to what it was before a boot: after what was interrupted, with what was
/// agreed to.
public struct ApplyUseCase {
    private let wanted: Goal
    private let consent: Consent
    private let backupLimit: ByteCount
    private let host: any RestoringHost
    private let site: HostSite
    private let dialogue: any Dialogue

    /// What a host is brought to.
    public enum Goal {
        /// A profile, or a saved plan.
        case document(ApplyDocument)
        /// What daxprov made of devices before the boot.
        case beforeBoot
    }

    /// Bringing a host to what is wanted.
    /// - Parameters:
    ///   - consent: what may be destroyed; of what is put back after a boot its own record says it.
    ///   - backupLimit: the most that is saved of one namespace; a saved plan has its own.
    public init(
        to wanted: Goal, under consent: Consent, backupLimit: ByteCount, on host: any RestoringHost,
        _ site: HostSite, _ dialogue: any Dialogue
    ) {
        self.wanted = wanted
        self.consent = consent
        self.backupLimit = backupLimit
        self.host = host
        self.site = site
        self.dialogue = dialogue
    }

    /// What an apply would do.
    public struct Preview {
        /// The host with the plan, notes of this look at it included.
        public var prepared: Application.Prepared
        /// The plan as a report.
        public var plan: PlanReport
        /// Why an apply with the consent given would be refused as far as that shows now; empty where it would not.
        public var refusals: [Refusal]
        /// Whether an apply would first end what was interrupted.
        public var recovers: Bool
        /// What is to be put back after a boot; nil of an apply of something else.
        public var boot: BootWork?
    }

    /// What an apply did.
    public struct Result {
        /// The host before, with the plan.
        public var prepared: Application.Prepared
        /// How it ended.
        public var report: ApplicationReport
        /// Whether there was something interrupted to end first.
        public var recovered: Bool
        /// What was to be put back after a boot; nil of an apply of something else.
        public var boot: BootWork?
    }

    /// What is applied, under which consent.
    private struct Job {
        var document: ApplyDocument
        var consent: Consent
        var boot: BootWork?
    }

    private func job(_ safeguards: Safeguards) throws(OperationError) -> Job {
        switch wanted {
        case .document(let document): return Job(document: document, consent: consent)
        case .beforeBoot:
            let boot = try BootWork(site.store, marks: safeguards.marks, host)
            return Job(
                document: .profile(boot.restoration.profile), consent: boot.restoration.consent, boot: boot)
        }
    }

    private func application(of job: Job, _ safeguards: Safeguards) -> Application {
        switch job.document {
        case .profile(let profile):
            Application(
                of: profile, to: host, backupLimit: backupLimit, safeguards: safeguards,
                afterBoot: job.boot?.restoration)
        case .plan(let saved): Application(of: saved, to: host, safeguards: safeguards)
        }
    }

    /// Looks at the host and plans. Touches nothing.
    /// - Parameter watch: sees whether another daxprov changes the host meanwhile, from before it was opened.
    public func preview(_ watch: LockWatch) throws(OperationError) -> Preview {
        let safeguards = site.safeguards
        let job = try job(safeguards)
        let application = application(of: job, safeguards)
        var prepared = try application.prepare()
        let refusals =
            application.refusals(of: prepared, under: job.consent) + prepared.plan.refusalsForUse
        prepared.plan.notes += watch.notes
        return Preview(
            prepared: prepared,
            plan: PlanReport(prepared.plan, of: job.document.profile, on: prepared.observed),
            refusals: refusals, recovers: !safeguards.interrupted.isEmpty, boot: job.boot)
    }

    /// Brings the host to what is wanted. The host is claimed.
    /// - Parameters:
    ///   - unasked: whether nobody is to be asked.
    ///   - show: shows the plan, before anything is done.
    public func run(
        unasked: Bool, showing show: (PlanReport) throws(OperationError) -> Void
    ) throws(OperationError) -> Result {
        let recover = RecoverUseCase(host, site.store, dialogue)
        let first = try recover.runFirst(unasked: unasked)
        do throws(OperationError) {
            return try run(after: first, recover, unasked: unasked, showing: show)
        } catch {
            throw error.told(afterRecovery: first.hasRun)
        }
    }

    private func run(
        after first: RecoverUseCase.First, _ recover: RecoverUseCase, unasked: Bool,
        showing show: (PlanReport) throws(OperationError) -> Void
    ) throws(OperationError) -> Result {
        var safeguards = site.safeguards
        let job = try job(safeguards)
        // Recovery has been tried: the host is planned for, and looked at, as it is. What stays open is kept from below.
        safeguards.interrupted = []
        let application = application(of: job, safeguards)
        let prepared = try application.prepare()
        try recover.require(apartFrom: first.open) { open in
            // A boot's work is for single devices: what it does not change, it does not declare.
            let isDeclared =
                job.boot == nil
                && UnsettledRegions.concern(job.document.profile, on: prepared.observed, open)
            return isDeclared || UnsettledRegions.concern(prepared.plan, on: prepared.observed, open)
        }
        let plan = PlanReport(prepared.plan, of: job.document.profile, on: prepared.observed)
        if prepared.differences.isEmpty, job.boot?.isEmpty != true { try show(plan) }
        let last = site.store.youngest
        let ending = try carryOut(prepared, application, plan, job.consent, unasked: unasked)
        let report = ApplicationReport(
            ending, plan: plan, record: site.store.youngest(after: last), options: site.options,
            isAfterRecovery: first.hasRun)
        return Result(prepared: prepared, report: report, recovered: first.hasRun, boot: job.boot)
    }

    private func carryOut(
        _ prepared: Application.Prepared, _ application: Application, _ plan: PlanReport, _ agreed: Consent,
        unasked: Bool
    ) throws(OperationError) -> Application.Ending {
        guard prepared.differences.isEmpty else { return .stale(prepared.differences) }
        // Where nobody can be asked, everything that is missing is said at once.
        let refusals =
            (unasked ? application.refusals(of: prepared, under: agreed) : prepared.plan.refusals)
            + prepared.plan.refusalsForUse
        guard refusals.isEmpty else { return .refused(refusals) }
        var prepared = prepared
        var consent = agreed
        if !unasked, !prepared.plan.changes.isEmpty {
            let missing = dialogue.canAsk ? [] : consent.refusals(for: prepared.plan)
            guard missing.isEmpty else { return .refused(missing) }
            consent = try ask(consent, about: plan)
            prepared = try application.prepare(after: prepared)
        }
        return try application.carryOut(
            prepared, consent: consent, recordingIn: site.store, interruption: .bySignals(),
            progress: dialogue.show)
    }

    /// Asks for what the plan needs: the names of what loses data, or else a yes.
    private func ask(_ consent: Consent, about plan: PlanReport) throws(OperationError) -> Consent {
        if dialogue.canAsk { dialogue.introduce(plan) }
        let requests = consent.requests(for: plan.plan)
        guard requests.isEmpty else { return try dialogue.agree(requests, to: consent) }
        try dialogue.confirm("Apply these changes?")
        return consent
    }
}
