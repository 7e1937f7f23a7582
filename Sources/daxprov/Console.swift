import Glibc
import Provision
import SystemPackage

/// Data goes to stdout, diagnostics to stderr.
enum Console {
    /// Writes data to stdout; fails where that cannot take it.
    static func write(_ data: String) throws(CommandFailure) {
        do {
            try FileDescriptor.standardOutput.writeAll(data.utf8)
        } catch {
            throw CommandFailure(.error, "cannot write to standard output: \(error)")
        }
    }

    /// The style for stdout: colours only on a terminal, and not where `NO_COLOR` is set and not empty
    /// (no-color.org).
    static var style: TextStyle {
        let refused = unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
        return isatty(STDOUT_FILENO) == 1 && !refused ? .terminal : .plain
    }

    /// Tells what begins, on stderr.
    static func show(_ progress: Executor.Progress) {
        switch progress {
        case .begins(let step, let index, let count):
            diagnose(TerminalText.clean("[\(index + 1)/\(count)] \(StepText.phrase(step))"))
        case .undoes(let what):
            diagnose(TerminalText.clean("undo: \(what)"))
        }
    }

    /// Writes a question to stderr, without a newline.
    static func prompt(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }

    /// Writes a diagnostic and a newline to stderr, its lines made safe for a terminal: whatever was put into it, also
    /// the command line's own words. A stderr that takes nothing is no reason to fail.
    static func diagnose(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let safe = lines.map { TerminalText.clean(String($0)) + "\n" }.joined()
        _ = try? FileDescriptor.standardError.writeAll(safe.utf8)
    }
}
