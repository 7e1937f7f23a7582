import Glibc
import Provision
import ProvisionCore
import Synchronization
import SystemPackage

/// Data goes to stdout, diagnostics to stderr.
enum Console {
    /// Writes data to stdout; fails where that cannot take it. For what only looks, and for what is shown before
    /// anything is done.
    static func write(_ data: String) throws(OperationError) {
        do throws(Errno) {
            try send(data, to: STDOUT_FILENO)
        } catch {
            throw OperationError(.failed, "cannot write to standard output: \(error)")
        }
    }

    /// Writes the report of what was done to stdout. Where that cannot take it, stderr says so: the exit code goes on
    /// saying what happened to the host.
    static func report(_ data: String) {
        do throws(Errno) {
            try send(data, to: STDOUT_FILENO)
        } catch {
            diagnose("daxprov: error: cannot write the report to standard output: \(error)")
            diagnose(
                "daxprov: the exit code says what happened to the host; daxprov history lists what was done")
        }
    }

    /// Writes all of a text. A file system over a network tells only at a close that it has no room.
    private static func send(_ text: String, to descriptor: Int32) throws(Errno) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 {
                throw .ioError
            } else if errno == EAGAIN {
                // Somebody else who has the same terminal or pipe made it non-blocking.
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&request, 1, -1)
            } else if errno != EINTR {
                throw Errno(rawValue: errno)
            }
        }
        let copy = dup(descriptor)
        guard copy < 0 || close(copy) == 0 || errno == EINTR else { throw Errno(rawValue: errno) }
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

    /// What was diagnosed since ``collect()``; nil where that goes to stderr.
    private static let collection = Mutex<String?>(nil)

    /// Keeps what is diagnosed from now on, instead of writing it to stderr.
    static func collect() {
        collection.withLock { $0 = $0 ?? "" }
    }

    /// What was kept since ``collect()``.
    static func collected() -> String { collection.withLock { $0 ?? "" } }

    /// Writes a question to stderr, without a newline.
    static func prompt(_ text: String) {
        try? send(text, to: STDERR_FILENO)
    }

    /// Writes a diagnostic and a newline to stderr, its lines made safe for a terminal: whatever was put into it, also
    /// the command line's own words. A stderr that takes nothing is no reason to fail.
    static func diagnose(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let safe = lines.map { TerminalText.clean(String($0)) + "\n" }.joined()
        let isCollected = collection.withLock { collection in
            collection?.append(safe)
            return collection != nil
        }
        guard !isCollected else { return }
        try? send(safe, to: STDERR_FILENO)
    }
}
