public import ProvisionCore

/// What a journal says of its transaction, without the inventories in it and without a look at each step.
///
/// Most commands need no more of most transactions, and a journal is nearly all inventory.
public struct TransactionSummary: Equatable, Sendable {
    /// The transaction's name.
    public var id: String
    /// When it began, in seconds since 1970. Any number: it is what the journal says.
    public var time: Int
    /// The path of the profile.
    public var source: String
    /// How many steps it has.
    public var stepCount: Int
    /// Whether it puts back what the kernel forgot at a boot: then it is no application of anybody's profile.
    public var isAfterBoot: Bool
    /// Whether it clears media errors, which no profile asks for and nothing can undo.
    public var clearsErrors = false
    /// How it ended; nil where it did not: it was interrupted.
    public var end: TransactionEnd?
    /// When it ended, in seconds since 1970; nil where it did not, and in journals that do not tell.
    public var ended: Int?
    /// Why it was undone; nil where it was not.
    public var undoReason: String?
    /// How it had ended before it was rolled back, and when that began; nil where it was not rolled back.
    public var rollback: Rollback?
    /// The proofs that its profile requires: for those that were not made yet, nothing is known but that.
    public var proofs: [RecordedProof] = []

    /// The undoing of a transaction that had ended.
    public struct Rollback: Equatable, Sendable {
        /// How the transaction had ended.
        public var undone: TransactionEnd
        /// When the rollback began, in seconds since 1970; nil in journals that do not tell.
        public var time: Int?
    }

    /// What a record adds, with the time at which it was written.
    mutating func add(_ record: JournalRecord, at time: Int?) {
        switch record {
        case .undo(let reason, _, _):
            undoReason = reason
            if let end { rollback = Rollback(undone: end, time: time) }
            end = nil
            ended = nil
        case .end(let end, _):
            self.end = end
            ended = time
            // Undoing that stopped before it gave anything up leaves the transaction as it was.
            if end == .committed || end == .incomplete { (undoReason, rollback) = (nil, nil) }
        case .proofs(let proofs): self.proofs = proofs
        case .begin, .labels, .range, .sample, .look, .intent, .done, .accounted, .placeholder, .returned,
            .memoryPolicy, .foundMemory, .memoryStays, .expected, .labelsRestored, .kept:
            break
        }
    }
}

extension TransactionSummary {
    /// The summary of a transaction that begins like this.
    init(_ header: JournalHeader) {
        self.init(
            id: header.id, time: header.time, source: header.source, stepCount: header.steps.count,
            isAfterBoot: header.isAfterBoot, clearsErrors: header.clearsErrors, proofs: header.proves)
    }

    /// Whether it is the application of somebody's profile.
    var isApplication: Bool { !isAfterBoot && !clearsErrors }
}

/// A transaction whose journal, or whose directory, cannot be read: damaged, or such that others could have written it.
public struct UnreadableTransaction: Sendable {
    /// Its name.
    public var name: String
    /// What is wrong, with the file, and what to do.
    public var error: OperationError
    /// What it is, and the host before it; nil where not even that can be read: it may be about anything.
    public var header: JournalHeader?
}

/// One transaction of a store as far as it can be read.
public enum TransactionReading: Sendable {
    /// It can.
    case readable(TransactionSummary)
    /// It cannot.
    case unreadable(UnreadableTransaction)

    /// Its name.
    public var name: String {
        switch self {
        case .readable(let summary): summary.id
        case .unreadable(let transaction): transaction.name
        }
    }

    /// Its summary; nil where it cannot be read.
    public var summary: TransactionSummary? {
        if case .readable(let summary) = self { summary } else { nil }
    }
}

extension TransactionReading {
    /// Whether it is an application that stands, and not one of what a boot puts back.
    var isSomebodysOwn: Bool {
        guard case .readable(let summary) = self else { return false }
        return (summary.end == .committed || summary.end == .incomplete)
            && summary.isApplication
    }
}
