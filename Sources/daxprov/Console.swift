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

    /// Writes a diagnostic and a newline to stderr. A stderr that takes nothing is no reason to fail.
    static func diagnose(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll((text + "\n").utf8)
    }
}
