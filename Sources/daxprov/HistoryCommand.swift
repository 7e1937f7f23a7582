import ArgumentParser
import Provision

/// `daxprov history`: the recorded transactions.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the recorded transactions, the oldest first.",
        discussion: """
            A transaction is one run of 'daxprov apply'. The youngest that is committed is what 'daxprov rollback' undoes.

            \(ExitStatus.table(.done, .error))
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

/// `daxprov show`: one transaction.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows a recorded transaction: its steps, how far they came, what was saved.",
        discussion: """
            Nothing is changed, and the host is not looked at.

            \(ExitStatus.table(.done, .error))
            """
    )

    @Argument(help: ArgumentHelp("The transaction, as 'daxprov history' names it.", valueName: "id"))
    var id: String
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let report = TransactionReport(
            try CommandFailure.onState { () throws(StateError) in try host.store.log(id) })
        try Console.write(json ? report.json.text() : report.text)
    }
}
