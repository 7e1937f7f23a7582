import Glibc
import SystemPackage
import ProvisionHost

/// Tells the system's log what happens to transactions: who asked for what, what was done, and how it ended.
public struct TransactionAnnouncer: Sendable {
    private let log: SystemLog
    private let caller: @Sendable () -> Caller

    /// Who runs the program, and how.
    struct Caller: Sendable {
        /// The user who logged in (`/proc/self/loginuid`) or used sudo, in words.
        var user: String
        /// The command line.
        var commandLine: String
    }

    /// Announcements to this system's log.
    /// - Parameter arguments: the program's command line.
    public static func system(arguments: [String]) -> TransactionAnnouncer {
        TransactionAnnouncer(log: SystemLog(), caller: Caller(arguments: arguments))
    }

    /// - Parameter caller: looked up when there is something to tell.
    init(log: SystemLog, caller: @autoclosure @escaping @Sendable () -> Caller) {
        self.log = log
        self.caller = caller
    }

    /// Tells of a record that was written, where it is the beginning, the undoing or the end.
    /// - Parameter outline: the transaction as its journal tells it now; nil where it cannot be read.
    func announce(_ record: JournalRecord, of name: String, outline: () -> TransactionLog?) {
        switch record {
        case .begin(let header):
            let what = header.clearsErrors ? "clears media errors" : "for \(header.source)"
            send("begin", name, "begins: \(Self.count(header.steps.count)) \(what)", [])
        case .undo(let reason, let agreed, _):
            // A second record of the same undoing says what was agreed to.
            guard agreed.isEmpty else { return }
            send("undo", name, "is being undone: \(reason)", [], .notice)
        case .end(let end, _):
            let log = outline()
            let steps = log.map { log in
                log.header.steps.indices.filter(log.done.contains).map { log.header.steps[$0].phrase }
            }
            let done = steps.map { "; done: \(Self.list($0))" } ?? ""
            let reason = log?.undoReason.map { " (\($0))" } ?? ""
            let unproven =
                end == .committed && log?.proofs.areMissed == true
                ? ", not proven as its profile requires" : ""
            let fields = (steps ?? []).prefix(Self.mostSteps).map { ("DAXPROV_STEP", $0) }
            send(
                "end", name, "is \(TransactionText.state(end, of: log?.summary))\(unproven)\(reason)\(done)",
                [("DAXPROV_OUTCOME", end.rawValue)] + fields, unproven.isEmpty ? end.priority : .warning)
        case .labels, .range, .sample, .look, .intent, .done, .accounted, .placeholder, .returned,
            .memoryPolicy, .foundMemory, .memoryStays, .expected, .labelsRestored, .kept, .proofs:
            break
        }
    }

    /// Tells that a transaction that could not be read was set aside.
    func announceSettingAside(of name: String) {
        send("set_aside", name, "could not be read and is set aside", [], .warning)
    }

    /// Tells of a wipe that begins or has ended.
    func announce(_ wipe: WipeRecord, _ what: String, _ event: String) {
        send(event, wipe.id, "\(what): zeroing \(wipe.address)", [], .notice, of: "wipe")
    }

    private func send(
        _ event: String, _ name: String, _ what: String, _ fields: [(String, String)],
        _ priority: SystemLog.Priority = .info, of kind: String = "transaction"
    ) {
        let caller = caller()
        let common = [
            ("DAXPROV_EVENT", event), ("DAXPROV_TRANSACTION", name), ("DAXPROV_USER", caller.user),
            ("DAXPROV_COMMAND", caller.commandLine),
        ]
        let text = "\(kind) \(name) \(what) (\(caller.user): \(caller.commandLine))"
        log.send(
            SystemLog.Message(
                text: text, priority: priority, fields: (common + fields).map { (key: $0.0, value: $0.1) }))
    }

    /// So many steps are in a message by themselves: a datagram has a limit.
    private static let mostSteps = 100, mostListed = 8

    private static func count(_ steps: Int) -> String { "\(steps) step\(steps == 1 ? "" : "s")" }

    private static func list(_ phrases: [String]) -> String {
        guard !phrases.isEmpty else { return "nothing" }
        let rest = phrases.count - mostListed
        return phrases.prefix(mostListed).joined(separator: ", ")
            + (rest > 0 ? " and \(count(rest)) more" : "")
    }
}

extension TransactionAnnouncer.Caller {
    /// This process's.
    init(arguments: [String]) {
        let sudo = ["SUDO_USER", "SUDO_UID"].compactMap { (variable: String) in
            unsafe getenv(variable).map { unsafe String(cString: $0) }
        }.first
        let login = Self.text(of: "/proc/self/loginuid")
        self.init(
            user: Self.user(sudo: sudo, login: login, effective: geteuid()),
            commandLine: String(arguments.joined(separator: " ").prefix(1000)))
    }

    private static func text(of path: FilePath) -> String? {
        guard let bytes = try? OpenFile(path, O_RDONLY).contents(upTo: 32) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The user in words: the kernel's word for who logged in is not theirs to choose, the name that sudo leaves is
    /// easier to read.
    static func user(sudo: String?, login: String?, effective: uid_t) -> String {
        let number = login.flatMap { UInt32($0.prefix { $0.isASCII && $0.isNumber }) }
        let known = number.flatMap { $0 == .max ? nil : "login user \($0)" }
        let words = [sudo.map { "sudo by \(String($0.prefix(100)))" }, known].compactMap(\.self)
        return words.isEmpty ? "user \(effective)" : words.joined(separator: ", ")
    }
}

extension TransactionEnd {
    fileprivate var priority: SystemLog.Priority {
        switch self {
        case .committed: .info
        case .rolledBack: .notice
        case .incomplete, .abandoned: .warning
        }
    }
}
