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

            What somebody wrote to since is never given up or written over unasked: recovery stops, names it, and goes on \
            when it is run again with --allow-destroy NAME.

            Where that cannot succeed any more, say because another tool used what would have to be given back, \
            --abandon ID ends the transaction as it is: the host stays as it is, and so does what was saved.

            \(ExitStatus.table(.done, .error, .partial, .locked, .notPermitted))
            """
    )

    @Option(help: ArgumentHelp("Give up this interrupted transaction instead.", valueName: "id"))
    var abandon: String?
    @Flag(name: .shortAndLong, help: "Do not ask before giving up.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .recover)
        if let abandon {
            try giveUp(abandon, host)
            return extendLifetime(lock)
        }
        let count = try Self.recover(host, self.host.store, consent.consent)
        try lock.requireNothingElsewhere()
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
        Console.report(
            "Transaction \(id) is given up; the host stays as it is. daxprov show \(id) says what it was.\n")
    }

    /// Ends what was interrupted, and says so. Returns how many there were.
    /// - Parameter others: whether it is enough that what cannot be ended concerns other regions: gets these.
    @discardableResult
    static func recover(
        _ host: any RestoringHost, _ store: TransactionStore, _ consent: Consent,
        allowing others: ([RegionIdentity]) -> Bool = { _ in false }
    ) throws -> Int {
        let outcome: Recovery.Outcome
        do throws(ExecutionError) {
            outcome = try Recovery(
                host: host, store: store, consent: consent, interruption: .bySignals(),
                progress: Console.show
            ).run()
        } catch {
            throw stopped(error)
        }
        for item in outcome.recovered { show(item) }
        for blocked in outcome.blocked {
            let failure = stopped(blocked.error, id: blocked.id)
            guard others(blocked.regions) else { throw failure }
            Console.diagnose(failure.text)
        }
        return outcome.recovered.count
    }

    private static func stopped(_ error: ExecutionError, id: String? = nil) -> CommandFailure {
        var failure = CommandFailure(error, status: .partial)
        failure.message = "recovery\(id.map { " of \($0)" } ?? "") stopped: \(failure.message)"
        guard case .consentMissing = error else {
            let last = "where it can never succeed: daxprov recover --abandon \(id ?? "ID")"
            failure.advice = failure.advice.map { "\($0); \(last)" } ?? last
            return failure
        }
        return failure
    }

    private static func show(_ item: Recovery.Recovered) {
        Console.diagnose("daxprov: transaction \(item.id) was interrupted: \(item.end.phrase)")
        for line in item.differences { Console.diagnose("daxprov: since then: \(TerminalText.clean(line))") }
        for line in item.undone.lines { Console.diagnose("daxprov: \(TerminalText.clean(line))") }
    }
}

extension Undone {
    /// What has to be known beyond that it was undone, a line each.
    var lines: [String] {
        returned.compactMap { namespace in
            guard let looked = namespace.looked, !looked.isWhole else { return nil }
            return "\(namespace.name) has its layout and identity again, not all of its data: \(looked.changed) of "
                + "\(looked.pages) places that were looked at were written since"
        } + left.map { "\($0) is left as it is: it has its label and place, and somebody has written to it since" }
            + afterReboot.map { "the namespace of \($0) is back after the next reboot" }
    }
}

extension TransactionEnd {
    /// The end in words.
    var phrase: String {
        switch self {
        case .committed: "all its steps had been done, and it is committed"
        case .incomplete: "all its steps had been done, and the host differs from the profile"
        case .rolledBack: "it is undone, and what it touched is as it was before"
        case .abandoned: "it was given up, and the host is as that left it"
        }
    }
}
