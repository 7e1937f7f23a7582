import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov inventory`: the host as it is.
struct InventoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Shows the host: buses, DIMMs, regions with their free ranges, namespaces; dax regions.",
        discussion: """
            Each region comes with a map of its capacity: a letter for each namespace, a dot for what is free. So do \
            the dax regions of soft-reserved and volatile CXL memory, with their devices. \
            DIMMs are asked for their health; what their firmware does not tell is not shown. \
            Without root the kernel hides addresses: the report then has no maps and no free ranges.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    /// How the inventory is printed.
    enum Format: EnumerableFlag {
        case json
        case ndctlJSON
        case daxctlJSON

        static func name(for value: Format) -> NameSpecification {
            switch value {
            case .json: .customLong("json")
            case .ndctlJSON: .customLong("ndctl-json")
            case .daxctlJSON: .customLong("daxctl-json")
            }
        }

        static func help(for value: Format) -> ArgumentHelp? {
            switch value {
            case .json: "Print one JSON document: everything that is known."
            case .ndctlJSON: "Print what 'ndctl list -BDRNv' prints."
            case .daxctlJSON: "Print what 'daxctl list -DRiM' prints."
            }
        }
    }

    @Argument(
        help: ArgumentHelp(
            "Show only these: regions, or namespaces by name, UUID or device.", valueName: "name"),
        completion: HostCompletion.parts)
    var names: [String] = []
    @Flag(exclusivity: .exclusive) var format: Format?
    @Flag(help: "With --ndctl-json: print what 'ndctl list -BDRNvH' prints, with the health of the DIMMs.")
    var health = false
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard !health || format == .ndctlJSON else {
            throw ValidationError("--health needs --ndctl-json: other formats have the health of the DIMMs")
        }
    }

    func run() throws {
        let watch = host.site.watch
        let isTold = format == nil || format == .json || health
        let observed = try host.site.observe(host.makeHost(), health: isTold)
        var report = InventoryReport(
            observed, showing: try HostSelection.named(names, on: observed),
            origin: host.isSimulated ? nil : .here())
        if !host.isSimulated, !observed.daxRegions.isEmpty, format == nil || format == .json {
            let agents = MemoryAgents(below: "/", readsConfiguration: true)
            // What daxctl's files come to depends on what is kept, which only root may look at.
            let kept = try? KeptDeviceStore(host.store.directory).kept()
            let effects = kept.map { DaxctlEffect.all(agents, kept: $0.devices, on: observed) }
            report = report.with(agents, effects ?? [])
        }
        if format == nil, !host.isSimulated, Privilege.isMissing,
            !observed.buses.isEmpty || !observed.daxRegions.isEmpty
        {
            Console.diagnose(
                "daxprov: addresses and label areas are not known: run it as root, who alone may read them")
        }
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        if observed.buses.isEmpty, observed.daxRegions.isEmpty {
            Console.diagnose("daxprov: \(InventoryReport.noBusAdvice)")
        }
        switch format {
        case nil: try Console.write(report.text(width: Console.style.width))
        case .json: try Console.write(report.json)
        case .ndctlJSON: try Console.write(report.ndctlJSON)
        case .daxctlJSON: try Console.write(report.daxctlJSON)
        }
    }
}
