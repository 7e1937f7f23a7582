import Provision
import ProvisionCore

/// Why a command could not do what it was asked to: what goes to stderr, and the exit code.
struct CommandFailure: Error {
    /// The exit code.
    var status: ExitStatus
    /// What failed, on what, and why, in one line.
    var message: String
    /// What the administrator can do; nil where nothing general helps.
    var advice: String?
    /// The line of a text that is wrong, and a caret below the place; nothing where there is no such line.
    var excerpt: [String] = []
    /// What is wrong in a profile; it has been said on stderr.
    var diagnostics: [Diagnostic] = []

    init(_ status: ExitStatus, _ message: String, advice: String? = nil) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    /// A failure where nothing was touched, or where only recovery is left to do.
    init(_ error: OperationError) {
        self.init(Self.status(of: error.kind), error.account, advice: error.advice)
    }

    private static func status(of kind: OperationError.Kind) -> ExitStatus {
        switch kind {
        case .notPermitted, .record(.notPermitted): .notPermitted
        case .busy, .consentMissing, .declined: .refused
        case .changed: .stale
        case .record(.locked): .locked
        case .interrupted, .unfinished, .record(.interrupted): .partial
        case .failed, .unavailable, .record(.unusable), .record(.untrusted), .record(.damaged),
            .record(.unsuitable):
            .error
        }
    }

    /// The failure as a document, for a command that was asked for one.
    var document: JSONValue {
        FailureReport(message, advice: advice, exitStatus: status.rawValue, diagnostics: diagnostics).json
    }

    /// The text for stderr, made safe for a terminal, without the newline at its end.
    var text: String {
        let lines = ["daxprov: error: \(message)"] + excerpt + (advice.map { ["daxprov: \($0)"] } ?? [])
        return lines.map(TerminalText.clean).joined(separator: "\n")
    }
}
