import ArgumentParser
import Provision

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
            "The transaction, as 'daxprov history' names it: its number is enough.", valueName: "id"))
    var id: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var host: HostOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock()
        let store = self.host.store
        let open = try RecoverCommand.recoverWhatCanBe(host, store)
        let (log, later) = try CommandFailure.onState { () throws(StateError) in try store.undoable(id) }
        let (observed, findings) = try CommandFailure.translating { () throws(HostError) in
            let observed = try host.observe()
            let targets = RollbackReview.targets(of: log, on: observed)
            return (observed, try host.examine(Examination(targets: targets, claimsDevices: true)))
        }
        let safeguards = self.host.safeguards
        try RecoverCommand.require(apartFrom: open, in: store) {
            UnsettledRegions.concern(log, on: observed, $0)
        }
        try CommandFailure.onState { () throws(StateError) in try safeguards.requireKnown() }
        var review = RollbackReview(
            of: log, on: observed, later: later, consent: consent.consent, marks: safeguards.marks,
            findings: findings)
        review.refusals += UnsettledRegions.refusals(for: log, on: observed, safeguards.unreadable)
        let isAsking = !yes && Question.isPossible && review.lacksConsentAlone
        try show(review, refusals: isAsking ? [] : review.refusals, of: log)
        guard isAsking || review.refusals.isEmpty else { throw Ending(.refused) }
        if isAsking {
            try ask(review.requests)
            try requireUnchanged(host, since: observed)
        } else if !yes {
            throw Question.impossible
        }
        try rollBack(log.header.id, host, store)
        extendLifetime(lock)
    }

    private func ask(_ requests: [ConsentRequest]) throws {
        guard requests.isEmpty else {
            _ = try Question.agree(requests, to: consent.consent)
            return
        }
        try Question.confirm("Undo this transaction?")
    }

    /// Time has passed while somebody was asked, and other tools take no lock of ours.
    private func requireUnchanged(_ host: any RestoringHost, since observed: Observed) throws {
        let now = try CommandFailure.translating { () throws(HostError) in try host.observe() }
        guard HostFacts(now) != HostFacts(observed) else { return }
        throw CommandFailure(
            .stale, "the host changed while you were asked",
            advice: "nothing was touched; look, and try again")
    }

    private func show(
        _ review: RollbackReview, refusals: [Refusal], of log: TransactionLog
    ) throws {
        var lines = ["Undoing transaction \(log.header.id):"]
        lines += log.header.steps.indices.reversed().filter { log.begun[$0] != nil }
            .map { "      undo: \(TerminalText.clean(log.header.steps[$0].phrase))" }
        lines += review.promises.map { "  brings back \(TerminalText.clean($0))" }
        lines += RefusalText.lines(refusals, source: log.header.source, Console.style)
        try Console.write(lines.map { $0 + "\n" }.joined())
    }

    private func rollBack(_ id: String, _ host: any RestoringHost, _ store: TransactionStore) throws {
        let recovery = Recovery(
            host: host, store: store, interruption: .bySignals(), progress: Console.show)
        let pending: [String]
        do throws(ExecutionError) {
            pending = try recovery.rollBack(id)
        } catch {
            throw CommandFailure(error, status: .partial)
        }
        try Console.write(UndoText.undone(id, afterReboot: pending).map { $0 + "\n" }.joined())
    }
}
