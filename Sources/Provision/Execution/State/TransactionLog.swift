/// A transaction as its journal tells it.
public struct TransactionLog: Equatable, Sendable {
    /// What it is, and the host before it.
    public var header: JournalHeader
    /// The identities that steps gave, by the steps' numbers; a step without one never began.
    public var begun: [Int: FreshIdentity] = [:]
    /// The numbers of the steps that were performed and read back.
    public var done: Set<Int> = []
    /// What was saved of namespaces' media, with the step that it was saved for.
    public var ranges: [(step: Int, range: SavedRange)] = []
    /// What was saved of DIMMs' labels.
    public var labels: [SavedLabels] = []
    /// The label UUIDs of placeholders that undoing made, with their addresses.
    public var placeholders: [UUID] = []
    /// Why it was undone; nil where it was not.
    public var undoReason: String?
    /// The host as it left it; nil where it did not come to its end.
    public var after: Observed?
    /// How it ended; nil where it did not: it was interrupted.
    public var end: TransactionEnd?
    /// What it comes to as a whole, with the times of its end and of its undoing.
    public var summary: TransactionSummary
    /// When steps began and were done, by their numbers; empty in journals that do not tell.
    var times: [Int: StepTimes] = [:]

    /// When a step began and was done, in seconds since 1970.
    struct StepTimes {
        var begun: Int?
        var done: Int?
    }

    /// The transaction of these records; nil where they do not begin one, or tell of steps that it does not have.
    init?(_ records: [JournalRecord]) {
        self.init(records.map { ($0, nil) })
    }

    /// The transaction of these records, with the times at which they were written.
    init?(_ entries: [Journal.Entry]) {
        guard case .begin(let header)? = entries.first?.record else { return nil }
        let steps = header.steps.indices
        guard entries.allSatisfy({ $0.record.step.map(steps.contains) ?? true }) else { return nil }
        self.header = header
        summary = TransactionSummary(header)
        for (record, time) in entries.dropFirst() {
            add(record)
            summary.add(record, at: time)
            if case .intent(let step, _) = record { times[step, default: StepTimes()].begun = time }
            if case .done(let step) = record { times[step, default: StepTimes()].done = time }
        }
    }

    private mutating func add(_ record: JournalRecord) {
        switch record {
        case .begin: break
        case .labels(let saved): labels.append(saved)
        case .range(let step, let saved): ranges.append((step, saved))
        case .intent(let step, let identity): begun[step] = identity
        case .done(let step): done.insert(step)
        case .undo(let reason):
            undoReason = reason
            end = nil
        case .placeholder(let uuid, _): placeholders.append(uuid)
        case .end(let end, let after):
            self.end = end
            self.after = after ?? self.after
        }
    }

    /// Whether every step was performed, and nothing undone.
    public var isComplete: Bool { done.count == header.steps.count && undoReason == nil }

    public static func == (left: TransactionLog, right: TransactionLog) -> Bool {
        left.header == right.header && left.begun == right.begun && left.done == right.done
            && left.end == right.end && left.undoReason == right.undoReason
            && left.ranges.map(\.range) == right.ranges.map(\.range) && left.labels == right.labels
            && left.placeholders == right.placeholders
    }
}
