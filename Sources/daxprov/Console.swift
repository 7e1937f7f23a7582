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

    /// The style for stdout: colours and a width on a terminal alone.
    static var style: TextStyle {
        guard isatty(STDOUT_FILENO) == 1 else { return .plain }
        return TextStyle(usesColour: Terminal.hasColours, width: Terminal.width)
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
