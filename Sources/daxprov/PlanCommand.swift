import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// `daxprov plan`: the difference between a profile and the host, or many hosts.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what apply would do. Changes nothing.",
        discussion: """
            + creates, ~ changes in place, - destroys, -/+ destroys and creates anew, ! loses data. Sizes and \
            addresses are what the kernel will give. A plan that cannot be carried out says why, and exits with 3.

            With -o the plan is saved, for 'daxprov show' and 'daxprov apply': it is carried out only as long as the \
            host is what it was made for. A plan that is refused is not saved.

            With --inventory the plan is made for a host that is not here, and says what the inventory does not tell. \
            With several inventories, or --inventory-dir or --profile-dir, it is a review: a row for each host, or \
            with --json a line; the exit code is the most serious one of any host: 65, then 1, 3, 2, 0.

            \(ExitStatus.table(.done, .error, .changesPending, .refused, .badProfile, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp("The host profile; - reads standard input.", valueName: "profile"),
        completion: .file())
    var profile: String?
    @Flag(help: "Print one JSON document; of a review, one line for each host.") var json = false
    @Flag(help: "Exit with 2 when changes are pending.") var detailedExitcode = false
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Save the plan in FILE, which only its owner may read.", valueName: "file"),
        completion: .file())
    var out: String?
    @OptionGroup var inventories: InventoryOptions
    @OptionGroup var backup: BackupOptions
    @OptionGroup var host: HostOptions

    func validate() throws {
        try inventories.validate(profile: profile, isSimulated: host.isSimulated)
        guard let out else { return }
        if inventories.areGiven {
            throw ValidationError("--out saves a plan of this host: it excludes --inventory")
        }
        if out.isEmpty || out == "-" { throw ValidationError("--out needs the path of a file") }
    }

    func run() throws {
        if inventories.isReview { return try review() }
        let (profile, text) = try ProfileArgument.readKeepingText(profile ?? "")
        let report = try report(for: profile, text)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        if let out {
            let isSaved = report.plan.refusals.isEmpty
            let what = isSaved ? "saved in \(out)" : "refused, and not saved"
            Console.diagnose(TerminalText.clean("daxprov: the plan is \(what)"))
        }
        try Self.refuse(report.plan)
        if detailedExitcode, !report.plan.changes.isEmpty { throw Ending(.changesPending) }
    }

    private func report(for profile: Profile, _ text: String) throws -> PlanReport {
        if let out {
            try PrivateFile.requireReplaceable(FilePath(out), holding: SavedPlan.kind)
        }
        let limit = try backup.limit()
        if let inventory = inventories.inventory.first {
            return PlanReport(of: profile, on: try InventoryFile.read(inventory), backupLimit: limit)
        }
        let safeguards = self.host.site.safeguards
        let watch = self.host.site.watch
        let host = try host.makeHost()
        var prepared = try Application(of: profile, to: host, backupLimit: limit, safeguards: safeguards)
            .prepare()
        if let out, prepared.plan.refusals.isEmpty {
            try save(SavedPlan(prepared, of: profile, text: text, backupLimit: limit), to: out)
        }
        prepared.plan.notes += watch.notes
        return PlanReport(prepared.plan, of: profile, on: prepared.observed)
    }

    private func save(_ plan: SavedPlan, to path: String) throws {
        do throws(SavedPlanError) {
            guard try SavedPlan.read(Array(plan.text.utf8)) == plan else {
                throw .malformed(JSONError(.path(""), "it would not be read back as it is"))
            }
        } catch {
            throw CommandFailure(.error, "the plan cannot be saved: \(error)")
        }
        try PrivateFile.replace(FilePath(path), with: plan.text, holding: SavedPlan.kind)
    }

    private func review() throws {
        let hosts = try inventories.hosts()
        let otherwise = try profile.map { path throws(CommandFailure) in try ProfileArgument.read(path) }
        let review = ReviewOutput(json: json, detailedExitcode: detailedExitcode)
        let status = try review.write(
            hosts, inventories.profiles(otherwise: otherwise), backupLimit: try backup.limit())
        if status != .done { throw Ending(status) }
    }

    /// Fails where the plan is refused. Addresses that only root may read are a lack of privilege.
    static func refuse(_ plan: Plan) throws {
        guard !plan.refusals.isEmpty else { return }
        let unknown = plan.refusals.allSatisfy {
            [.extentsUnknown, .labelsUnknown, .healthUnknown].contains($0.code)
        }
        throw Ending(unknown && Privilege.isMissing ? .notPermitted : .refused)
    }
}
