public import ProvisionCore
import Glibc
public import SystemPackage

/// Where transactions of this host can be recorded beside the state directory that a command uses.
///
/// There is one host and one lock, and any number of state directories (`--state-dir`). While one that is not the usual
/// one is in use, its path is kept in two places: in the runtime directory, and in the usual state directory, since the
/// first is gone after a boot. What a crash leaves interrupted there is found through them, whichever state directory
/// the next command is given.
public struct StatePlaces: Sendable {
    /// The state directory that is used where none is given.
    public let usual: FilePath
    /// The directory of the lock.
    public let runtime: FilePath

    /// The places of a host.
    public init(usual: FilePath = "/var/lib/daxprov", runtime: FilePath = "/run/daxprov") {
        self.usual = usual
        self.runtime = runtime
    }

    /// The file, in both places, that holds the path of the state directory in use.
    static let mark = "state-directory"

    /// The state directories beside `current` that transactions may be recorded in.
    private func others(than current: FilePath) throws(OperationError) -> [FilePath] {
        var others = [usual]
        for directory in [runtime, usual] {
            guard let marked = try marked(in: directory), !others.contains(marked) else { continue }
            others.append(marked)
        }
        let current = Self.resolved(current)
        return others.filter { Self.resolved($0) != current }
    }

    /// Refuses where a transaction is interrupted, or may be, that is recorded in another state directory than
    /// `current`. Of one that cannot be read nobody knows whether it was.
    public func requireNothingInterrupted(besides current: FilePath) throws(OperationError) {
        for place in try others(than: current) {
            let directory = StateDirectory(place)
            guard place == usual || StateDirectory.exists(place) else {
                throw OperationError(
                    record: .interrupted,
                    "cannot tell whether a transaction was interrupted: this host's transactions were recorded in "
                        + "\(place), which does not exist",
                    advice:
                        "bring it back (mount it) and run daxprov recover --state-dir \(place); if it is lost, remove "
                        + "\(runtime.appending(Self.mark)) and \(usual.appending(Self.mark))")
            }
            let store = TransactionStore(directory)
            let readings = try store.readings()
            let option = place == usual ? "" : " --state-dir \(place)"
            if let id = try store.interrupted(among: readings).last?.header.id {
                throw OperationError(
                    record: .interrupted, "transaction \(id), recorded in \(place), was interrupted",
                    advice: "run daxprov recover\(option)")
            }
            if let unreadable = TransactionStore.unreadable(among: readings).last {
                throw OperationError(
                    record: .interrupted,
                    "transaction \(unreadable.name), recorded in \(place), may have been interrupted, and cannot be read: "
                        + unreadable.error.description,
                    advice: TransactionStore.waySetAside(unreadable.name, option))
            }
        }
    }

    /// Keeps the path of the state directory that is used from now on.
    /// - Returns: why it will not be found after a boot; nil where it will.
    public func remember(_ current: FilePath) throws(OperationError) -> OperationError? {
        guard !isUsual(current) else { return nil }
        let current = Self.resolved(current)
        try PrivateFile.replace(runtime.appending(Self.mark), with: current.string)
        do throws(OperationError) {
            try StateDirectory(usual).prepareAlone()
            try PrivateFile.replace(usual.appending(Self.mark), with: current.string)
            return nil
        } catch {
            return error
        }
    }

    /// Whether a state directory is the one that is used where none is given.
    public func isUsual(_ current: FilePath) -> Bool { Self.resolved(current) == Self.resolved(usual) }

    /// Forgets a state directory in which nothing is interrupted any more.
    public func forget(_ current: FilePath) {
        let current = Self.resolved(current)
        for directory in [runtime, usual] {
            guard let marked = try? marked(in: directory), Self.resolved(marked) == current else { continue }
            unsafe unlink(directory.appending(Self.mark).string)
        }
    }

    private func marked(in directory: FilePath) throws(OperationError) -> FilePath? {
        let path = directory.appending(Self.mark)
        guard StateDirectory.exists(path) else { return nil }
        try StateDirectory.requirePrivate(directory)
        let bytes = try StateFile.contents(path, limit: Int(PATH_MAX))
        let marked = FilePath(String(decoding: bytes, as: UTF8.self))
        guard marked.isAbsolute else {
            throw OperationError(
                record: .damaged, "\(path) does not hold the path of a state directory",
                advice:
                    "remove it, after looking with daxprov status --state-dir DIR where a transaction was interrupted"
            )
        }
        return marked
    }

    /// The path without links; where it does not exist, that of its parent with its name.
    private static func resolved(_ path: FilePath) -> FilePath {
        if let name = unsafe realpath(path.string, nil) {
            defer { unsafe free(name) }
            return unsafe FilePath(platformString: name)
        }
        guard let last = path.lastComponent else { return path }
        let parent = path.removingLastComponent()
        return resolved(parent.isEmpty ? "." : parent).appending(last)
    }
}
