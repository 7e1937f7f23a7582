import ArgumentParser
import Glibc
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov errors scrub`: has the platform look for media errors.
struct ErrorsScrubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract:
            "Has the platform look for media errors (an address range scrub), and can wait for its end.",
        discussion: """
            It starts a scrub on every bus that has one, or on the one named; one that runs already goes on. Large memory takes \
            hours. A scrub only adds to the list of errors, and takes none away: 'daxprov errors clear' does.

            With --wait it returns when the scrub has ended, and says how often the platform has scrubbed since it started. Control-C \
            ends the waiting, not the scrub.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Flag(help: "Wait for the end.") var wait = false
    @Option(help: ArgumentHelp("Only this bus, such as ndbus0.", valueName: "bus"))
    var bus: String?
    @OptionGroup var host: HostOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let observed = try CommandFailure.translating { () throws(HostError) in try host.observe() }
        let buses = observed.buses.filter { bus == nil || $0.device == bus }
        guard !buses.isEmpty else {
            throw CommandFailure(
                .error, bus.map { "this host has no bus \($0)" } ?? "this host has no nvdimm bus",
                advice: "daxprov inventory lists them")
        }
        let able = buses.filter { $0.scrubState != nil }
        for missing in buses where missing.scrubState == nil {
            Console.diagnose(
                "daxprov: \(missing.device) (\(missing.provider)): a scrub is not supported: its media errors stay unknown"
            )
        }
        guard !able.isEmpty else { throw Ending(.error) }
        let counts = try able.map { bus in (bus, try start(bus, host)) }
        guard wait else { return }
        let interruption = Interruption.bySignals()
        for (bus, count) in counts {
            try waitForEnd(of: bus, from: count, host, interruption)
        }
    }

    /// Starts a scrub, and returns the count that must be exceeded at its end.
    private func start(_ bus: Bus, _ host: any RestoringHost) throws -> UInt64 {
        let before = try CommandFailure.translating { () throws(HostError) in
            let before = try host.scrub(of: bus.device)
            if !before.isRunning { try host.startScrub(of: bus.device) }
            return before
        }
        Console.report(
            before.isRunning
                ? "\(bus.device): a scrub runs already\n" : "\(bus.device): a scrub is started\n")
        return before.count
    }

    private func waitForEnd(
        of bus: Bus, from count: UInt64, _ host: any RestoringHost, _ interruption: Interruption
    ) throws {
        var seconds = 0
        while true {
            let now = try CommandFailure.translating { () throws(HostError) in
                try host.scrub(of: bus.device)
            }
            if now.count > count, !now.isRunning {
                Console.report(
                    "\(bus.device): the scrub has ended (\(now.count) since the platform started)\n")
                return
            }
            guard !interruption.isRequested else {
                throw CommandFailure(
                    .error, "\(bus.device): not waited any longer; the scrub goes on",
                    advice: "daxprov errors scrub --wait waits for it")
            }
            if seconds > 0, seconds.isMultiple(of: 60) {
                Console.diagnose("daxprov: \(bus.device): the scrub runs since \(seconds / 60) min")
            }
            // A signal ends it early.
            sleep(1)
            seconds += 1
        }
    }
}
