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
            --abandon ID ends the transaction as it is: the host stays as it is, and so does what was saved. A transaction \
            that cannot be read is set aside by it.

            \(ExitStatus.table(.done, .error, .partial, .locked, .notPermitted))
            """
    )

    @Option(help: ArgumentHelp("Give up this interrupted transaction instead.", valueName: "id"))
    var abandon: String?
    @Flag(name: .shortAndLong, help: "Do not ask before giving up.") var yes = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock()
        if let abandon {
            try giveUp(abandon, host)
            return extendLifetime(lock)
        }
        let count = try Self.recover(host, self.host.store)
        let unreadable = try CommandFailure.onState { () throws(StateError) in
            try self.host.store.unreadable()
        }
        if count == 0, unreadable.isEmpty { try Console.write("Nothing was interrupted.\n") }
        for line in RecoveryReport.lines(unreadable) { Console.diagnose("daxprov: \(line)") }
        extendLifetime(lock)
        if !unreadable.isEmpty { throw Ending(.partial) }
    }

    /// Ends what was interrupted as far as that is possible: nil, or why something stays open. What it concerns must then be
    /// left alone (``require(apartFrom:in:_:)``).
    static func recoverWhatCanBe(
        _ host: any RestoringHost, _ store: TransactionStore
    ) throws -> CommandFailure? {
        do {
            try recover(host, store)
            return nil
        } catch let failure as CommandFailure where failure.status == .partial {
            guard !Interruption.bySignals().isRequested else { throw failure }
            return failure
        }
    }

    /// Fails where something stays open (see ``recoverWhatCanBe(_:_:)``) that what is wanted has to do with; says it
    /// otherwise.
    static func require(
        apartFrom failure: CommandFailure?, in store: TransactionStore, _ concerns: ([TransactionLog]) -> Bool
    ) throws {
        guard let failure else { return }
        let open = try CommandFailure.onState { () throws(StateError) in try store.interrupted() }
        guard !concerns(open) else { throw failure }
        Console.diagnose(failure.text)
    }

    private func giveUp(_ text: String, _ host: any RestoringHost) throws {
        let store = self.host.store
        let (id, isUnreadable) = try CommandFailure.onState { () throws(StateError) in
            let id = try store.name(meant: text)
            return (id, try store.unreadable().contains { $0.name == id })
        }
        if isUnreadable { return try setAside(id, store) }
        if !yes { try Question.confirm("Leave the host as transaction \(id) left it?") }
        do throws(ExecutionError) {
            try Recovery(host: host, store: store).abandon(id)
        } catch {
            throw CommandFailure(error)
        }
        try Console.write(
            "Transaction \(id) is given up; the host stays as it is. daxprov show \(id) says what it was.\n")
    }

    private func setAside(_ id: String, _ store: TransactionStore) throws {
        if !yes {
            try Question.confirm(
                "Leave the host as it is, and set aside transaction \(id), which cannot be read?")
        }
        let place = try CommandFailure.onState { () throws(StateError) in try store.setAside(id) }
        try Console.write("Transaction \(id) is set aside, in \(place); the host stays as it is.\n")
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
            guard item.end == .rolledBack else {
                Console.diagnose("daxprov: transaction \(item.id) was interrupted: \(item.end.phrase)")
                continue
            }
            Console.diagnose("daxprov: transaction \(item.id) was interrupted, and is undone")
            for line in UndoText.undone(item.id, afterReboot: item.afterReboot) {
                Console.diagnose("daxprov: \(line)")
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
