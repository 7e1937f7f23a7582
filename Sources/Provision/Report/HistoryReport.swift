public import ProvisionCore

/// The recorded transactions as a report.
public struct HistoryReport: Sendable {
    private let readings: [TransactionReading]
    private let details: [String: TransactionLog]
    private let setAside: [String]
    private let wipes: [WipeRecord]

    /// The report of these transactions.
    /// - Parameters:
    ///   - details: the transactions by their names, for ``json``.
    ///   - setAside: the names of those that could not be read and were set aside.
    ///   - wipes: what was zeroed, in the order in which it began.
    public init(
        _ readings: [TransactionReading], details: [String: TransactionLog] = [:], setAside: [String] = [],
        wipes: [WipeRecord] = []
    ) {
        self.wipes = wipes
        self.readings = readings
        self.details = details
        self.setAside = setAside
    }

    /// A table for a person. A rollback has a line of its own, where its time puts it.
    /// - Parameter width: the columns of the terminal; nil where there is none.
    public func text(width: Int? = nil) -> String {
        let notes = setAside.map { "Set aside, since it could not be read: \($0)" }
        guard !readings.isEmpty || !wipes.isEmpty else {
            return (["No transaction is recorded."] + notes).map { $0 + "\n" }.joined()
        }
        var table = TextTable([
            TextTable.Column("TRANSACTION", .left), TextTable.Column("BEGAN", .left),
            TextTable.Column("DID", .left), TextTable.Column("STEPS", .right),
            TextTable.Column("ENDED", .left), TextTable.Column("PROFILE", .left, .below(rank: 0, word: "")),
        ])
        for row in rows { table.add(row.map(TerminalText.clean)) }
        let words = (problems + notes).flatMap { TextFill.lines($0, width: width, indent: 2) }
        return (table.lines(width: width) + words).map { $0 + "\n" }.joined()
    }

    /// The rows in the order in which things happened: transactions by their names, rollbacks and wipes by their times. One
    /// whose time is not recorded follows its transaction.
    private var rows: [[String]] {
        var rows: [[String]] = []
        var waiting = wipes.map { (time: $0.time, row: Self.row(of: $0)) }
        for reading in readings {
            guard let summary = reading.summary else {
                rows.append([reading.name, "", "", "", "not known: it cannot be read", ""])
                continue
            }
            rows += waiting.filter { $0.time < summary.time }.map(\.row)
            waiting.removeAll { $0.time < summary.time }
            rows.append(row(of: summary))
            guard let rollback = summary.rollback else { continue }
            let row = rollbackRow(of: summary, rollback)
            if let time = rollback.time { waiting.append((time, row)) } else { rows.append(row) }
            waiting.sort { $0.time < $1.time }
        }
        return rows + waiting.map(\.row)
    }

    private static func row(of wipe: WipeRecord) -> [String] {
        [
            wipe.id, TransactionText.time(wipe.time), "wipe of \(wipe.address)", "", WipeText.state(wipe), "",
        ]
    }

    private func row(of summary: TransactionSummary) -> [String] {
        let state =
            TransactionText.state(summary.rollback?.undone ?? summary.end, of: summary)
            + (summary.isUnproven ? ", not proven" : "")
        return [
            summary.id, TransactionText.time(summary.time), summary.clearsErrors ? "clear errors" : "apply",
            "\(summary.stepCount)", state,
            summary.source,
        ]
    }

    private func rollbackRow(
        of summary: TransactionSummary, _ rollback: TransactionSummary.Rollback
    ) -> [String] {
        [
            summary.id, rollback.time.map(TransactionText.time) ?? "", "rollback", "\(summary.stepCount)",
            TransactionText.state(summary.end), summary.source,
        ]
    }

    private var problems: [String] {
        readings.flatMap { reading -> [String] in
            guard case .unreadable(let transaction) = reading else { return [] }
            return UnreadableText.lines(transaction)
        }
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        document.set("transactions", each: readings) { reading in
            switch reading {
            case .readable(let summary):
                details[summary.id].map { TransactionReport($0).node } ?? Self.node(summary)
            case .unreadable(let transaction): UnreadableText.json(transaction)
            }
        }
        document.set("wipes", each: wipes) { WipeText.json($0) }
        document.set("set_aside", each: setAside) { .string($0) }
        return document
    }

    private static func node(_ summary: TransactionSummary) -> JSONValue {
        var node = JSONValue.object()
        TransactionReport.describe(summary, in: &node)
        return node
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
    /// - Parameter width: the columns of the terminal; nil where there is none.
    public func text(width: Int? = nil) -> String {
        var lines = [
            "transaction \(TerminalText.clean(log.header.id))",
            log.header.clearsErrors
                ? "  clears media errors" : "  profile: \(TerminalText.clean(log.header.source))",
            "  began: \(TransactionText.time(log.header.time))",
        ]
        let state = TransactionText.state(log.end, of: log.summary)
        lines.append("  ended: \(state)\(log.summary.ended.map { ", \(TransactionText.time($0))" } ?? "")")
        if let rollback = log.summary.rollback {
            let time = rollback.time.map { ", \(TransactionText.time($0))" } ?? ""
            lines.append("  rolled back from: \(TransactionText.state(rollback.undone))\(time)")
        }
        if let reason = log.undoReason { lines.append("  undone because: \(TerminalText.clean(reason))") }
        // Its sentence is the reason.
        if let error = log.failure?.error { lines += ErrorReport.lines(error).dropFirst() }
        lines.append("  steps:")
        for number in log.header.steps.indices { lines.append("    \(number + 1). \(line(of: number))") }
        lines += log.proofs.map { "  proof of \(TerminalText.clean($0.address)): \(line(of: $0))" }
        let dimms = log.labels.count
        lines.append("  saved: labels of \(dimms) DIMMs, \(log.savedSize.brief) of media")
        return lines.flatMap { TextFill.lines($0, width: width, indent: 7) }.map { $0 + "\n" }.joined()
    }

    private func line(of proof: RecordedProof) -> String {
        let reasons =
            proof.reasons.isEmpty ? "" : " (\(proof.reasons.map(TerminalText.clean).joined(separator: "; ")))"
        switch proof.outcome {
        case .met: return "\(proof.requirement.words), proven\(reasons)"
        case .pending: return "\(proof.requirement.words), waits\(reasons)"
        case .missed: return "\(proof.requirement.words), not proven\(reasons)"
        case nil: return "\(proof.requirement.words), not made"
        }
    }

    private func line(of number: Int) -> String {
        let phrase = TerminalText.clean(log.header.steps[number].phrase)
        let times = log.times[number]
        if log.done.contains(number) {
            return "\(phrase): done\(times?.done.map { " \(TransactionText.time($0))" } ?? "")"
        }
        guard log.begun[number] != nil else { return "\(phrase): not begun" }
        return "\(phrase): begun\(times?.begun.map { " \(TransactionText.time($0))" } ?? "")"
    }

    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", 1)
        document.set("tool_version", ToolVersion.current)
        describe(in: &document)
        return document
    }

    var node: JSONValue {
        var node = JSONValue.object()
        describe(in: &node)
        return node
    }

    private func describe(in node: inout JSONValue) {
        Self.describe(log.summary, in: &node)
        node.set("steps", each: log.header.steps.indices) { number in
            let step = log.header.steps[number]
            var item = JSONValue.object()
            item.set("action", step.kind.rawValue)
            item.set("region", step.region)
            item.set("device", step.device)
            item.set("phrase", step.phrase)
            item.set("reversibility", step.reversibility.rawValue)
            item.set("begun", log.begun[number] != nil)
            item.set("done", log.done.contains(number))
            item.set("begun_time", log.times[number]?.begun)
            item.set("done_time", log.times[number]?.done)
            if let errors = step.errors {
                item.set("offset", errors.offset)
                item.set("length", errors.length)
            }
            return item
        }
        if let failure = log.failure {
            var item = ErrorReport.json(failure.error)
            item.set("step", failure.step)
            node.set("undo_error", item)
        }
        node.set("saved_size", log.savedSize)
    }

    static func describe(_ summary: TransactionSummary, in node: inout JSONValue) {
        node.set("id", summary.id)
        node.set("time", summary.time)
        node.set("profile", summary.source)
        node.setFlag("clears_errors", if: summary.clearsErrors)
        node.set("outcome", summary.end?.rawValue ?? "interrupted")
        node.set("ended_time", summary.ended)
        node.set("undo_reason", summary.undoReason)
        if !summary.proofs.isEmpty { node.set("proofs", each: summary.proofs) { ProofText.json($0) } }
        if let rollback = summary.rollback {
            var item = JSONValue.object()
            item.set("time", rollback.time)
            item.set("undone", rollback.undone.rawValue)
            node.set("rollback", item)
        }
    }
}

/// Transactions in words.
enum TransactionText {
    /// How it ended.
    /// - Parameter summary: what it was; nil: an application.
    static func state(_ end: TransactionEnd?, of summary: TransactionSummary? = nil) -> String {
        if summary?.clearsErrors == true, end == .incomplete { return "done, but not all is cleared" }
        return switch end {
        case .committed: "committed"
        case .incomplete: "done, but not as the profile says"
        case .rolledBack: "rolled back"
        case .abandoned: "given up"
        case nil: "interrupted: run daxprov recover"
        }
    }

    /// "2026-11-22T13:30:00Z"; what no calendar has stays a number.
    static func time(_ seconds: Int) -> String { UTCTime(seconds)?.text ?? "\(seconds) s after 1970" }
}

/// Transactions that cannot be read, in words.
enum UnreadableText {
    /// What is wrong, and what to do.
    static func lines(_ transaction: UnreadableTransaction) -> [String] {
        let message = "Transaction \(transaction.name) cannot be read: \(transaction.error.description)"
        return ([message] + (transaction.error.advice.map { ["  \($0)"] } ?? [])).map(TerminalText.clean)
    }

    /// The same as an object.
    static func json(_ transaction: UnreadableTransaction) -> JSONValue {
        var node = JSONValue.object()
        node.set("id", transaction.name)
        node.set("outcome", "unreadable")
        node.set("error", transaction.error.description)
        node.set("advice", transaction.error.advice)
        node.set("steps", JSONValue.array([]))
        return node
    }
}

extension TransactionLog {
    /// How much of media was saved. A journal may tell of any number of ranges.
    fileprivate var savedSize: ByteCount {
        ranges.reduce(.zero) { $0.adding($1.range.length) ?? ByteCount(.max) }
    }
}

extension TransactionSummary {
    /// Whether its steps were done and a proof that its profile requires was not made.
    fileprivate var isUnproven: Bool {
        (rollback?.undone ?? end) == .committed && proofs.areMissed
    }
}
