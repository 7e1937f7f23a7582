/// What was interrupted, and how the host differs from what the last application left.
public struct HostStatus: Sendable {
    /// The names of the transactions that did not end.
    public var interrupted: [String]
    /// The name of the last application that ended; nil where there is none.
    public var last: String?
    /// What changed since, a line each.
    public var drift: [String]
    /// Why the drift is not known; nil where it is.
    public var unknown: String?
    /// The protected namespaces.
    public var protected: [ProtectionMark]

    /// The status of the host that `observe` shows.
    public init(
        of store: TransactionStore, observe: () throws(HostError) -> Observed
    ) throws(StateError) {
        interrupted = try store.interrupted().map(\.header.id)
        drift = []
        protected = try ProtectionStore(store.directory).marks()
        var after: Observed?
        for log in try store.logs().reversed() {
            guard log.end == .committed || log.end == .incomplete, let state = log.after else { continue }
            last = log.header.id
            after = state
            break
        }
        guard let after else { return }
        do throws(HostError) {
            drift = HostFacts(after).differences(to: HostFacts(try observe()))
        } catch {
            unknown = error.description
        }
    }

    /// The status for a person.
    public var text: String {
        var lines = interrupted.map { "Interrupted: transaction \($0). Run daxprov recover." }
        if let last {
            let verdict =
                unknown.map { "the host could not be observed: \($0)" }
                ?? (drift.isEmpty ? "the host is as it left it" : "the host has changed since:")
            lines.append("Last applied: transaction \(last); \(verdict)")
            lines += drift.map { "      \($0)" }
        } else if interrupted.isEmpty {
            lines.append("No transaction is recorded.")
        }
        lines += protected.map { mark in
            let name = mark.name.map { "\($0) " } ?? ""
            let source = mark.source.map { "by \($0)" } ?? "by a mark that is damaged"
            return "Protected: \(name)(label \(mark.label)), \(source)"
        }
        return lines.map { TerminalText.clean($0) + "\n" }.joined()
    }
}
