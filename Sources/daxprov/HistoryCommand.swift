import ProvisionCore
import ArgumentParser
import Provision

/// `daxprov history`: the recorded transactions.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the recorded transactions, the oldest first.",
        discussion: """
            A transaction is one run of 'daxprov apply'. The youngest that is committed is what 'daxprov rollback' undoes. A \
            rollback has a line of its own, and so has a run of 'daxprov wipe', which cannot be undone. A transaction that cannot be read is listed with what is wrong.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let store = host.store
        let readings = try store.readings()
        let report = HistoryReport(
            readings, details: json ? details(of: readings, in: store) : [:],
            setAside: try store.setAsideNames(), wipes: try WipeStore(store).all())
        try Console.write(json ? report.json.text() : report.text(width: Console.style.width))
    }

    private func details(
        of readings: [TransactionReading], in store: TransactionStore
    ) -> [String: TransactionLog] {
        var details: [String: TransactionLog] = [:]
        for summary in readings.compactMap(\.summary) { details[summary.id] = try? store.outline(summary.id) }
        return details
    }
}
