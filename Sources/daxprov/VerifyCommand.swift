import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov verify`: is it really DAX?
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Proves whether the memory of namespaces is mapped directly (DAX), and with which page size.",
        discussion: """
            It maps the character device of a devdax namespace with MAP_SYNC and loads from it; it stores nothing there. On a file \
            system on an fsdax namespace it makes files without a name, of at most 8 MiB, maps them and stores to them; they \
            go with the command. Where files need the DAX attribute, it makes a directory for that and removes it at once. It \
            writes nothing else. The number of page faults shows the page size.

            The verdict is 'proven', 'DAX, without MAP_SYNC', 'DAX for files with the attribute alone', 'system memory', \
            'not DAX' or 'not proven', with reasons. An fsdax namespace without a mounted file system is not proven: the \
            file system decides.

            A namespace passes if it is what one of its mode is for: devdax and fsdax proven, or all memory of the device \
            online; sector and raw not DAX. The exit code is 0 if all pass, 1 if one does not or if there are no \
            namespaces, and 77 if only root could tell.

            \(ExitStatus.table(.done, .error, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Verify only these: regions, or namespaces by name, UUID or device.", valueName: "name"),
        completion: HostCompletion.parts)
    var names: [String] = []
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions

    func run() throws {
        let watch = self.host.site.watch
        let host = try host.makeHost()
        let observed = try host.observe()
        let verification = Verification(
            of: observed, on: host, only: try HostSelection.named(names, on: observed))
        for note in watch.notes { Console.diagnose("daxprov: \(note.message)") }
        if verification.lacksPrivilege { Console.diagnose("daxprov: run it as root to verify all of them") }
        let report = VerificationReport(verification)
        try Console.write(json ? report.json.text() : report.text(Console.style))
        guard !verification.passes else { return }
        throw Ending(verification.lacksPrivilege ? .notPermitted : .error)
    }
}
