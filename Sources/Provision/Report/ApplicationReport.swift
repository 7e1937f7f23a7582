public import ProvisionCore

/// How an application of a profile ended, as a report: one value, a text and a JSON document.
public struct ApplicationReport: Sendable {
    /// How it ended.
    public let ending: Application.Ending
    /// The plan that was to be applied.
    public let plan: PlanReport
    /// The transaction that recorded it; nil where none did.
    public let record: TransactionLog?
    private let options: [String]
    private let isAfterRecovery: Bool

    /// The report of this ending.
    /// - Parameters:
    ///   - options: what a command about the same host and record needs, such as `--state-dir DIR`.
    ///   - isAfterRecovery: whether a recovery ran first in the same run, which can have changed the host.
    public init(
        _ ending: Application.Ending, plan: PlanReport, record: TransactionLog? = nil, options: [String] = [],
        isAfterRecovery: Bool = false
    ) {
        self.ending = ending
        self.plan = plan
        self.record = record
        self.options = options
        self.isAfterRecovery = isAfterRecovery
    }

    /// The ending for a person: what was done, what was not, and what to do.
    public func text(_ style: TextStyle = .plain) -> String {
        let lines: [String] =
            switch ending {
            // The plan's own text has said the rest.
            case .unchanged(let proofs): ProofText.lines(proofs, style)
            case .refused(let refusals):
                RefusalText.lines(unseen(refusals), source: plan.source, style)
                    + [UntouchedText.sentence(isAfterRecovery: isAfterRecovery)]
            case .stale(let differences):
                StaleText.lines(differences, style, isAfterRecovery: isAfterRecovery)
            case .applied(let done, let proofs):
                [applied(done)] + ProofText.lines(proofs, style) + MadeText.lines(made) + undoing
            case .unproven(let done, let proofs):
                unproven(done, proofs, style) + MadeText.lines(made) + undoing
            case .incomplete(let done, let remaining):
                incomplete(done, remaining, style)
            case .unconfirmed(let done, let error):
                unconfirmed(done, error, style)
            case .undone(let failed, let error, let undone):
                failure(failed, error, style) + UndoText.undone(nil, undone)
            case .partial(let done, let failed, let error, let undo):
                failure(failed, error, style) + partial(done, undo)
            }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The ending as one document.
    public var json: JSONValue { document(withPlan: true) }

    /// The ending as one document, with the plan or for something that has the plan already.
    public func document(withPlan: Bool) -> JSONValue {
        var document = JSONValue.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", outcome)
        if withPlan { document.set("plan", plan.json) }
        document.set("done", each: done) { StepText.json($0) }
        document.set("transaction", record?.header.id)
        if isSettled {
            document.set("made", each: made) { MadeText.json($0) }
            document.set("undo", undoCommand)
        }
        if !proofs.isEmpty { document.set("proofs", each: proofs) { ProofText.json($0) } }
        switch ending {
        case .refused(let refusals): document.set("refusals", each: refusals) { PlanReport.refusal($0) }
        case .stale(let differences):
            document.set("differences", each: differences) { StaleText.json($0) }
        case .undone(let failed, let error, let undone):
            document.set("failed", StepText.json(failed))
            document.set("error", ErrorReport.json(error))
            UndoText.describe(undone, in: &document)
        case .unconfirmed(_, let error):
            document.set("error", ErrorReport.json(error))
        case .partial(_, let failed, let error, let undo):
            document.set("failed", StepText.json(failed))
            document.set("error", ErrorReport.json(error))
            document.set("undo_error", ErrorReport.json(undo))
        case .incomplete(_, let remaining):
            document.set("remaining", each: remaining.changes.map(\.address)) { .string($0) }
        case .unchanged, .applied, .unproven: break
        }
        return document
    }

    /// The namespaces that the changes left, as they were found afterwards.
    private var made: [MadeNamespace] {
        record?.after.map { MadeNamespace.all(by: plan.plan, on: $0) } ?? []
    }

    private var undoing: [String] {
        guard let record, let undoCommand else { return [] }
        return [
            "It is recorded as transaction \(record.header.id); to undo it: \(undoCommand)"
        ].map(TerminalText.clean)
    }

    private var undoCommand: String? {
        record.map {
            (["daxprov", "rollback", $0.header.id] + options).map(Self.quoted).joined(separator: " ")
        }
    }

    /// A word as a shell takes it.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=@%+,".contains($0))
        }
        return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: #"'\''"#))'"
    }

    /// The refusals that the plan's own report has not shown yet.
    private func unseen(_ refusals: [Refusal]) -> [Refusal] {
        refusals.filter { !plan.plan.refusals.contains($0) }
    }

    private var outcome: String {
        switch ending {
        case .unchanged: "unchanged"
        case .refused: "refused"
        case .stale: "stale"
        case .applied: "applied"
        case .unproven: "unproven"
        case .incomplete: "incomplete"
        case .unconfirmed: "unconfirmed"
        case .undone: "undone"
        case .partial: "partial"
        }
    }

    private var done: [Step] {
        switch ending {
        case .applied(let done, _), .unproven(let done, _), .incomplete(let done, _),
            .unconfirmed(let done, _), .partial(let done, _, _, _):
            done
        case .unchanged, .refused, .stale, .undone: []
        }
    }

    /// What came of the proofs that the profile requires.
    private var proofs: [ProofResult] {
        switch ending {
        case .unchanged(let proofs), .applied(_, let proofs), .unproven(_, let proofs): proofs
        case .refused, .stale, .incomplete, .unconfirmed, .undone, .partial: []
        }
    }

    /// Whether steps were done, and nothing more is to be done.
    private var isSettled: Bool {
        switch ending {
        case .applied: true
        case .unproven(let done, _): !done.isEmpty
        case .unchanged, .refused, .stale, .incomplete, .unconfirmed, .undone, .partial: false
        }
    }

    private func applied(_ done: [Step]) -> String {
        "Applied \(Self.count(plan.plan.changes.count, "change")) in \(Self.count(done.count, "step"));"
            + " verified: the host is as the profile says."
    }

    private func unproven(_ done: [Step], _ proofs: [ProofResult], _ style: TextStyle) -> [String] {
        let missed = proofs.count { $0.outcome == .missed }
        let heading =
            "\(missed) of the \(Self.count(proofs.count, "proof")) that the profile requires "
            + "\(missed == 1 ? "was" : "were") not made:"
        let advice =
            "Nothing was undone. Remove the cause, and apply again: that proves it once more, whether it changes anything or not."
        return (done.isEmpty ? [] : [applied(done)]) + [style.paint(heading, .loss)]
            + ProofText.lines(proofs, style) + TextFill.lines(advice, width: style.width, indent: 0)
    }

    private func incomplete(_ done: [Step], _ remaining: Plan, _ style: TextStyle) -> [String] {
        let heading =
            "All \(Self.count(done.count, "step")) were done, but the host is not yet as the profile says:"
        let changes = remaining.changes.flatMap { PlanText.lines(for: $0, style) }
        return [style.paint(heading, .loss)] + changes
            + RefusalText.lines(remaining.refusals, source: plan.source, style)
            + ["Look at it with daxprov plan, and apply again."]
    }

    private func unconfirmed(_ done: [Step], _ error: OperationError, _ style: TextStyle) -> [String] {
        let heading =
            "All \(Self.count(done.count, "step")) were done and read back, but that could not be confirmed or recorded:"
        return [style.paint(heading, .loss)] + ErrorReport.lines(error)
            + ["daxprov recover confirms it once the cause is removed."]
    }

    private func failure(_ failed: Step, _ error: OperationError, _ style: TextStyle) -> [String] {
        [style.paint("failed to \(StepText.phrase(failed)):", .loss)] + ErrorReport.lines(error)
    }

    private func partial(_ done: [Step], _ undo: OperationError) -> [String] {
        let open = plan.plan.steps.map(\.step).dropFirst(done.count)
        return ["Undoing what had been done failed as well:"] + ErrorReport.lines(undo)
            + ["Done before:"] + Self.items(done) + ["Not done:"] + Self.items(Array(open))
            + ["daxprov recover goes on with undoing once the cause is removed."]
            + (record.map { ["daxprov show \($0.header.id) tells how far it came."] } ?? [])
    }

    private static func items(_ steps: [Step]) -> [String] {
        steps.isEmpty ? ["      nothing"] : steps.map { "      \(StepText.phrase($0))" }
    }

    private static func count(_ number: Int, _ thing: String) -> String {
        "\(number) \(thing)\(number == 1 ? "" : "s")"
    }
}

/// Errors in words.
public enum ErrorReport {
    /// The error, what failed while undoing, and the advice, a line each.
    public static func lines(_ error: OperationError) -> [String] {
        ([error.description] + error.undoFailures.map { "undoing it failed too: \($0)" }
            + (error.advice.map { [$0] } ?? []))
            .map { "  " + TerminalText.clean($0) }
    }

    /// The error as an object.
    static func json(_ error: OperationError) -> JSONValue {
        var node = JSONValue.object()
        node.set("kind", error.kind.word)
        node.set("operation", error.operation)
        node.set("device", error.device)
        node.set("reason", error.reason)
        node.set("errno", error.errno)
        if error.kind.isHosts { node.set("undo_failures", each: error.undoFailures) { .string($0) } }
        if case .consentMissing(let losses) = error.kind {
            node.set("losses", each: losses) { .string($0.address) }
        }
        node.set("advice", error.advice)
        return node
    }
}
