import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov apply`: brings the host to the profile.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings the host to the profile, and verifies it.",
        discussion: """
            Shows the plan and asks before it touches anything; --yes answers yes. What puts data out of reach \
            (destroying, replacing, changing the mode of a namespace) needs --allow-destroy NAME for each namespace as \
            well: --yes never implies it. On a terminal and without --yes, each of these names is to be typed instead.

            A plan that 'daxprov plan -o' saved is applied like its profile, and only as long as planning that again \
            gives the same plan for the same objects; otherwise it is stale, and nothing is touched.

            A file that others than root and the caller could have put there is refused with 77; standard input is \
            the caller's choice.

            Every step is recorded before it runs. When one fails, or a signal asks to stop, everything done is undone \
            and verified. What an earlier run left interrupted is recovered first.

            \(ExitStatus.table(
                .done, .error, .refused, .rolledBack, .partial, .stale, .locked, .badProfile, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The host profile, or a saved plan; - reads standard input.", valueName: "profile"),
        completion: .file())
    var profile: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @Flag(help: "Show the plan and stop, as 'daxprov plan' does.") var dryRun = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let document = try ApplyInput.read(profile, trust: host.profileTrust)
        let host = try host.makeHost()
        if dryRun { return try show(application(of: document, to: host), of: document.profile) }
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .apply)
        let open = try RecoverCommand.recoverFirst(host, self.host.store, yes: yes)
        let application = try application(of: document, to: host)
        let prepared = try prepare(application)
        try RecoverCommand.require(apartFrom: open, in: self.host.store) {
            UnsettledRegions.concern(prepared.plan, on: prepared.observed, $0)
        }
        let plan = PlanReport(prepared.plan, of: document.profile, on: prepared.observed)
        if !json, prepared.differences.isEmpty { try Console.write(plan.text(Console.style)) }
        let last = self.host.store.youngest
        let ending = try carryOut(prepared, application, plan)
        let report = ApplicationReport(
            ending, plan: plan, record: self.host.store.youngest(after: last), options: self.host.arguments)
        let text = json ? report.json.text() : report.text(Console.style)
        if case .unchanged = ending { try Console.write(text) } else { Console.report(text) }
        extendLifetime(lock)
        let status = ending.status(of: prepared.plan)
        if status != .done { throw Ending(status) }
    }

    private func application(
        of document: ApplyDocument, to host: any RestoringHost
    ) throws -> Application {
        switch document {
        case .profile(let profile):
            return Application(
                of: profile, to: host, backupLimit: try backup.limit(), safeguards: self.host.safeguards)
        case .plan(let saved):
            guard backup.backupLimit == nil else {
                throw ValidationError("--backup-limit is part of a saved plan: give it to 'daxprov plan'")
            }
            return Application(of: saved, to: host, safeguards: self.host.safeguards)
        }
    }

    private func prepare(_ application: Application) throws -> Application.Prepared {
        try CommandFailure.translating { () throws(HostError) in try application.prepare() }
    }

    private func show(_ application: Application, of profile: Profile) throws {
        let watch = host.watch
        var prepared = try prepare(application)
        prepared.plan.notes += watch.notes
        let plan = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        try Console.write(json ? plan.json.text() : plan.text(Console.style))
        for line in StaleText.differences(prepared.differences) { Console.diagnose("daxprov: \(line)") }
        if !prepared.differences.isEmpty { throw Ending(.stale) }
        try PlanCommand.refuse(prepared.plan)
    }

    private func carryOut(
        _ prepared: Application.Prepared, _ application: Application, _ plan: PlanReport
    ) throws -> Application.Ending {
        guard prepared.differences.isEmpty else { return .stale(prepared.differences) }
        let refusals = prepared.plan.refusals + prepared.plan.refusalsForUse
        guard refusals.isEmpty else { return .refused(refusals) }
        var prepared = prepared
        var consent = consent.consent
        if !yes, !prepared.plan.changes.isEmpty {
            if Question.isPossible {
                if json { Console.diagnose(plan.text()) }
                consent = try ask(consent, about: prepared.plan)
                prepared = try CommandFailure.translating { () throws(HostError) in
                    try application.prepare(after: prepared)
                }
            } else {
                let refusals = consent.refusals(for: prepared.plan)
                guard refusals.isEmpty else { return .refused(refusals) }
                throw Question.impossible
            }
        }
        do throws(ExecutionError) {
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
