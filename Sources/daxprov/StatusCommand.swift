import ArgumentParser
import Provision

/// `daxprov status`: is anything interrupted, and does the host still look as the last application left it?
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says what was interrupted, and what changed since the last application. Changes nothing.",
        discussion: """
            Exits with 5 where a transaction was interrupted: 'daxprov recover' ends it.

            \(ExitStatus.table(.done, .error, .partial, .notPermitted))
            """
    )

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
        try Console.write(status.text)
        try self.host.requireNothingElsewhere()
        if !status.interrupted.isEmpty { throw Ending(.partial) }
    }
}
