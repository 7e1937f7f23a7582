import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov status`: is anything interrupted, and does the host still look as the last application left it?
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says what was interrupted, and what changed since the last application. Changes nothing.",
        discussion: """
            Exits with 5 where a transaction was interrupted, or cannot be read so that nobody knows: 'daxprov recover' \
            ends it. With --detailed-exitcode also with 2 where the host has changed, and with 1 where that could not \
            be seen.

            \(ExitStatus.table(.done, .error, .changesPending, .partial, .notPermitted))
            """
    )

    @Flag(help: "Print one JSON document.") var json = false
    @Flag(help: "Exit with 2 when the host has changed since the last application.") var detailedExitcode =
        false
    @OptionGroup var host: HostOptions

    func run() throws {
        let watch = self.host.watch
        let host = try host.makeHost()
        let status: HostStatus
        do throws(StateError) {
            status = try HostStatus(of: self.host.store) { () throws(HostError) in try host.observe() }
        } catch {
            throw CommandFailure(error)
        }
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        let report = StatusReport(status)
        try Console.write(json ? report.json.text() : report.text(width: Console.style.width))
        try self.host.requireNothingElsewhere()
        if status.isUnsettled { throw Ending(.partial) }
        guard detailedExitcode else { return }
        if status.unknown != nil { throw Ending(Privilege.isMissing ? .notPermitted : .error) }
        if !status.drift.isEmpty { throw Ending(.changesPending) }
    }
}
