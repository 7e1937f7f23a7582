/// Why something could not be done: a look at the host, a step, the record of it, or undoing.
public struct OperationError: Error, Equatable, Sendable {
    /// The kind of the failure; the exit code follows from it.
    public var kind: Kind
    /// What was being done, as a verb phrase: "set the size of namespace0.1"; nil where ``reason`` is a whole sentence.
    public var operation: String?
    /// The device it was done to, such as `namespace0.1`; nil where it was the host as a whole.
    public var device: String?
    /// Why it failed, in words, with the errno's text where there is one.
    public var reason: String
    /// What the administrator can do; nil where nothing general helps.
    public var advice: String?
    /// The errno; nil where there was none.
    public var errno: Int32?
    /// What went wrong while undoing the failed step; empty where the undo succeeded or nothing had been done.
    public var undoFailures: [String]
    /// Whether the step that failed had begun to write, so that something was undone, or needed to be.
    public var hasStored = false

    /// The kinds of failure.
    public enum Kind: Equatable, Sendable {
        /// The caller lacks the privilege.
        case notPermitted
        /// The device is in use.
        case busy
        /// The live object is not what the plan was made for: somebody changed the host.
        case changed
        /// The kernel refused or failed a write, or the result is not what was asked for.
        case failed
        /// The host cannot be reached at all, or its state cannot be read.
        case unavailable
        /// The state directory, the lock or a journal cannot be used.
        case record(RecordKind)
        /// A signal asked for the run to end.
        case interrupted
        /// What was interrupted, or could not be undone, is not ended: recovery goes on when it is run again.
        case unfinished
        /// Somebody who was asked did not agree, nobody could be asked, or it is never done.
        case declined
        /// What undoing would give up next is not the transaction's own, and was not agreed to: it is as it was.
        case consentMissing([Loss])
    }

    /// The kinds of failure of what is kept about a host.
    public enum RecordKind: String, CaseIterable, Sendable {
        /// A file or directory cannot be read or written.
        case unusable
        /// Only root may look at it, and the caller is another user.
        case notPermitted = "not_permitted"
        /// Someone else could have tampered with it: wrong owner, mode or type.
        case untrusted
        /// A journal or backup is damaged.
        case damaged
        /// Another process holds the lock.
        case locked
        /// A transaction is interrupted that another state directory has, or may have.
        case interrupted
        /// The transaction asked for is not there, or cannot be undone.
        case unsuitable
    }

    /// A host's error with these parts.
    public init(
        _ kind: Kind, while operation: String, device: String? = nil, reason: String, advice: String? = nil,
        errno: Int32? = nil, undoFailures: [String] = []
    ) {
        self.kind = kind
        self.operation = operation
        self.device = device
        self.reason = reason
        self.advice = advice
        self.errno = errno
        self.undoFailures = undoFailures
    }

    /// An error of what is kept about a host, which one sentence says.
    public init(record kind: RecordKind, _ sentence: String, advice: String? = nil, errno: Int32? = nil) {
        self.init(.record(kind), sentence, advice: advice)
        self.errno = errno
    }

    /// An error that one sentence says.
    public init(_ kind: Kind, _ sentence: String, advice: String? = nil) {
        self.kind = kind
        self.reason = sentence
        self.advice = advice
        self.undoFailures = []
    }

    /// A signal asked for the run to end.
    public static let interrupted = OperationError(.interrupted, "a signal asked to stop")

    /// What would be given up was not agreed to.
    public static func consentMissing(_ losses: [Loss]) -> OperationError {
        OperationError(
            .consentMissing(losses),
            losses.map { "\($0.address) \($0.consequence)" }.joined(separator: "; "),
            advice: "look at it and save what is needed; if the rest may go: "
                + losses.map { "--allow-destroy \(ShellText.quoted(Consent.word(for: $0, among: losses)))" }
                .joined(separator: " "))
    }
}

extension OperationError.Kind {
    /// Whether the host itself failed: not its record, a signal, or a consent that is missing.
    package var isHosts: Bool {
        switch self {
        case .notPermitted, .busy, .changed, .failed, .unavailable: true
        case .record, .interrupted, .unfinished, .declined, .consentMissing: false
        }
    }

    /// The word for it in documents. What concerns records has one word.
    package var word: String {
        switch self {
        case .notPermitted: "not_permitted"
        case .busy: "busy"
        case .changed: "changed"
        case .failed: "failed"
        case .unavailable: "unavailable"
        case .record: "state"
        case .interrupted: "interrupted"
        case .unfinished: "unfinished"
        case .declined: "declined"
        case .consentMissing: "consent_missing"
        }
    }
}

extension OperationError: CustomStringConvertible {
    /// One sentence: what failed, on which device, and why. The advice is not part of it.
    public var description: String {
        guard let operation else { return reason }
        let place = device.map { operation.contains($0) ? "" : "\($0): " } ?? ""
        return "\(place)cannot \(operation): \(reason)"
    }

    /// The same with what went wrong while the step was undone.
    package var account: String {
        description + undoFailures.map { "; undoing it failed too: \($0)" }.joined()
    }

    /// The same error, where it leaves something for recovery to end.
    package var asUnfinished: OperationError {
        var error = self
        error.kind = .unfinished
        return error
    }

    /// Whether it only asks for consent.
    package var isMissingConsent: Bool {
        if case .consentMissing = kind { true } else { false }
    }

    /// This error, after something that was begun could not be taken back.
    package func adding(undoFailures failures: [OperationError]) -> OperationError {
        guard let first = failures.first else { return self }
        var error = self
        if case .consentMissing = kind {
            // What was looked at is not as it was: that comes before what was to be asked.
            error = OperationError(
                .failed, while: "bring back online what was looked at", device: first.device,
                reason: "\(first.reason), after this was found: \(description)",
                advice: first.advice ?? "see daxprov inventory, and run it again")
            error.undoFailures = failures.dropFirst().map(\.description)
            return error
        }
        error.undoFailures += failures.map(\.description)
        return error
    }
}

extension OperationError {
    /// The error of `work`; nil where it had none.
    package static func collected(_ work: () throws(OperationError) -> Void) -> OperationError? {
        do throws(OperationError) {
            try work()
            return nil
        } catch {
            return error
        }
    }
}
