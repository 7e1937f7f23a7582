import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov errors list`: the known media errors.
struct ErrorsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the known media errors: where they lie, and what lies there. Changes nothing.",
        discussion: """
            Each error comes with its system physical address, the namespace that it lies in (of every mode), what lies there, \
            and the DIMM where the firmware tells. Offsets count from the start of the namespace's data as its device does; \
            in metadata and in sector mode from the start of the namespace; elsewhere from the start of the region.

            Some errors keep the kernel from enabling other namespaces of their region: they are named, with the way out.

            That no error is listed means nothing for a region without an address range scrub, or one that is disabled: what \
            is not known is said. 'daxprov errors scrub' looks for more.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "List only these: regions, or namespaces by name, UUID or device.", valueName: "name"),
        completion: HostCompletion.parts)
    var names: [String] = []
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let watch = self.host.site.watch
        let host = try host.makeHost()
        let observed = try host.observe()
        let lists = try host.mediaErrorLists(of: observed)
        let survey = MediaErrorSurvey(of: observed, lists: lists).limited(
            to: try HostSelection.named(names, on: observed), of: observed)
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        if observed.buses.isEmpty { Console.diagnose("daxprov: \(InventoryReport.noBusAdvice)") }
        let report = MediaErrorReport(survey)
        try Console.write(json ? report.json.text() : report.text(width: Console.style.width))
    }
}
