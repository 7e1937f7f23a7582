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

    /// A host's failure.
    init(_ error: HostError) {
        let status: ExitStatus =
            switch error.kind {
            case .notPermitted: .notPermitted
            case .busy: .refused
            case .changed: .stale
            case .failed, .unavailable: .error
            }
        let undo = error.undoFailures.map { "; undoing it failed too: \($0)" }.joined()
        let device = error.device.map { error.operation.contains($0) ? "" : "\($0): " } ?? ""
        self.init(status, "\(device)cannot \(error.operation): \(error.reason)\(undo)", advice: error.advice)
    }

    /// A failure of the state directory or the lock.
    init(_ error: StateError) {
        let status: ExitStatus =
            switch error.kind {
            case .locked: .locked
            case .interrupted: .partial
            case .notPermitted: .notPermitted
            case .unusable, .untrusted, .damaged, .unsuitable: .error
            }
        self.init(status, error.description, advice: error.advice)
    }

    /// A failure of an execution; where nothing was touched, or where only recovery is left to do.
    init(_ error: ExecutionError, status: ExitStatus? = nil) {
        switch error {
        case .host(let host): self.init(host)
        case .state(let state): self.init(state)
        case .interrupted: self.init(.partial, error.description)
        case .consentMissing: self.init(.refused, error.description, advice: error.advice)
        }
        if let status { self.status = status }
    }

    /// What `body` reads of the state directory, with its failure as a command's.
    static func onState<Value>(_ body: () throws(StateError) -> Value) throws(CommandFailure) -> Value {
        do throws(StateError) {
            return try body()
        } catch {
            throw CommandFailure(error)
        }
    }

    /// What `body` returns, with a host's failure as a command's.
    static func translating<Value>(_ body: () throws(HostError) -> Value) throws(CommandFailure) -> Value {
        do throws(HostError) {
            return try body()
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The failure as a document, for a command that was asked for one.
    var document: JSONNode {
        FailureReport(message, advice: advice, exitStatus: status.rawValue, diagnostics: diagnostics).json
    }

    /// The text for stderr, made safe for a terminal, without the newline at its end.
    var text: String {
        let lines = ["daxprov: error: \(message)"] + excerpt + (advice.map { ["daxprov: \($0)"] } ?? [])
        return lines.map(TerminalText.clean).joined(separator: "\n")
    }
}
