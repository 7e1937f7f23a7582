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
        try requireTransaction()
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .rollback)
        let store = self.host.store
        let open = try RecoverCommand.recoverFirst(host, store, yes: yes)
        let (log, later) = try CommandFailure.translating { () throws(OperationError) in
            try store.undoable(id)
        }
        let (observed, findings) = try CommandFailure.translating { () throws(OperationError) in
            let observed = try self.host.observe(host)
            var query = UseQuery(
                targets: RollbackReview.targets(of: log, on: observed), claimsDevices: true)
            query.devices = RollbackReview.devices(of: log, on: observed)
            return (observed, try host.examine(query))
        }
        let safeguards = self.host.safeguards
        try RecoverCommand.require(apartFrom: open, in: store) {
            UnsettledRegions.concern(log, on: observed, $0)
        }
        try CommandFailure.translating { () throws(OperationError) in try safeguards.requireKnown() }
        var review = RollbackReview(
            of: log, on: observed, later: later, consent: consent.consent, marks: safeguards.marks,
            findings: findings)
        review.refusals += UnsettledRegions.refusals(for: log, on: observed, safeguards.unreadable)
        let isAsking = !yes && Question.isPossible && review.lacksConsentAlone
        try show(review, refusals: isAsking ? [] : review.refusals, of: log)
        guard isAsking || review.refusals.isEmpty else {
            if json {
                let ending = RollbackReport.Ending.refused(review.refusals)
                try Console.write(
                    RollbackReport(of: log.header.id, promises: review.promises, ending).json.text())
            }
            throw Ending(.refused)
        }
        var consent = consent.consent
        if isAsking {
            consent = try ask(review.requests)
            try requireUnchanged(host, since: observed)
        } else if !yes {
            throw Question.impossible
        }
        try rollBack(log.header.id, host, store, consent, promises: review.promises)
        extendLifetime(lock)
    }

    /// Refuses a wipe, which history lists as well.
    private func requireTransaction() throws(CommandFailure) {
        guard let id, WipeStore.canMean(id) else { return }
        let wipe = try CommandFailure.translating { () throws(OperationError) in
            try WipeStore(host.store).wipe(id)
        }
        throw CommandFailure(.refused, WipeText.irreversible(wipe), advice: "restore its data from a backup")
    }

    private func ask(_ requests: [ConsentRequest]) throws -> Consent {
        guard requests.isEmpty else { return try Question.agree(requests, to: consent.consent) }
        try Question.confirm("Undo this transaction?")
        return consent.consent
    }

    /// Time has passed while somebody was asked, and other tools take no lock of ours.
    private func requireUnchanged(_ host: any RestoringHost, since observed: Observed) throws {
        let now = try CommandFailure.translating { () throws(OperationError) in try host.observe() }
        guard HostSnapshot(now) != HostSnapshot(observed) else { return }
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
        let text = lines.map { $0 + "\n" }.joined()
        if json { Console.diagnose(text) } else { try Console.write(text) }
    }

    private func rollBack(
        _ id: String, _ host: any RestoringHost, _ store: TransactionStore, _ consent: Consent,
        promises: [String]
    ) throws {
        let recovery = Recovery(
            host: host, store: store, consent: consent, interruption: .bySignals(), progress: Console.show)
        let undone: Undone
        do throws(OperationError) {
            undone = try recovery.rollBack(id)
        } catch {
            let failure = CommandFailure(error, status: .partial)
            guard error.isMissingConsent else { throw failure }
            // It has its end again where nothing was removed.
            let isUntouched = (try? store.outline(id))?.end != nil
            throw CommandFailure(
                isUntouched ? .refused : .partial,
                (isUntouched ? "nothing was undone: " : "undoing stopped half-way: ") + failure.message,
                advice: isUntouched ? failure.advice : failure.advice.map { "\($0), with daxprov recover" })
        }
        Console.report(
            json
                ? RollbackReport(of: id, promises: promises, .undone(undone)).json.text()
                : UndoText.undone(id, undone).map { $0 + "\n" }.joined())
    }
}
