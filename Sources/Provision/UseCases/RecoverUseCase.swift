public import ProvisionCore
public import ProvisionHost

/// Ending what was interrupted: as a command of its own, and before every other that changes the host. The host is claimed.
public struct RecoverUseCase {
    private let host: any RestoringHost
    private let store: TransactionStore
    private let dialogue: any Dialogue

    /// Ending what was interrupted on a host.
    public init(_ host: any RestoringHost, _ store: TransactionStore, _ dialogue: any Dialogue) {
        self.host = host
        self.store = store
        self.dialogue = dialogue
    }

    /// What a recovery came to.
    public struct Result {
        /// What it did.
        public var report: RecoveryReport
        /// Why something stays interrupted; nil where nothing does.
        public var failure: OperationError?
        /// Whether there was anything to end.
        public var foundSomething: Bool
        /// The transactions of which it is not known whether they were interrupted.
        public var unreadable: [UnreadableTransaction]
    }

    /// Ends what was interrupted, and tells it.
    /// - Parameter consent: what may be given up.
    public func run(_ consent: Consent) throws(OperationError) -> Result {
        do throws(OperationError) {
            try Recovery(host: host, store: store, consent: consent).requireKnownWords()
        } catch {
            throw error.asUnfinished
        }
        let outcome = try end(consent)
        let unreadable = try store.unreadable()
        return Result(
            report: RecoveryReport(outcome, unreadable: unreadable), failure: Self.failure(of: outcome),
            foundSomething: !outcome.recovered.isEmpty || !outcome.blocked.isEmpty, unreadable: unreadable)
    }

    /// What came of ending what was interrupted before something else is done.
    public struct First {
        /// Whether there was anything to end, so that recovery can have changed the host.
        public var hasRun: Bool
        /// Why something stays open; nil where nothing does. What that concerns must then be left alone (``require(apartFrom:_:)``).
        public var open: OperationError?
    }

    /// Ends what was interrupted, as far as that is possible, before something else is done: unasked, or when somebody says
    /// so.
    ///
    /// The words of that other use case are about what it does itself, and mean what its plan or review showed: none agrees
    /// to what recovery finds, which can have the same name.
    /// - Parameter unasked: whether nobody is to be asked.
    public func runFirst(unasked: Bool) throws(OperationError) -> First {
        let interrupted = try store.interrupted()
        if !interrupted.isEmpty, !unasked {
            let observed = try host.observe()
            for note in RecoveryForecast.notes(of: interrupted, on: observed, bootID: host.bootID) {
                dialogue.tell("\(note.address): \(note.message)")
            }
            try dialogue.confirm("Recover what was interrupted?")
        }
        let outcome = try end(Consent())
        var first = First(hasRun: !interrupted.isEmpty, open: Self.failure(of: outcome))
        if outcome.blocked.first?.error.isMissingConsent == true {
            let advice = first.open?.advice
            first.open?.advice = advice.map { "\($0), with daxprov recover" }
        }
        return first
    }

    /// Fails where something stays open that what is wanted has to do with; tells it otherwise.
    /// - Parameters:
    ///   - failure: why it stays open (``First/open``); nil where nothing does.
    ///   - concerns: whether these transactions have to do with it.
    public func require(
        apartFrom failure: OperationError?, _ concerns: ([TransactionLog]) -> Bool
    ) throws(OperationError) {
        guard let failure else { return }
        guard !concerns(try store.interrupted()) else { throw failure }
        dialogue.tell(failure)
    }

    /// Gives up what was interrupted, or cannot be read: the host stays as it is.
    /// - Parameters:
    ///   - text: what somebody calls the transaction, or the wipe.
    ///   - unasked: whether nobody is to be asked.
    /// - Returns: what became of it, in a sentence.
    public func giveUp(_ text: String, unasked: Bool) throws(OperationError) -> String {
        if WipeStore.canMean(text) { return try giveUpWipe(text, unasked: unasked) }
        let id = try store.name(meant: text)
        if try store.unreadable().contains(where: { $0.name == id }) {
            return try setAside(id, unasked: unasked)
        }
        if !unasked { try dialogue.confirm("Leave the host as transaction \(id) left it?") }
        try Recovery(host: host, store: store).abandon(id)
        return "Transaction \(id) is given up; the host stays as it is. daxprov show \(id) says what it was."
    }

    private func giveUpWipe(_ text: String, unasked: Bool) throws(OperationError) -> String {
        let wipes = WipeStore(store)
        let wipe = try wipes.wipe(text)
        if !unasked {
            try dialogue.confirm(
                "Leave \(TerminalText.clean(wipe.address)) with what \(wipe.id) did not zero?")
        }
        try wipes.abandon(wipe, at: WipeStore.now)
        return "\(wipe.id) is given up; what it did not zero stays as it is."
    }

    private func setAside(_ id: String, unasked: Bool) throws(OperationError) -> String {
        if !unasked {
            try dialogue.confirm(
                "Leave the host as it is, and set aside transaction \(id), which cannot be read?")
        }
        return "Transaction \(id) is set aside, in \(try store.setAside(id)); the host stays as it is."
    }

    /// Ends what was interrupted, and tells it.
    private func end(_ consent: Consent) throws(OperationError) -> Recovery.Outcome {
        let outcome: Recovery.Outcome
        do throws(OperationError) {
            outcome = try Recovery(
                host: host, store: store, consent: consent, interruption: .bySignals(),
                progress: dialogue.show
            ).run()
        } catch {
            throw Self.stopped(error)
        }
        for line in RecoveryReport(outcome).lines { dialogue.tell(line) }
        return outcome
    }

    private static func failure(of outcome: Recovery.Outcome) -> OperationError? {
        outcome.blocked.first.map { stopped($0.error, id: $0.id) }
    }

    private static func stopped(_ error: OperationError, id: String? = nil) -> OperationError {
        let what = "recovery\(id.map { " of \($0)" } ?? "") stopped"
        let last = "where it can never succeed: daxprov recover --abandon \(id ?? "ID")"
        return OperationError(
            .unfinished, "\(what): \(error.account)",
            advice: error.isMissingConsent ? error.advice : error.advice.map { "\($0); \(last)" } ?? last)
    }
}
