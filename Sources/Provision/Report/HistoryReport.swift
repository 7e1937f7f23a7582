/// The recorded transactions as a report.
public struct HistoryReport: Sendable {
    private let logs: [TransactionLog]

    /// The report of these transactions.
    public init(_ logs: [TransactionLog]) {
        self.logs = logs
    }

    /// A table for a person.
    public var text: String {
        guard !logs.isEmpty else { return "No transaction is recorded.\n" }
        var table = TextTable([
            ("TRANSACTION", .left), ("STEPS", .right), ("ENDED", .left), ("PROFILE", .left),
        ])
        for log in logs {
            table.add([
                TerminalText.clean(log.header.id), "\(log.header.steps.count)", log.state,
                TerminalText.clean(log.header.source),
            ])
        }
        return table.lines.map { $0 + "\n" }.joined()
    }

    /// One document.
    public var json: JSONNode {
        let document = JSONNode.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("transactions", each: logs) { TransactionReport($0).node }
        return document
    }
}

/// One transaction as a report.
public struct TransactionReport: Sendable {
    private let log: TransactionLog

    /// The report of a transaction.
    public init(_ log: TransactionLog) {
        self.log = log
    }

    /// The transaction for a person.
    public var text: String {
        var lines = [
            "transaction \(TerminalText.clean(log.header.id))",
            "  profile: \(TerminalText.clean(log.header.source))",
            "  ended: \(log.state)",
        ]
        if let reason = log.undoReason { lines.append("  undone because: \(TerminalText.clean(reason))") }
        lines.append("  steps:")
        for (number, step) in log.header.steps.enumerated() {
            let state = log.done.contains(number) ? "done" : log.begun[number] == nil ? "not begun" : "begun"
            lines.append("    \(number + 1). \(TerminalText.clean(step.phrase)): \(state)")
        }
        let dimms = log.labels.count
        lines.append("  saved: labels of \(dimms) DIMMs, \(log.savedSize.brief) of media")
        return lines.map { $0 + "\n" }.joined()
    }

    /// One document.
    public var json: JSONNode { node }

    var node: JSONNode {
        let node = JSONNode.object()
        node.set("id", log.header.id)
        node.set("time", log.header.time)
        node.set("profile", log.header.source)
        node.set("outcome", log.end?.rawValue ?? "interrupted")
        node.set("undo_reason", log.undoReason)
        node.set("steps", each: log.header.steps.indices) { number in
            let step = log.header.steps[number]
            let item = JSONNode.object()
            item.set("action", step.action)
            item.set("region", step.region)
            item.set("device", step.device)
            item.set("reversibility", step.reversibility.rawValue)
            item.set("begun", log.begun[number] != nil)
            item.set("done", log.done.contains(number))
            return item
        }
        node.set("saved_size", log.savedSize)
        return node
    }
}

extension TransactionLog {
    /// How much of media was saved. A journal may tell of any number of ranges.
    fileprivate var savedSize: ByteCount {
        ranges.reduce(.zero) { $0.adding($1.range.length) ?? ByteCount(.max) }
    }

    /// How it ended, in words.
    fileprivate var state: String {
        switch end {
        case .committed: "committed"
        case .incomplete: "done, but not as the profile says"
        case .rolledBack: "rolled back"
        case .abandoned: "given up"
        case nil: "interrupted: run daxprov recover"
        }
    }
}
