import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov recover`: ends what was interrupted.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Ends transactions that were interrupted by a crash, a kill or a power loss.",
        discussion: """
            One whose steps were all performed is committed; every other is undone, and the result verified. It can be \
            interrupted and run again.

            What somebody wrote to since is never given up or written over unasked: recovery stops, names it, and goes on \
            when it is run again with --allow-destroy NAME.

            Where that cannot succeed any more, say because another tool used what would have to be given back, \
            --abandon ID ends the transaction as it is: the host stays as it is, and so does what was saved. A transaction \
            that cannot be read is set aside by it.

            \(ExitStatus.table(.done, .error, .partial, .locked, .notPermitted))
            """
    )

    @Option(
        help: ArgumentHelp("Give up this interrupted transaction instead.", valueName: "id"),
        completion: HostCompletion.transactions)
    var abandon: String?
    @Flag(name: .shortAndLong, help: "Do not ask before giving up.") var yes = false
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .recover)
        let recover = RecoverUseCase(host, self.host.store, ConsoleDialogue())
        if let abandon {
            Console.report(try recover.giveUp(abandon, unasked: yes) + "\n")
            return extendLifetime(lock)
        }
        let result = try recover.run(consent.consent)
        if json { Console.report(result.report.json.text()) }
        for line in RecoveryReport.lines(result.unreadable) { Console.diagnose("daxprov: \(line)") }
        if let failure = result.failure {
            guard json else { throw failure }
            let failure = CommandFailure(failure)
            Console.diagnose(failure.text)
            throw Ending(failure.status)
        }
        // Recovery ends no wipe: whether it goes on is for its user to say.
        for wipe in try WipeStore(self.host.store).unfinished() {
            Console.diagnose("daxprov: \(WipeText.unfinished(wipe))")
        }
        try lock.requireNothingElsewhere()
        if !json, !result.foundSomething, result.unreadable.isEmpty {
            try Console.write("Nothing was interrupted.\n")
        }
        extendLifetime(lock)
        if !result.unreadable.isEmpty { throw Ending(.partial) }
    }
}
