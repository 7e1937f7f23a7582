import CNdctl
import Glibc

/// The system's log: systemd's journal by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), else syslog.
///
/// Nothing depends on it: what cannot be logged at once is not logged.
struct SystemLog: Sendable {
    /// The socket of systemd's journal.
    var journal = "/run/systemd/journal/socket"
    /// The socket of syslog.
    var syslog = "/dev/log"

    /// A message with fields for programs.
    struct Message: Equatable {
        /// The text, for a person.
        var text: String
        /// How serious it is.
        var priority = Priority.info
        /// The journal's fields, beside those that every message has.
        var fields: [(key: String, value: String)] = []

        static func == (left: Message, right: Message) -> Bool {
            left.text == right.text && left.priority == right.priority
                && left.fields.elementsEqual(right.fields) { $0 == $1 }
        }
    }

    /// syslog's severities, as far as they are used.
    enum Priority: Int {
        case warning = 4
        case notice = 5
        case info = 6
    }

    /// Sends a message, to the first of the two that takes it.
    func send(_ message: Message) {
        if isTaken(native(message), by: journal) { return }
        _ = isTaken(Array(line(message).utf8), by: syslog)
    }

    /// The message in the journal's protocol: a line a field. No value has a line break.
    private func native(_ message: Message) -> [UInt8] {
        let fields =
            [
                ("MESSAGE", message.text), ("PRIORITY", "\(message.priority.rawValue)"),
                ("SYSLOG_IDENTIFIER", "daxprov"), ("SYSLOG_PID", "\(getpid())"),
                ("MESSAGE_ID", "5d0f2b8e6a494c0fb1a3a5f6c2f9d7e1"),
            ] + message.fields
        return Array(fields.map { "\($0)=\(TerminalText.clean($1))\n" }.joined().utf8)
    }

    /// The message as syslog wants it, of the facility `user`.
    private func line(_ message: Message) -> String {
        let facility = 1
        let priority = facility * 8 + message.priority.rawValue
        return "<\(priority)>daxprov[\(getpid())]: \(TerminalText.clean(message.text))"
    }

    /// Whether a socket takes it. One that is full is tried again for a moment.
    private func isTaken(_ bytes: [UInt8], by path: String) -> Bool {
        for attempt in 0..<5 {
            if attempt > 0 { usleep(10_000) }
            let result = unsafe bytes.withUnsafeBytes {
                unsafe daxprov_log_send(path, $0.baseAddress, $0.count)
            }
            if result == 0 { return true }
            guard [EAGAIN, ENOBUFS, EINTR].contains(errno) else { return false }
        }
        return false
    }
}
