import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov export`: the host as a profile.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints the host as a profile: applied to this host, it changes nothing.",
        discussion: """
            Regions are named by what does not change across reboots, where the host has that. What a profile cannot \
            say (disabled namespaces, creations that did not finish, disabled regions) is said in comments. What daxctl's \
            files (/etc/daxctl.conf.d) ask of a namespace's device is a comment too, with what comes of it; \
            --daxctl-conf makes it 'device:', and the profile then changes devices that are not so yet.

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
    @Flag(help: "Ask for what /etc/daxctl.conf.d asks of devices, in its place.") var daxctlConf = false
    @Flag(help: "Print one JSON document with the profile as a text in it.") var json = false
    @OptionGroup var host: HostOptions

    func validate() throws {
        if inventory != nil, host.isSimulated {
            throw ValidationError("--simulate and --inventory exclude each other")
        }
        if daxctlConf, !isThisHost {
            throw ValidationError(
                "--daxctl-conf reads this host's files: neither --simulate nor --inventory goes with it")
        }
    }

    func run() throws {
        let inventory = try savedInventory()
        let export = ProfileExport(inventory, daxctl: daxctl(on: inventory.observed), takingOver: daxctlConf)
        guard !export.isEmpty else {
            throw CommandFailure(
                .error, "the host has nothing that a profile can declare",
                advice: "daxprov inventory shows what it has")
        }
        try Console.write(json ? export.json.text() : export.text)
    }

    private var isThisHost: Bool { inventory == nil && !host.isSimulated }

    /// What daxctl's files come to here; a file that is not read is said.
    private func daxctl(on observed: Observed) -> [DaxctlEffect] {
        guard isThisHost else { return [] }
        let agents = MemoryAgents(below: "/")
        for problem in agents.daxctl.problems {
            Console.diagnose("daxprov: \(problem.file) is not read: \(problem.reason)")
        }
        // Only root may look at what is kept: for others it is none.
        let kept = try? KeptDeviceStore(host.store.directory).kept()
        return DaxctlEffect.all(agents, kept: kept?.devices ?? [], on: observed)
    }

    private func savedInventory() throws -> SavedInventory {
        if let inventory { return try InventoryFile.read(inventory) }
        let watch = self.host.site.watch
        let host = try host.makeHost()
        let observed = try self.host.site.observe(host)
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        return SavedInventory(observed: observed, limits: .none)
    }
}
