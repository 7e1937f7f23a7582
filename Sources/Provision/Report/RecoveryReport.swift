/// What a recovery did, as a report.
public struct RecoveryReport: Sendable {
    private let recovered: [Recovery.Recovered]
    private let unreadable: [UnreadableTransaction]
    private let failure: ExecutionError?

    /// The report of a recovery.
    /// - Parameters:
    ///   - recovered: what became of the interrupted transactions.
    ///   - unreadable: the transactions of which it is not known whether they were interrupted.
    ///   - failure: why it stopped; nil where it did not.
    public init(
        _ recovered: [Recovery.Recovered], unreadable: [UnreadableTransaction] = [],
        failure: ExecutionError? = nil
    ) {
        self.recovered = recovered
        self.unreadable = unreadable
        self.failure = failure
    }

    /// One document.
    public var json: JSONNode {
        let document = JSONNode.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("outcome", outcome)
        document.set("recovered", each: recovered) { item in
            let node = JSONNode.object()
            node.set("transaction", item.id)
            node.set("outcome", item.end.rawValue)
            node.set("regions_after_reboot", each: item.afterReboot) { .string($0) }
            return node
        }
        document.set("unreadable", each: unreadable) { UnreadableText.json($0) }
        if let failure { document.set("error", ErrorReport.json(failure)) }
        return document
    }

    private var outcome: String {
        if failure != nil || !unreadable.isEmpty { return "partial" }
        return recovered.isEmpty ? "unchanged" : "recovered"
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
    private let ending: Ending

    /// How a rollback ended.
    public enum Ending: Sendable {
        /// It was refused, and nothing was touched.
        case refused([Refusal])
        /// Everything was undone; with the regions whose old labels a reboot has still to read.
        case undone(afterReboot: [String])
        /// It stopped, and recovery goes on from there.
        case partial(ExecutionError)
    }

    /// The report of a rollback.
    /// - Parameter promises: what it was said to bring back (``RollbackReview/promises``).
    public init(of transaction: String, promises: [String], _ ending: Ending) {
        self.transaction = transaction
        self.promises = promises
        self.ending = ending
    }

    /// One document.
    public var json: JSONNode {
        let document = JSONNode.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("transaction", transaction)
        document.set("outcome", outcome)
        document.set("promises", each: promises) { .string($0) }
        switch ending {
        case .refused(let refusals): document.set("refusals", each: refusals) { PlanReport.refusal($0) }
        case .undone(let regions): document.set("regions_after_reboot", each: regions) { .string($0) }
        case .partial(let error): document.set("error", ErrorReport.json(error))
        }
        return document
    }

    private var outcome: String {
        switch ending {
        case .refused: "refused"
        case .undone: "rolled_back"
        case .partial: "partial"
        }
    }
}
