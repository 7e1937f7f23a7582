import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov export`: the host as a profile.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints the host as a profile: applied to this host, it changes nothing.",
        discussion: """
            Regions are named by what does not change across reboots, where the host has that. What a profile cannot \
            say (disabled namespaces, creations that did not finish, disabled regions) is said in comments.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Option(
        help: ArgumentHelp(
            "Export the host of a saved inventory: what 'daxprov inventory --json' or 'ndctl list -BDRNv' printed; "
                + "- reads standard input.",
            valueName: "file"),
        completion: .file())
    var inventory: String?
    @Flag(help: "Print one JSON document with the profile as a text in it.") var json = false
    @OptionGroup var host: HostOptions

    func validate() throws {
        if inventory != nil, host.isSimulated {
            throw ValidationError("--simulate and --inventory exclude each other")
        }
    }

    func run() throws {
        let export = ProfileExport(try savedInventory())
        guard !export.isEmpty else {
            throw CommandFailure(
                .error, "the host has nothing that a profile can declare",
                advice: "daxprov inventory shows what it has")
        }
        try Console.write(json ? export.json.text() : export.text)
    }

    private func savedInventory() throws -> SavedInventory {
        if let inventory { return try InventoryFile.read(inventory) }
        let watch = self.host.watch
        let host = try host.makeHost()
        let observed = try CommandFailure.translating { () throws(HostError) in try host.observe() }
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        return SavedInventory(observed: observed, limits: .none)
    }
}
