public import ProvisionCore

/// What a recovery did, as a report.
public struct RecoveryReport: Sendable {
    private let outcome: Recovery.Outcome
    private let unreadable: [UnreadableTransaction]

    /// The report of a recovery.
    /// - Parameter unreadable: the transactions of which it is not known whether they were interrupted.
    public init(_ outcome: Recovery.Outcome, unreadable: [UnreadableTransaction] = []) {
        self.outcome = outcome
        self.unreadable = unreadable
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", word)
        document.set("recovered", each: outcome.recovered) { item in
            var node = JSONValue.object()
            node.set("transaction", item.id)
            node.set("outcome", item.end.rawValue)
            node.set("differences", each: item.differences) { .string($0) }
            UndoText.describe(item.undone, in: &node)
            node.setFlag("lacks_proof", if: item.lacksProof)
            return node
        }
        document.set("blocked", each: outcome.blocked) { item in
            var node = JSONValue.object()
            node.set("transaction", item.id)
            node.set("error", ErrorReport.json(item.error))
            return node
        }
        document.set("unreadable", each: unreadable) { UnreadableText.json($0) }
        return document
    }

    private var word: String {
        if !outcome.blocked.isEmpty || !unreadable.isEmpty { return "partial" }
        return outcome.recovered.isEmpty ? "unchanged" : "recovered"
    }

    /// What became of each interrupted transaction, for a person, a line each.
    public var lines: [String] {
        outcome.recovered.flatMap { item in
            guard !item.clearedErrors else {
                return [
                    "transaction \(item.id) was interrupted while it cleared media errors: \(MediaErrorClearing.recoveryInWords)"
                ] + item.differences.map { "not done: \(TerminalText.clean($0))" }
            }
            guard item.end == .rolledBack else {
                let differences = item.differences.map { "since then: \(TerminalText.clean($0))" }
                return ["transaction \(item.id) was interrupted: \(item.end.phrase)"] + differences
                    + (item.lacksProof
                        ? ["the proof that its profile requires was not made: apply it again"] : [])
            }
            return ["transaction \(item.id) was interrupted, and is undone"]
                + UndoText.undone(item.id, item.undone)
        }
    }

    /// What is wrong with transactions that cannot be read, for a person.
    public static func lines(_ unreadable: [UnreadableTransaction]) -> [String] {
        unreadable.flatMap(UnreadableText.lines)
    }
}

/// How a rollback ended, as a report.
public struct RollbackReport: Sendable {
    private let transaction: String
    private let promises: [String]
    /// How it ended.
    public let ending: Ending

    /// How a rollback ended.
    public enum Ending: Sendable {
        /// It was refused, and nothing was touched.
        case refused([Refusal])
        /// It was undone.
        case undone(Undone)
    }

    /// The report of a rollback.
    /// - Parameter promises: what it was said to bring back (``RollbackReview/promises``).
    public init(of transaction: String, promises: [String], _ ending: Ending) {
        self.transaction = transaction
        self.promises = promises
        self.ending = ending
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("transaction", transaction)
        document.set("outcome", outcome)
        document.set("promises", each: promises) { .string($0) }
        switch ending {
        case .refused(let refusals): document.set("refusals", each: refusals) { PlanReport.refusal($0) }
        case .undone(let undone): UndoText.describe(undone, in: &document)
        }
        return document
    }

    /// How it ended, for a person; nothing of a refusal, which was shown before.
    public var text: String {
        guard case .undone(let undone) = ending else { return "" }
        return UndoText.undone(transaction, undone).map { $0 + "\n" }.joined()
    }

    private var outcome: String {
        switch ending {
        case .refused: "refused"
        case .undone: "rolled_back"
        }
    }
}

extension TransactionEnd {
    /// The end in words.
    fileprivate var phrase: String {
        switch self {
        case .committed: "all its steps had been done, and it is committed"
        case .incomplete: "all its steps had been done, and the host is not any more as it left it"
        case .rolledBack: "it is undone"
        case .abandoned: "it was given up, and the host is as that left it"
        }
    }
}
