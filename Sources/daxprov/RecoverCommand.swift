import ArgumentParser
import Provision

/// `daxprov recover`: ends what was interrupted.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Ends transactions that were interrupted by a crash, a kill or a power loss.",
        discussion: """
            One whose steps were all performed is committed; every other is undone, and the result verified. It can be \
            interrupted and run again.

            Where that cannot succeed any more, say because another tool used what would have to be given back, \
            --abandon ID ends the transaction as it is: the host stays as it is, and so does what was saved.

            \(ExitStatus.table(.done, .error, .partial, .locked, .notPermitted))
            """
    )

    @Option(help: ArgumentHelp("Give up this interrupted transaction instead.", valueName: "id"))
    var abandon: String?
    @Flag(name: .shortAndLong, help: "Do not ask before giving up.") var yes = false
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting)
        if let abandon {
            try giveUp(abandon, host)
            return extendLifetime(lock)
        }
        let count = try Self.recover(host, self.host.store)
        if count == 0 { try Console.write("Nothing was interrupted.\n") }
        extendLifetime(lock)
    }

    private func giveUp(_ id: String, _ host: any RestoringHost) throws {
        if !yes { try Question.confirm("Leave the host as transaction \(id) left it?") }
        do throws(ExecutionError) {
            try Recovery(host: host, store: self.host.store).abandon(id)
        } catch {
            throw CommandFailure(error)
        }
        try Console.write(
            "Transaction \(id) is given up; the host stays as it is. daxprov show \(id) says what it was.\n")
    }

    /// Ends what was interrupted, and says so. Returns how many there were.
    @discardableResult
    static func recover(_ host: any RestoringHost, _ store: TransactionStore) throws -> Int {
        let recovered: [Recovery.Recovered]
        do throws(ExecutionError) {
            recovered = try Recovery(
                host: host, store: store, interruption: .bySignals(), progress: Console.show
            ).run()
        } catch {
            var failure = CommandFailure(error, status: .partial)
            failure.message = "recovery stopped: \(failure.message)"
            let last = "where it can never succeed: daxprov recover --abandon ID"
            failure.advice = failure.advice.map { "\($0); \(last)" } ?? last
            throw failure
        }
        for item in recovered {
            Console.diagnose("daxprov: transaction \(item.id) was interrupted: \(item.end.phrase)")
            for region in item.afterReboot {
                Console.diagnose("daxprov: the namespace of \(region) is back after the next reboot")
            }
        }
        return recovered.count
    }
}

extension TransactionEnd {
    /// The end in words.
    var phrase: String {
        switch self {
        case .committed: "all its steps had been done, and it is committed"
        case .incomplete: "all its steps had been done, and the host differs from the profile"
        case .rolledBack: "it is undone, and the host is as it was before"
        case .abandoned: "it was given up, and the host is as that left it"
        }
    }
}
