import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// One application to a host as commands do it: under the host's lock, after what was interrupted, with what was agreed to.
struct ApplyRun {
    /// The profile or saved plan; nil: what is to be put back after a boot, which is looked at under the lock.
    var document: ApplyDocument?
    /// What may be destroyed.
    var consent: Consent
    /// Whether nobody is to be asked.
    var yes: Bool
    /// Whether the plan is shown before a question only.
    var json: Bool
    var backup: BackupOptions
    var host: HostOptions
    var waiting: LockOptions

    /// What an apply would do.
    struct Preview {
        /// The host with the plan, notes of this look at it included.
        var prepared: Application.Prepared
        /// The plan as a report.
        var plan: PlanReport
        /// Why an apply with the consent given would be refused as far as that shows now; empty where it would not.
        var refusals: [Refusal]
        /// Whether an apply would first end what was interrupted.
        var recovers: Bool
        /// What is to be put back after a boot; nil of an apply of something else.
        var boot: BootApply?
    }

    /// What an apply did.
    struct Result {
        /// The host before, with the plan.
        var prepared: Application.Prepared
        /// How it ended.
        var report: ApplicationReport
        /// What the program exits with.
        var status: ExitStatus
        /// Whether there was something interrupted to end first.
        var recovered: Bool
        /// What was to be put back after a boot; nil of an apply of something else.
        var boot: BootApply?
    }

    /// What is applied, under which consent.
    private struct Wanted {
        var document: ApplyDocument
        var consent: Consent
        var boot: BootApply?
    }

    private func wanted(on host: any RestoringHost) throws -> Wanted {
        if let document { return Wanted(document: document, consent: consent) }
        let boot = try BootApply(self.host, host)
        return Wanted(
            document: .profile(boot.restoration.profile), consent: boot.restoration.consent, boot: boot)
    }

    /// Looks at the host and plans. Touches nothing.
    func preview() throws -> Preview {
        let watch = host.watch
        let safeguards = host.safeguards
        let host = try host.makeHost()
        let wanted = try wanted(on: host)
        let application = try application(of: wanted, on: host, safeguards)
        var prepared = try prepare(application)
        let refusals =
            application.refusals(of: prepared, under: wanted.consent) + prepared.plan.refusalsForUse
        prepared.plan.notes += watch.notes
        return Preview(
            prepared: prepared,
            plan: PlanReport(prepared.plan, of: wanted.document.profile, on: prepared.observed),
            refusals: refusals, recovers: !safeguards.interrupted.isEmpty, boot: wanted.boot)
    }

    /// Brings the host to the profile.
    /// - Parameters:
    ///   - show: shows the plan, before anything is done.
    ///   - tell: tells the end, under the lock still.
    func run(showing show: (PlanReport) throws -> Void, telling tell: (Result) throws -> Void) throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        let recovers = !((try? self.host.store.interrupted()) ?? []).isEmpty
        let open = try RecoverCommand.recoverFirst(host, self.host.store, yes: yes)
        let wanted = try wanted(on: host)
        let application = try application(of: wanted, on: host, self.host.safeguards)
        let prepared = try prepare(application)
        try RecoverCommand.require(apartFrom: open, in: self.host.store) {
            UnsettledRegions.concern(prepared.plan, on: prepared.observed, $0)
        }
        let plan = PlanReport(prepared.plan, of: wanted.document.profile, on: prepared.observed)
        if prepared.differences.isEmpty, wanted.boot?.isEmpty != true { try show(plan) }
        let last = self.host.store.youngest
        let ending = try carryOut(prepared, application, plan, wanted.consent)
        let report = ApplicationReport(
            ending, plan: plan, record: self.host.store.youngest(after: last), options: self.host.arguments)
        try tell(
            Result(
                prepared: prepared, report: report, status: ending.status(of: prepared.plan),
                recovered: recovers, boot: wanted.boot))
        extendLifetime(lock)
    }

    private func application(
        of wanted: Wanted, on host: any RestoringHost, _ safeguards: Safeguards
    ) throws -> Application {
        switch wanted.document {
        case .profile(let profile):
            return Application(
                of: profile, to: host, backupLimit: try backup.limit(), safeguards: safeguards,
                afterBoot: wanted.boot?.restoration)
        case .plan(let saved):
            guard backup.backupLimit == nil else {
                throw ValidationError("--backup-limit is part of a saved plan: give it to 'daxprov plan'")
            }
            return Application(of: saved, to: host, safeguards: safeguards)
        }
    }

    private func prepare(_ application: Application) throws -> Application.Prepared {
        try CommandFailure.translating { () throws(OperationError) in try application.prepare() }
    }

    private func carryOut(
        _ prepared: Application.Prepared, _ application: Application, _ plan: PlanReport,
        _ agreed: Consent
    ) throws -> Application.Ending {
        guard prepared.differences.isEmpty else { return .stale(prepared.differences) }
        // Where nobody can be asked, everything that is missing is said at once.
        let refusals =
            (yes ? application.refusals(of: prepared, under: agreed) : prepared.plan.refusals)
            + prepared.plan.refusalsForUse
        guard refusals.isEmpty else { return .refused(refusals) }
        var prepared = prepared
        var consent = agreed
        if !yes, !prepared.plan.changes.isEmpty {
            if Question.isPossible {
                if json { Console.diagnose(plan.text()) }
                consent = try ask(consent, about: prepared.plan)
                prepared = try CommandFailure.translating { () throws(OperationError) in
                    try application.prepare(after: prepared)
                }
            } else {
                let refusals = consent.refusals(for: prepared.plan)
                guard refusals.isEmpty else { return .refused(refusals) }
                throw Question.impossible
            }
        }
        do throws(OperationError) {
            return try application.carryOut(
                prepared, consent: consent, recordingIn: host.store, interruption: .bySignals(),
                progress: Console.show)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Asks for what the plan needs: the names of what loses data, or else a yes.
    private func ask(_ consent: Consent, about plan: Plan) throws -> Consent {
        let requests = consent.requests(for: plan)
        guard !requests.isEmpty else {
            try Question.confirm("Apply these changes?")
            return consent
        }
        return try Question.agree(requests, to: consent)
    }
}
