public import SystemPackage

/// Looks, at the beginning and at the end of an observation, whether another daxprov changes the host meanwhile: what
/// is observed then can be half of a change.
public struct LockWatch: Sendable {
    private let path: FilePath
    private let before: HostLock.State

    /// Begins to watch the lock file at `path`. Takes and makes nothing.
    public init(_ path: FilePath) {
        self.path = path
        self.before = HostLock.state(of: path)
    }

    /// A note where somebody held the lock then, or holds it now.
    public var notes: [Note] {
        for state in [before, HostLock.state(of: path)] {
            guard case .held(let holder) = state else { continue }
            let process = holder.map { " (process \($0))" } ?? ""
            return [
                Note(
                    .hostChanging, "host",
                    "another daxprov\(process) is changing the host: this can be half of its change",
                    advice: "wait until it has ended, and look again")
            ]
        }
        return []
    }
}
