import ArgumentParser
import Provision

/// `daxprov apply`: brings the host to the profile.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings the host to the profile, and verifies it.",
        discussion: """
            Shows the plan and asks before it touches anything; --yes answers yes. What puts data out of reach \
            (destroying, replacing, changing the mode of a namespace) needs --allow-destroy NAME for each namespace as \
            well: --yes never implies it.

            A profile that others than root and the caller could have put there is refused with 77; standard input is \
            the caller's choice.

            Every step is recorded before it runs. When one fails, or a signal asks to stop, everything done is undone \
            and verified. What an earlier run left interrupted is recovered first.

            \(ExitStatus.table(
                .done, .error, .refused, .rolledBack, .partial, .stale, .locked, .badProfile, .notPermitted))
            """
    )

    @OptionGroup var profile: ProfileArgument
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @Flag(help: "Show the plan and stop, as 'daxprov plan' does.") var dryRun = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions

    func run() throws {
        let profile = try profile.read(trust: host.profileTrust)
        let host = try host.makeHost()
        let application = Application(
            of: profile, to: host, backupLimit: try backup.limit(), safeguards: self.host.safeguards)
        if dryRun { return try show(try prepare(application), of: profile) }
        try self.host.requirePrivilege()
        let lock = try self.host.lock()
        try RecoverCommand.recover(host, self.host.store)
        let prepared = try prepare(application)
        let plan = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        if !json { try Console.write(plan.text(Console.style)) }
        let ending = try carryOut(prepared, application)
        let report = ApplicationReport(ending, plan: plan)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        extendLifetime(lock)
        if ending.status != .done { throw Ending(ending.status) }
    }

    private func prepare(_ application: Application) throws -> Application.Prepared {
        try CommandFailure.translating { () throws(HostError) in try application.prepare() }
    }

    private func show(_ prepared: Application.Prepared, of profile: Profile) throws {
        let plan = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        try Console.write(json ? plan.json.text() : plan.text(Console.style))
        try PlanCommand.refuse(prepared.plan)
    }

    private func carryOut(
        _ prepared: Application.Prepared, _ application: Application
    ) throws -> Application.Ending {
        let refusals =
            prepared.plan.refusals + prepared.plan.refusalsForUse
            + consent.consent.refusals(for: prepared.plan)
        guard refusals.isEmpty else { return .refused(refusals) }
        if !prepared.plan.changes.isEmpty, !yes { try Question.confirm("Apply these changes?") }
        do throws(ExecutionError) {
            return try application.carryOut(
                prepared, consent: consent.consent, recordingIn: host.store, interruption: .bySignals(),
                progress: Console.show)
        } catch {
            throw CommandFailure(error)
        }
    }
}

extension Application.Ending {
    /// The exit code that says how it ended. Where nothing had been done, the cause of the failure says it best.
    var status: ExitStatus {
        switch self {
        case .unchanged, .applied: .done
        case .refused: .refused
        case .incomplete, .unconfirmed, .partial: .partial
        case .undone(_, .host(let error), _): error.kind.undoneStatus
        case .undone: .rolledBack
        }
    }
}

extension HostError.Kind {
    /// The exit code of a run that this error ended, and that was undone.
    fileprivate var undoneStatus: ExitStatus {
        switch self {
        case .busy: .refused
        case .changed: .stale
        case .notPermitted: .notPermitted
        case .failed, .unavailable: .rolledBack
        }
    }
}
