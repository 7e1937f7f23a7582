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

    /// The host to act on. The one place where a command line chooses between the kernel and a simulation.
    func makeHost() throws -> any Host {
        guard let file = simulate else {
            return KernelHost()
        }
        return try CommandFailure.translating { () throws(HostError) in
            try SimulatedHost.open(FilePath(file))
        }
    }
}
