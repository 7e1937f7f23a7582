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
        if let abandon {
            try giveUp(abandon, host)
            return extendLifetime(lock)
        }
        do throws(OperationError) {
            try Recovery(host: host, store: self.host.store, consent: consent.consent).requireKnownWords()
        } catch {
            throw CommandFailure(error, status: .partial)
        }
        let outcome = try Self.run(host, self.host.store, consent.consent)
        let unreadable = try CommandFailure.translating { () throws(OperationError) in
            try self.host.store.unreadable()
        }
        let report = RecoveryReport(outcome, unreadable: unreadable)
        if json { Console.report(report.json.text()) }
        for line in RecoveryReport.lines(unreadable) { Console.diagnose("daxprov: \(line)") }
        if let failure = Self.failure(of: outcome) {
            guard json else { throw failure }
            Console.diagnose(failure.text)
            throw Ending(failure.status)
        }
        // Recovery ends no wipe: whether it goes on is for its user to say.
        let wipes = try CommandFailure.translating { () throws(OperationError) in
            try WipeStore(self.host.store).unfinished()
        }
        for wipe in wipes { Console.diagnose("daxprov: \(WipeText.unfinished(wipe))") }
        try lock.requireNothingElsewhere()
        if !json, outcome.recovered.isEmpty, unreadable.isEmpty {
            try Console.write("Nothing was interrupted.\n")
        }
        extendLifetime(lock)
        if !unreadable.isEmpty { throw Ending(.partial) }
    }

    /// Ends what was interrupted, as far as that is possible, before another command does something: with `yes`, or when
    /// somebody at the terminal says so. Nil, or why something stays open: what that concerns must then be left alone
    /// (``require(apartFrom:in:_:)``).
    ///
    /// The words of that command are about what it does itself, and mean what its plan or review showed: none agrees to
    /// what recovery finds, which can have the same name.
    static func recoverFirst(
        _ host: any RestoringHost, _ store: TransactionStore, yes: Bool
    ) throws -> CommandFailure? {
        let interrupted = try CommandFailure.translating { () throws(OperationError) in
            try store.interrupted()
        }
        if !interrupted.isEmpty, !yes {
            let observed = try CommandFailure.translating { () throws(OperationError) in try host.observe() }
            for note in RecoveryForecast.notes(of: interrupted, on: observed, bootID: host.bootID) {
                Console.diagnose("daxprov: \(TerminalText.clean("\(note.address): \(note.message)"))")
            }
            try Question.confirm("Recover what was interrupted?")
        }
        let outcome = try run(host, store, Consent())
        guard var failure = failure(of: outcome) else { return nil }
        if outcome.blocked.first?.error.isMissingConsent == true {
            failure.advice = failure.advice.map { "\($0), with daxprov recover" }
        }
        return failure
    }

    /// Fails where something stays open (see ``recoverFirst(_:_:yes:)``) that what is wanted has to do with; says it
    /// otherwise.
    static func require(
        apartFrom failure: CommandFailure?, in store: TransactionStore, _ concerns: ([TransactionLog]) -> Bool
    ) throws {
        guard let failure else { return }
        let open = try CommandFailure.translating { () throws(OperationError) in try store.interrupted() }
        guard !concerns(open) else { throw failure }
        Console.diagnose(failure.text)
    }

    private func giveUp(_ text: String, _ host: any RestoringHost) throws {
        let store = self.host.store
        if WipeStore.canMean(text) { return try giveUpWipe(text, WipeStore(store)) }
        let (id, isUnreadable) = try CommandFailure.translating { () throws(OperationError) in
            let id = try store.name(meant: text)
            return (id, try store.unreadable().contains { $0.name == id })
        }
        if isUnreadable { return try setAside(id, store) }
        if !yes { try Question.confirm("Leave the host as transaction \(id) left it?") }
        do throws(OperationError) {
            try Recovery(host: host, store: store).abandon(id)
        } catch {
            throw CommandFailure(error)
        }
        Console.report(
            "Transaction \(id) is given up; the host stays as it is. daxprov show \(id) says what it was.\n")
    }

    private func giveUpWipe(_ text: String, _ store: WipeStore) throws {
        let wipe = try CommandFailure.translating { () throws(OperationError) in try store.wipe(text) }
        if !yes {
            try Question.confirm(
                "Leave \(TerminalText.clean(wipe.address)) with what \(wipe.id) did not zero?")
        }
        try CommandFailure.translating { () throws(OperationError) in
            try store.abandon(wipe, at: WipeStore.now)
        }
        Console.report("\(wipe.id) is given up; what it did not zero stays as it is.\n")
    }

    private func setAside(_ id: String, _ store: TransactionStore) throws {
        if !yes {
            try Question.confirm(
                "Leave the host as it is, and set aside transaction \(id), which cannot be read?")
        }
        let place = try CommandFailure.translating { () throws(OperationError) in try store.setAside(id) }
        try Console.write("Transaction \(id) is set aside, in \(place); the host stays as it is.\n")
    }

    /// Ends what was interrupted, and says so.
    private static func run(
        _ host: any RestoringHost, _ store: TransactionStore, _ consent: Consent
    ) throws -> Recovery.Outcome {
        let outcome: Recovery.Outcome
        do throws(OperationError) {
            outcome = try Recovery(
                host: host, store: store, consent: consent, interruption: .bySignals(),
                progress: Console.show
            ).run()
        } catch {
            throw stopped(error)
        }
        for line in RecoveryReport(outcome).lines { Console.diagnose("daxprov: \(line)") }
        return outcome
    }

    /// Why something stays interrupted; nil where nothing does.
    private static func failure(of outcome: Recovery.Outcome) -> CommandFailure? {
        outcome.blocked.first.map { stopped($0.error, id: $0.id) }
    }

    private static func stopped(_ error: OperationError, id: String? = nil) -> CommandFailure {
        var failure = CommandFailure(error, status: .partial)
        failure.message = "recovery\(id.map { " of \($0)" } ?? "") stopped: \(failure.message)"
        if error.isMissingConsent { return failure }
        let last = "where it can never succeed: daxprov recover --abandon \(id ?? "ID")"
        failure.advice = failure.advice.map { "\($0); \(last)" } ?? last
        return failure
    }
}
