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
    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: ArgumentHelp("Only this bus, such as ndbus0.", valueName: "bus"))
    var bus: String?
    @OptionGroup var host: HostOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let observed = try host.observe()
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
        var items = buses.filter { $0.scrubState == nil }.map { ScrubReport.Item($0, .unsupported) }
        for bus in able { items.append(try start(bus, host)) }
        if wait {
            let interruption = Interruption.bySignals()
            for index in items.indices where items[index].outcome != .unsupported {
                items[index] = try waitForEnd(of: items[index], host, interruption)
            }
        }
        if json {
            let places = Dictionary(uniqueKeysWithValues: buses.enumerated().map { ($1.device, $0) })
            items.sort { places[$0.bus.device] ?? 0 < places[$1.bus.device] ?? 0 }
            Console.report(ScrubReport(items).json.text())
        }
        guard !able.isEmpty else { throw Ending(.error) }
    }

    /// Says something that the document says too.
    private func say(_ text: String) {
        if json { Console.diagnose(text) } else { Console.report(text + "\n") }
    }

    /// Starts a scrub, and returns how it is with the bus: its count must be exceeded at the end.
    private func start(_ bus: Bus, _ host: any RestoringHost) throws -> ScrubReport.Item {
        let before = try host.scrub(of: bus.device)
        if !before.isRunning { try host.startScrub(of: bus.device) }
        say(before.isRunning ? "\(bus.device): a scrub runs already" : "\(bus.device): a scrub is started")
        return ScrubReport.Item(bus, before.isRunning ? .running : .started, scrubs: before.count)
    }

    private func waitForEnd(
        of item: ScrubReport.Item, _ host: any RestoringHost, _ interruption: Interruption
    ) throws -> ScrubReport.Item {
        let bus = item.bus
        var seconds = 0
        while true {
            let now = try host.scrub(of: bus.device)
            if now.count > item.scrubs ?? 0, !now.isRunning {
                say("\(bus.device): the scrub has ended (\(now.count) since the platform started)")
                return ScrubReport.Item(bus, .ended, scrubs: now.count)
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
