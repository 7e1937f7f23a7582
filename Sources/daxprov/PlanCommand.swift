import ArgumentParser
import Provision

/// `daxprov plan`: the difference between a profile and the host.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what apply would do. Writes nothing, anywhere.",
        discussion: """
            + creates, ~ changes in place, - destroys, -/+ destroys and creates anew, ! loses data. Sizes and \
            addresses are what the kernel will give. A plan that cannot be carried out says why, and exits with 3.

            \(ExitStatus.table(.done, .error, .changesPending, .refused, .badProfile, .notPermitted))
            """
    )

    @OptionGroup var profile: ProfileArgument
    @Flag(help: "Print one JSON document.") var json = false
    @Flag(help: "Exit with 2 when changes are pending.") var detailedExitcode = false
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions

    func run() throws {
        let profile = try profile.read()
        let host = try host.makeHost()
        let limit = try backup.limit()
        let prepared = try CommandFailure.translating { () throws(HostError) in
            try Application(of: profile, to: host, backupLimit: limit).prepare()
        }
        let report = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        try Self.refuse(prepared.plan)
        if detailedExitcode, !prepared.plan.changes.isEmpty { throw Ending(.changesPending) }
    }

    /// Fails where the plan is refused. Addresses that only root may read are a lack of privilege.
    static func refuse(_ plan: Plan) throws {
        guard !plan.refusals.isEmpty else { return }
        let unknown = plan.refusals.allSatisfy { $0.code == .extentsUnknown }
        throw Ending(unknown && Privilege.isMissing ? .notPermitted : .refused)
    }
}
