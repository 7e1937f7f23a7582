import ArgumentParser
import Glibc
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// The options of every command that touches a host.
struct HostOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Act on a simulated host whose state is FILE instead of on this host.", valueName: "file"),
        completion: .file())
    var simulate: String?

    @Option(
        help: ArgumentHelp(
            "Keep journal and archive in DIR instead of /var/lib/daxprov.", valueName: "dir"),
        completion: .directory)
    var stateDir: String?

    /// Whether the host is a simulated one.
    var isSimulated: Bool { simulate != nil }

    /// The host to act on. The one place where a command line chooses between the kernel and a simulation.
    func makeHost() throws -> any RestoringHost {
        guard let file = simulate else { return KernelHost() }
        return try CommandFailure.translating { () throws(OperationError) in
            try SimulatedHost.open(FilePath(file))
        }
    }

    /// Whose profiles are applied. A simulated host has nothing to protect.
    var profileTrust: FileTrust { isSimulated ? .anybody : .rootAndCaller }

    /// Where transactions are recorded: beside its state file for a simulated host, wherever that is. Those of a real host
    /// are told to the system's log as well.
    var store: TransactionStore {
        if stateDir == nil, let besideSimulation { return TransactionStore(besideSimulation) }
        let directory = StateDirectory(stateDir.map { FilePath($0) } ?? Self.places.usual)
        guard !isSimulated else { return TransactionStore(directory) }
        return TransactionStore(
            directory, announcer: .system(arguments: ["daxprov"] + ProcessStart.arguments))
    }

    /// The directory beside a simulated host's state file, whatever that file is called; nil for this host.
    private var besideSimulation: StateDirectory? {
        guard let simulate else { return nil }
        let file = unsafe realpath(simulate, nil)
        defer { unsafe free(file) }
        let name = unsafe file.map { unsafe String(cString: $0) } ?? simulate
        return StateDirectory(FilePath("\(name).state"), trustingParents: true)
    }

    /// The options that mean the same host and record in another command.
    var arguments: [String] {
        (simulate.map { ["--simulate", $0] } ?? []) + (stateDir.map { ["--state-dir", $0] } ?? [])
    }

    /// Where this host's transactions can be recorded.
    private static let places = StatePlaces()

    /// The directory of the host's one lock, whatever its transactions are recorded in.
    private var lockDirectory: StateDirectory { besideSimulation ?? StateDirectory(Self.places.runtime) }

    private var lockPath: FilePath { lockDirectory.path.appending("lock") }

    /// What is protected, and where the state is. Writes nothing.
    var safeguards: Safeguards {
        Safeguards(reading: store, andMarksIn: isSimulated ? [] : [StateDirectory(Self.places.usual)])
    }

    /// The host as it is, with what is recorded of its dynamic dax regions.
    /// - Parameter health: whether the DIMMs are asked for their health.
    func observe(_ host: any RestoringHost, health: Bool = false) throws(OperationError) -> Observed {
        let found = try? DaxRegionStore(store.directory).found()
        return try host.observe(health: health).remembering(found?.records ?? [])
    }

    /// Sees whether another daxprov changes the host while this one looks at it.
    var watch: LockWatch { LockWatch(lockPath) }

    /// Takes the lock that lets one daxprov at a time change the host, and waits for it as long as `options` say.
    func lock(
        _ options: LockOptions, for purpose: HostClaim.Purpose
    ) throws(CommandFailure) -> HostClaim {
        let lockTimeout = options.lockTimeout
        do throws(OperationError) {
            let makes = purpose == .apply && (stateDir != nil || isSimulated)
            if makes || store.directory.exists { try store.directory.prepare() }
            try lockDirectory.prepareAlone()
            return try HostClaim(
                HostLock(lockPath, patience: lockTimeout), for: purpose, recordingIn: store,
                among: isSimulated ? nil : Self.places)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Fails where a transaction of this host was interrupted that another state directory has.
    func requireNothingElsewhere() throws(CommandFailure) {
        guard !isSimulated, !Privilege.isMissing else { return }
        try CommandFailure.translating { () throws(OperationError) in
            try Self.places.requireNothingInterrupted(besides: store.directory.path)
        }
    }

    /// Refuses who may not change this host.
    func requirePrivilege() throws {
        guard simulate == nil, Privilege.isMissing else { return }
        throw CommandFailure(.notPermitted, "only root can change namespaces", advice: "run daxprov as root")
    }
}
