import CNdctl
import Glibc
import ProvisionCore

/// The system's log: systemd's journal by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), else syslog.
///
/// Nothing depends on it: what cannot be logged at once is not logged.
package struct SystemLog: Sendable {
    /// The socket of systemd's journal.
    package var journal = "/run/systemd/journal/socket"
    /// The socket of syslog.
    package var syslog = "/dev/log"

    /// A value of these parts.
    package init(journal: String = "/run/systemd/journal/socket", syslog: String = "/dev/log") {
        self.journal = journal
        self.syslog = syslog
    }

    /// A message with fields for programs.
    package struct Message: Equatable {
        /// The text, for a person.
        package var text: String
        /// How serious it is.
        package var priority = Priority.info
        /// The journal's fields, beside those that every message has.
        package var fields: [(key: String, value: String)] = []

        /// A value of these parts.
        package init(
            text: String, priority: Priority = Priority.info, fields: [(key: String, value: String)] = []
        ) {
            self.text = text
            self.priority = priority
            self.fields = fields
        }

        package static func == (left: Message, right: Message) -> Bool {
            left.text == right.text && left.priority == right.priority
                && left.fields.elementsEqual(right.fields) { $0 == $1 }
        }
    }

    /// syslog's severities, as far as they are used.
    package enum Priority: Int {
        case warning = 4
        case notice = 5
        case info = 6
    }

    /// Sends a message, to the first of the two that takes it.
    package func send(_ message: Message) {
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
