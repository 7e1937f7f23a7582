/// What daxprov's exit code says. Frozen: scripts and services depend on the numbers.
enum ExitStatus: Int32, CaseIterable {
    /// Done, or nothing to do.
    case done = 0
    /// An error; nothing was changed.
    case error = 1
    /// The host differs from the profile (only with `--detailed-exitcode`).
    case changesPending = 2
    /// Refused by policy: consent is missing, something is protected or in use.
    case refused = 3
    /// A step failed; everything was rolled back, and that was verified.
    case rolledBack = 4
    /// A step failed and the host is in between: run `daxprov recover`.
    case partial = 5
    /// The plan is stale, or the host changed meanwhile.
    case stale = 6
    /// Another daxprov holds the lock.
    case locked = 7
    /// The command line is wrong.
    case usage = 64
    /// The profile is wrong.
    case badProfile = 65
    /// The caller lacks the privilege.
    case notPermitted = 77

    /// What it means, for the table in a command's help.
    var meaning: String {
        switch self {
        case .done: "done, or nothing to do"
        case .error: "error, nothing was changed"
        case .changesPending: "changes are pending"
        case .refused: "refused by policy"
        case .rolledBack: "failed, rolled back and verified"
        case .partial: "failed in between: run daxprov recover"
        case .stale: "the plan is stale, or the host changed meanwhile"
        case .locked: "another daxprov holds the lock"
        case .usage: "wrong usage"
        case .badProfile: "the profile is wrong"
        case .notPermitted: "not permitted"
        }
    }

    /// The table of the codes that a command can exit with, for its help; ``usage`` comes by itself.
    static func table(_ statuses: ExitStatus...) -> String { table(statuses + [.usage]) }

    /// The table of these codes.
    static func table(_ statuses: [ExitStatus]) -> String {
        let lines = statuses.sorted { $0.rawValue < $1.rawValue }.map { status in
            let code = String(status.rawValue)
            return String(repeating: " ", count: 4 - code.count) + code + "  " + status.meaning
        }
        return (["EXIT CODES:"] + lines).joined(separator: "\n")
    }
}
