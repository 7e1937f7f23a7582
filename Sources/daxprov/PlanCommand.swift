import ArgumentParser
import Provision

/// `daxprov plan`: the difference between a profile and the host, or many hosts.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what apply would do. Writes nothing, anywhere.",
        discussion: """
            + creates, ~ changes in place, - destroys, -/+ destroys and creates anew, ! loses data. Sizes and \
            addresses are what the kernel will give. A plan that cannot be carried out says why, and exits with 3.

            With --inventory the plan is made for a host that is not here, and says what the inventory does not tell. \
            With several inventories, or --inventory-dir or --profile-dir, it is a review: a row for each host, or \
            with --json a line; the exit code is the most serious one of any host: 65, then 1, 3, 2, 0.

            \(ExitStatus.table(.done, .error, .changesPending, .refused, .badProfile, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp("The host profile; - reads standard input.", valueName: "profile"))
    var profile: String?
    @Flag(help: "Print one JSON document; of a review, one line for each host.") var json = false
    @Flag(help: "Exit with 2 when changes are pending.") var detailedExitcode = false
    @OptionGroup var inventories: InventoryOptions
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions

    func validate() throws {
        try inventories.validate(profile: profile, isSimulated: host.isSimulated)
    }

    func run() throws {
        if inventories.isReview { return try review() }
        let profile = try ProfileFile.read(profile ?? "")
        let report = try report(for: profile)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        try Self.refuse(report.plan)
        if detailedExitcode, !report.plan.changes.isEmpty { throw Ending(.changesPending) }
    }

    private func report(for profile: Profile) throws -> PlanReport {
        let limit = try backup.limit()
        if let inventory = inventories.inventory.first {
            return PlanReport(of: profile, on: try InventoryFile.read(inventory), backupLimit: limit)
        }
        let safeguards = self.host.safeguards
        let host = try host.makeHost()
        let prepared = try CommandFailure.translating { () throws(HostError) in
            try Application(of: profile, to: host, backupLimit: limit, safeguards: safeguards).prepare()
        }
        return PlanReport(prepared.plan, of: profile, on: prepared.observed)
    }

    private func review() throws {
        let hosts = try inventories.hosts()
        let otherwise = try profile.map { path throws(CommandFailure) in try ProfileFile.read(path) }
        let review = ReviewOutput(json: json, detailedExitcode: detailedExitcode)
        let status = try review.write(
            hosts, inventories.profiles(otherwise: otherwise), backupLimit: try backup.limit())
        if status != .done { throw Ending(status) }
    }

    /// Fails where the plan is refused. Addresses that only root may read are a lack of privilege.
    static func refuse(_ plan: Plan) throws {
        guard !plan.refusals.isEmpty else { return }
        let unknown = plan.refusals.allSatisfy { $0.code == .extentsUnknown }
        throw Ending(unknown && Privilege.isMissing ? .notPermitted : .refused)
    }
}
