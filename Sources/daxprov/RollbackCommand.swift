import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov rollback`: undoes an applied transaction.
struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Undoes an applied transaction: the last one, or the one named.",
        discussion: """
            Brings back the namespaces that it destroyed or changed, with their UUIDs, names, places and, where nothing \
            wrote over it, their data; and removes those that it created, which needs --allow-destroy NAME for each: on a \
            terminal and without --yes, each name is to be typed instead. Refused where the host has changed since.

            \(ExitStatus.table(.done, .error, .refused, .partial, .stale, .locked, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The transaction, as 'daxprov history' names it: its number is enough.", valueName: "id"),
        completion: HostCompletion.transactions)
    var id: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        try RollbackUseCase.requireTransaction(id, in: host.store)
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .rollback)
        let report = try RollbackUseCase(host, self.host.site, ConsoleDialogue()).run(
            id, consent.consent, unasked: yes, showing: show)
        if case .refused = report.ending {
            if json { try Console.write(report.json.text()) }
            throw Ending(.refused)
        }
        Console.report(json ? report.json.text() : report.text)
        extendLifetime(lock)
    }

    private func show(_ preview: RollbackPreview) throws(OperationError) {
        if json { Console.diagnose(preview.text()) } else { try Console.write(preview.text(Console.style)) }
    }
}
