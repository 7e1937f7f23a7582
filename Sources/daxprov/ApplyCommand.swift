import ArgumentParser
import Provision

/// `daxprov apply`: brings the host to the profile.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Brings the host to the profile, and verifies it.",
        discussion: """
            Shows the plan and asks before it touches anything; --yes answers yes. What puts data out of reach \
            (destroying a namespace, replacing it, changing its mode, map, alignment or sector size) needs \
            --allow-destroy NAME for each namespace as well: --yes never implies it.

            Afterwards the host is observed and planned for once more: 0 means that nothing is left to do.

            \(ExitStatus.table(
                .done, .error, .refused, .rolledBack, .partial, .stale, .locked, .badProfile, .notPermitted))
            """
    )

    @OptionGroup var profile: ProfileArgument
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Option(
        help: ArgumentHelp(
            "Agree that the data of this namespace may go: its name, its label's UUID, or its address "
                + "as the plan shows it. May be repeated.", valueName: "name"))
    var allowDestroy: [String] = []
    @Flag(help: "Show the plan and stop, as 'daxprov plan' does.") var dryRun = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let profile = try profile.read()
        let host = try host.makeHost()
        if !self.host.isSimulated, !dryRun, Privilege.isMissing {
            throw CommandFailure(
                .notPermitted, "only root can change namespaces", advice: "run daxprov apply as root")
        }
        let application = Application(of: profile, to: host)
        let prepared = try CommandFailure.translating { () throws(HostError) in try application.prepare() }
        let plan = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        if dryRun {
            try Console.write(json ? plan.json.text() : plan.text(Console.style))
            return try PlanCommand.refuse(prepared.plan)
        }
        if !json { try Console.write(plan.text(Console.style)) }
        let ending = try carryOut(prepared, application, plan)
        let report = ApplicationReport(ending, plan: plan)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        if ending.status != .done { throw Ending(ending.status) }
    }

    private func carryOut(
        _ prepared: Application.Prepared, _ application: Application, _ plan: PlanReport
    ) throws -> Application.Ending {
        let consent = Consent(allowDestroy: Set(allowDestroy))
        let refusals = prepared.plan.refusals + consent.refusals(for: prepared.plan)
        guard refusals.isEmpty else { return .refused(refusals) }
        if !prepared.plan.changes.isEmpty, !yes { try Question.confirm("Apply these changes?") }
        return try CommandFailure.translating { () throws(HostError) in
            try application.carryOut(prepared, consent: consent, progress: Self.show)
        }
    }

    private static func show(_ progress: Executor.Progress) {
        switch progress {
        case .begins(let step, let index, let count):
            Console.diagnose("[\(index + 1)/\(count)] \(StepText.phrase(step))")
        case .undoes(let step):
            Console.diagnose("undo: \(StepText.phrase(step))")
        }
    }
}

extension Application.Ending {
    /// The exit code that says how it ended. Where nothing had been done, the cause of the failure says it best.
    var status: ExitStatus {
        switch self {
        case .unchanged, .applied: .done
        case .refused: .refused
        case .incomplete, .partial: .partial
        case .undone(_, let error):
            switch error.kind {
            case .busy: .refused
            case .changed: .stale
            case .notPermitted: .notPermitted
            case .failed, .unavailable: .rolledBack
            }
        }
    }
}
