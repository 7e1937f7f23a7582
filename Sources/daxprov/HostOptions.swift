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
    func makeHost() throws(OperationError) -> any RestoringHost {
        guard let file = simulate else { return KernelHost() }
        return try SimulatedHost.open(FilePath(file))
    }

    /// Whose profiles are applied. A simulated host has nothing to protect.
    var profileTrust: FileTrust { isSimulated ? .anybody : .rootAndCaller }

    /// Where changes of the host are recorded and locked. Those of a simulated host are recorded beside its state file,
    /// wherever that is; those of a real one are told to the system's log as well.
    var site: HostSite {
        let beside = besideSimulation
        return HostSite(
            store: store(beside), lockDirectory: beside ?? StateDirectory(Self.places.runtime),
            places: isSimulated ? nil : Self.places, makesState: stateDir != nil || isSimulated,
            options: arguments)
    }

    /// The transactions of the host.
    var store: TransactionStore { site.store }

    private func store(_ beside: StateDirectory?) -> TransactionStore {
        if stateDir == nil, let beside { return TransactionStore(beside) }
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
    private var arguments: [String] {
        (simulate.map { ["--simulate", $0] } ?? []) + (stateDir.map { ["--state-dir", $0] } ?? [])
    }

    /// Where this host's transactions can be recorded.
    private static let places = StatePlaces()

    /// Takes the lock that lets one daxprov at a time change the host, and waits for it as long as `options` say.
    func lock(
        _ options: LockOptions, for purpose: HostClaim.Purpose
    ) throws(OperationError) -> HostClaim {
        try site.claim(for: purpose, patience: options.lockTimeout) { Console.diagnose("daxprov: \($0)") }
    }

    /// Fails where a transaction of this host was interrupted that another state directory has.
    func requireNothingElsewhere() throws(OperationError) {
        guard !Privilege.isMissing else { return }
        try site.requireNothingElsewhere()
    }

    /// Refuses who may not change this host.
    func requirePrivilege() throws(OperationError) {
        guard simulate == nil, Privilege.isMissing else { return }
        throw OperationError(
            .notPermitted, "only root can change namespaces", advice: "run daxprov as root")
    }
}
