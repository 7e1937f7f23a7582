public import ProvisionCore
public import ProvisionHost

/// Undoing a transaction that was applied. The host is claimed.
public struct RollbackUseCase {
    private let host: any RestoringHost
    private let site: HostSite
    private let dialogue: any Dialogue

    /// Undoing a transaction of a host.
    public init(_ host: any RestoringHost, _ site: HostSite, _ dialogue: any Dialogue) {
        self.host = host
        self.site = site
        self.dialogue = dialogue
    }

    /// Refuses a wipe, which history lists as well.
    /// - Parameter text: what somebody calls the transaction; nil: the last that can be undone.
    public static func requireTransaction(_ text: String?, in store: TransactionStore) throws(OperationError)
    {
        guard let text, WipeStore.canMean(text) else { return }
        throw OperationError(
            .declined, WipeText.irreversible(try WipeStore(store).wipe(text)),
            advice: "restore its data from a backup")
    }

    /// Undoes a transaction.
    /// - Parameters:
    ///   - text: what somebody calls it; nil: the last that can be undone.
    ///   - unasked: whether nobody is to be asked.
    ///   - show: shows what will be done, and why it may not be, before anybody is asked.
    public func run(
        _ text: String?, _ consent: Consent, unasked: Bool,
        showing show: (RollbackPreview) throws(OperationError) -> Void
    ) throws(OperationError) -> RollbackReport {
        let recover = RecoverUseCase(host, site.store, dialogue)
        let first = try recover.runFirst(unasked: unasked)
        do throws(OperationError) {
            return try run(text, consent, after: first, recover, unasked: unasked, showing: show)
        } catch {
            throw error.told(afterRecovery: first.hasRun)
        }
    }

    private func run(
        _ text: String?, _ consent: Consent, after first: RecoverUseCase.First, _ recover: RecoverUseCase,
        unasked: Bool, showing show: (RollbackPreview) throws(OperationError) -> Void
    ) throws(OperationError) -> RollbackReport {
        let (log, later) = try site.store.undoable(text)
        let observed = try site.observe(host)
        let findings = try findings(of: log, on: observed)
        let safeguards = site.safeguards
        try recover.require(apartFrom: first.open) { UnsettledRegions.concern(log, on: observed, $0) }
        try safeguards.requireKnown()
        var review = RollbackReview(
            of: log, on: observed, later: later, consent: consent, marks: safeguards.marks,
            findings: findings, bootID: host.bootID)
        review.refusals += UnsettledRegions.refusals(for: log, on: observed, safeguards.unreadable)
        let isAsking = !unasked && dialogue.canAsk && review.lacksConsentAlone
        try show(RollbackPreview(log, review, refusals: isAsking ? [] : review.refusals))
        let id = log.header.id
        guard isAsking || review.refusals.isEmpty else {
            return RollbackReport(of: id, promises: review.promises, .refused(review.refusals))
        }
        var consent = consent
        if !unasked {
            consent = try ask(review.requests, consent)
            try requireUnchanged(since: observed)
        }
        return RollbackReport(of: id, promises: review.promises, .undone(try undo(id, consent)))
    }

    private func findings(
        of log: TransactionLog, on observed: Observed
    ) throws(OperationError) -> UseReport {
        var query = UseQuery(targets: RollbackReview.targets(of: log, on: observed), claimsDevices: true)
        query.devices = RollbackReview.devices(of: log, on: observed)
        return try host.examine(query)
    }

    private func ask(
        _ requests: [ConsentRequest], _ consent: Consent
    ) throws(OperationError) -> Consent {
        guard requests.isEmpty else { return try dialogue.agree(requests, to: consent) }
        try dialogue.confirm("Undo this transaction?")
        return consent
    }

    /// Time has passed while somebody was asked, and other tools take no lock of ours.
    private func requireUnchanged(since observed: Observed) throws(OperationError) {
        guard HostSnapshot(try host.observe()) != HostSnapshot(observed) else { return }
        throw OperationError(
            .changed, "the host changed while you were asked",
            advice: "\(UntouchedText.advice); look, and try again")
    }

    private func undo(_ id: String, _ consent: Consent) throws(OperationError) -> Undone {
        let recovery = Recovery(
            host: host, store: site.store, consent: consent, interruption: .bySignals(),
            progress: dialogue.show)
        do throws(OperationError) {
            return try recovery.rollBack(id)
        } catch {
            guard case .consentMissing = error.kind else { throw error.asUnfinished }
            // It has its end again where nothing was removed.
            guard (try? site.store.outline(id))?.end != nil else {
                throw OperationError(
                    .unfinished, "undoing stopped half-way: \(error.account)",
                    advice: error.advice.map { "\($0), with daxprov recover" })
            }
            throw OperationError(.declined, "nothing was undone: \(error.account)", advice: error.advice)
        }
    }
}

/// What undoing a transaction will do, and why it may not.
public struct RollbackPreview {
    private let log: TransactionLog
    private let review: RollbackReview
    private let refusals: [Refusal]

    init(_ log: TransactionLog, _ review: RollbackReview, refusals: [Refusal]) {
        self.log = log
        self.review = review
        self.refusals = refusals
    }

    /// For a person.
    public func text(_ style: TextStyle = .plain) -> String {
        var lines = ["Undoing transaction \(log.header.id):"]
        lines += log.header.steps.indices.reversed().filter { log.begun[$0] != nil }
            .map { "      undo: \(TerminalText.clean(log.header.steps[$0].phrase))" }
        lines += review.promises.map { "  brings back \(TerminalText.clean($0))" }
        lines += RefusalText.lines(refusals, source: log.header.source, style)
        return lines.map { $0 + "\n" }.joined()
    }
}
