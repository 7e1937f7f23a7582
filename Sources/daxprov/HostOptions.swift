import ArgumentParser
import Provision
import SystemPackage

/// The options of every command that touches a host.
struct HostOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Act on a simulated host whose state is FILE instead of on this host.", valueName: "file"))
    var simulate: String?

    @Option(
        help: ArgumentHelp(
            "Keep journal, archive and lock in DIR instead of /var/lib/daxprov and /run/daxprov.",
            valueName: "dir"))
    var stateDir: String?

    /// Whether the host is a simulated one.
    var isSimulated: Bool { simulate != nil }

    @Option(
        help: ArgumentHelp(
            "Wait at most so long for another daxprov that changes the host; without it, not at all.",
            valueName: "seconds"))
    var lockTimeout: Int = 0

    func validate() throws {
        guard (0...86_400).contains(lockTimeout) else {
            throw ValidationError("--lock-timeout takes 0 to 86400 seconds")
        }
    }

    /// The host to act on. The one place where a command line chooses between the kernel and a simulation.
    func makeHost() throws -> any RestoringHost {
        guard let file = simulate else { return KernelHost() }
        return try CommandFailure.translating { () throws(HostError) in
            try SimulatedHost.open(FilePath(file))
        }
    }

    /// Whose profiles are applied. A simulated host has nothing to protect.
    var profileTrust: FileTrust { isSimulated ? .anybody : .rootAndCaller }

    /// Where transactions are recorded: beside its state file for a simulated host, wherever that is. Those of a real host
    /// are told to the system's log as well.
    var store: TransactionStore {
        if let simulate {
            let directory =
                stateDir.map { StateDirectory(FilePath($0)) }
                ?? StateDirectory(FilePath("\(simulate).state"), trustingParents: true)
            return TransactionStore(directory)
        }
        return TransactionStore(
            StateDirectory(FilePath(stateDir ?? "/var/lib/daxprov")),
            announcer: .system(arguments: CommandLine.arguments))
    }

    /// What is protected, and where the state is. Writes nothing.
    var safeguards: Safeguards { Safeguards(reading: store) }

    /// The options that mean the same host and record in another command.
    var arguments: [String] {
        (simulate.map { ["--simulate", $0] } ?? []) + (stateDir.map { ["--state-dir", $0] } ?? [])
    }

    /// Takes the lock that lets one daxprov at a time change the host.
    func lock() throws -> HostLock {
        do throws(StateError) {
            guard stateDir == nil, simulate == nil else {
                try store.directory.prepare()
                return try HostLock(store.directory.path.appending("lock"), patience: lockTimeout)
            }
            let directory = StateDirectory(FilePath("/run/daxprov"))
            try directory.prepareAlone()
            return try HostLock(directory.path.appending("lock"), patience: lockTimeout)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Refuses who may not change this host.
    func requirePrivilege() throws {
        guard simulate == nil, Privilege.isMissing else { return }
        throw CommandFailure(.notPermitted, "only root can change namespaces", advice: "run daxprov as root")
    }
}
