import Glibc
import Provision
import ProvisionCore
import Synchronization

/// Shows on a terminal how far a wipe came: one line, written over and over. Nothing elsewhere.
final class WipeMeter: Sendable {
    private struct Mark {
        var milliseconds: UInt64
        var bytes: ByteCount
    }

    private struct State {
        /// What was seen in the last seconds, for the rate.
        var marks: [Mark] = []
        var shown: UInt64?
        var width = 0
    }

    private let state = Mutex(State())
    private let isOnTerminal = isatty(STDERR_FILENO) == 1

    /// How long the past is that the rate is of, and between two updates of the line, in milliseconds.
    private static let window: UInt64 = 5000, interval: UInt64 = 250

    /// Shows a progress, unless the last one was only just shown.
    func show(_ progress: Wiping.Progress) {
        guard isOnTerminal else { return }
        let line = state.withLock { state -> String? in
            state.marks.append(Mark(milliseconds: progress.milliseconds, bytes: progress.bytes))
            state.marks.removeAll { $0.milliseconds + Self.window < progress.milliseconds }
            if let shown = state.shown, progress.milliseconds < shown + Self.interval { return nil }
            state.shown = progress.milliseconds
            let first = state.marks.first.flatMap { state.marks.count > 1 ? $0 : nil }
            let time = max(progress.milliseconds - (first?.milliseconds ?? 0), 1)
            let bytes = progress.bytes - (first?.bytes ?? .zero)
            let text = TerminalText.clean(
                WipeText.progress(progress, rate: ByteCount(bytes.bytes / time * 1000)))
            let padding = String(repeating: " ", count: max(state.width - text.count, 0))
            state.width = text.count
            return "\r\(text)\(padding)"
        }
        if let line { Console.prompt(line) }
    }

    /// Ends the line.
    func end() {
        let wasShown = state.withLock { state in
            defer { state = State() }
            return state.shown != nil
        }
        if wasShown { Console.prompt("\n") }
    }
}
