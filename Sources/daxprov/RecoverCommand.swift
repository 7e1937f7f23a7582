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

            \(ExitStatus.table(.done, .error, .refused, .partial, .locked, .notPermitted))
            """
    )

    @OptionGroup var host: HostOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock()
        let count = try Self.recover(host, self.host.store)
        if count == 0 { try Console.write("Nothing was interrupted.\n") }
        extendLifetime(lock)
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
            var failure = CommandFailure(error)
            if failure.status == .error || failure.status == .stale { failure.status = .partial }
            failure.message = "recovery stopped: \(failure.message)"
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
        }
    }
}
