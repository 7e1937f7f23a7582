import ProvisionCore
import ArgumentParser
import Glibc
import Provision
import SystemPackage

/// `daxprov show`: one transaction, or a saved plan.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a recorded transaction, or a saved plan.",
        discussion: """
            Of a transaction: its steps, how far they came, what was saved. Of a plan that 'daxprov plan -o' saved: what \
            it would do, and whether it is stale on this host, as far as the caller may look at it: then it exits with 6. \
            Nothing is changed.

            \(ExitStatus.table(.done, .error, .stale, .badProfile, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The transaction, as 'daxprov history' names it: its number is enough. Or the file of a saved plan.",
            valueName: "id-or-file"),
        completion: .file())
    var subject: String
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        guard isTransaction else { return try showPlan() }
        let report = TransactionReport(
            try host.store.outline(try host.store.name(meant: subject)))
        try Console.write(json ? report.json.text() : report.text(width: Console.style.width))
    }

    /// Whether a transaction is meant: what is named as one, and is no file.
    private var isTransaction: Bool {
        unsafe access(subject, F_OK) != 0 && TransactionStore.canMean(subject)
    }

    private func showPlan() throws {
        if unsafe subject != "-" && access(subject, F_OK) != 0 && errno == ENOENT {
            throw CommandFailure(
                .error, "there is no transaction \(subject), and no file of that name",
                advice: "daxprov history lists the transactions; daxprov plan PROFILE -o FILE saves a plan")
        }
        guard case .plan(let saved) = try ApplyInput.read(subject) else {
            throw CommandFailure(
                .badProfile, "\(subject) is no saved plan",
                advice: "daxprov plan PROFILE -o FILE saves one; daxprov history lists transactions")
        }
        let report = SavedPlanReport(saved, differences: differences(saved))
        try Console.write(json ? report.json.text() : report.text(Console.style))
        if report.differences?.isEmpty == false { throw Ending(.stale) }
    }

    /// What differs on the host; nil where there is none that can be looked at. Only root sees where namespaces lie.
    private func differences(_ saved: SavedPlan) -> [PlanDifference]? {
        guard host.isSimulated || !Privilege.isMissing, let host = try? host.makeHost(),
            let prepared = try? Application(of: saved, to: host).prepare(), !prepared.observed.buses.isEmpty
        else { return nil }
        return prepared.differences
    }
}
