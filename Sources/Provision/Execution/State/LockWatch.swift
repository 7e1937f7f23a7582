import Glibc
public import SystemPackage
public import ProvisionCore

/// Looks, at the beginning and at the end of an observation, whether another daxprov changes the host meanwhile: what
/// is observed then can be half of a change.
public struct LockWatch: Sendable {
    private let path: FilePath
    private let before: HostLock.State
    private let stamp: [Int]

    /// Begins to watch the lock file at `path`. Takes and makes nothing.
    public init(_ path: FilePath) {
        self.path = path
        self.before = HostLock.state(of: path)
        self.stamp = Self.stamp(of: path)
    }

    /// Whoever takes the lock writes its process id into the file: a lock that was taken and left again shows in its time.
    private static func stamp(of path: FilePath) -> [Int] {
        var status = stat()
        guard unsafe lstat(path.string, &status) == 0 else { return [] }
        return [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }

    /// A note where somebody held the lock then, or since, or holds it now.
    public var notes: [Note] {
        for state in [before, HostLock.state(of: path)] {
            guard case .held(let holder) = state else { continue }
            let process = holder.map { " (process \($0))" } ?? ""
            return [Self.note("daxprov\(process) is", advice: "wait until it has ended, and look again")]
        }
        guard stamp != Self.stamp(of: path) else { return [] }
        return [Self.note("daxprov was", advice: "look again")]
    }

    private static func note(_ who: String, advice: String) -> Note {
        Note(
            .hostChanging, "host",
            "another \(who) changing the host: what is shown may be half of its change", advice: advice)
    }
}
