import ArgumentParser
import Provision

/// `daxprov inventory`: the host as it is.
struct InventoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Shows the host: buses, DIMMs, regions with their free ranges, namespaces.",
        discussion: """
            Each region comes with a map of its capacity: a letter for each namespace, a dot for what is free. \
            Without root the kernel hides addresses: the report then has no maps and no free ranges.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    /// How the inventory is printed.
    enum Format: EnumerableFlag {
        case json
        case ndctlJSON

        static func name(for value: Format) -> NameSpecification {
            switch value {
            case .json: .customLong("json")
            case .ndctlJSON: .customLong("ndctl-json")
            }
        }

        static func help(for value: Format) -> ArgumentHelp? {
            switch value {
            case .json: "Print one JSON document: everything that is known."
            case .ndctlJSON: "Print what 'ndctl list -BDRNv' prints."
            }
        }
    }

    @Flag(exclusivity: .exclusive) var format: Format?
    @OptionGroup var host: HostOptions

    func run() throws {
        let watch = host.watch
        let observed: Observed
        do {
            observed = try host.makeHost().observe()
        } catch let error as HostError {
            throw CommandFailure(error)
        }
        let report = InventoryReport(observed, origin: host.isSimulated ? nil : .here())
        if format == nil, !host.isSimulated, Privilege.isMissing, !observed.buses.isEmpty {
            Console.diagnose(
                "daxprov: addresses and label areas are not known: run it as root, who alone may read them")
        }
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        if observed.buses.isEmpty { Console.diagnose("daxprov: \(InventoryReport.noBusAdvice)") }
        switch format {
        case nil: try Console.write(report.text)
        case .json: try Console.write(report.json)
        case .ndctlJSON: try Console.write(report.ndctlJSON)
        }
    }
}
