import ArgumentParser
import Provision

/// `daxprov history`: the recorded transactions.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the recorded transactions, the oldest first.",
        discussion: """
            A transaction is one run of 'daxprov apply'. The youngest that is committed is what 'daxprov rollback' undoes.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let report = HistoryReport(
            try CommandFailure.onState { () throws(StateError) in try host.store.logs() })
        try Console.write(json ? report.json.text() : report.text)
    }
}
