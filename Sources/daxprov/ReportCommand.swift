import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage

/// `daxprov report`: all that a ticket needs.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Prints what a ticket about this host needs, as one text. Changes nothing.",
        discussion: """
            The text has sections: daxprov; the kernel, its command line and the distribution; the modules of persistent memory, dax and \
            CXL with their parameters; memory hotplug; the kernel's configuration and address map; the lines of the kernel log about them, \
            at most 2000; label areas; who uses the devices; inventory, status and history as the commands of these names print them; daxctl's \
            files and udev rules. A section that cannot be had says why, and stops no other. Much can be read by root only.

            With --redact, words such as serial-1 take the place of serial numbers and ids of DIMMs, UUIDs, cookies of interleave sets, \
            this host's name, names of users and groups, paths below /home and /media, network addresses, \
            and what follows password= and the like. Equal words stand for equal secrets. Names of namespaces stay, and no rule knows every secret: read the text before you send it.

            With --output the text goes into a new file that its owner alone may read; an existing file is never replaced. A report \
            takes no lock. The exit code is 0 if the report was written, whatever it says.

            \(ExitStatus.table(.done, .error))
            """
    )

    @Option(
        help: ArgumentHelp("Write the report to FILE, which must not exist yet.", valueName: "file"),
        completion: .file())
    var output: String?
    @Flag(help: "Leave out serial numbers, UUIDs, this host's name, people, addresses and passwords.")
    var redact = false
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard output != "-" else {
            throw ValidationError("--output needs the name of a file: standard output is the default")
        }
    }

    func run() throws {
        let watch = self.host.site.watch
        let host = try host.makeHost()
        var material = HostMaterial(
            of: host, below: self.host.isSimulated ? nil : "/", recordedIn: self.host.store
        ) { () throws(OperationError) in
            try self.host.site.observe(host, health: true)
        }
        do throws(OperationError) {
            try self.host.requireNothingElsewhere()
        } catch {
            material.elsewhere = error.account
        }
        let notes = watch.notes.map { $0.message }
        for note in notes { Console.diagnose("daxprov: \(note)") }
        let report = HostReport(material, notes: notes)
        let text = redact ? report.redactedText : report.text
        guard let output else { return try Console.write(text) }
        try PrivateFile.create(FilePath(output), with: text)
        Console.diagnose("daxprov: the report is in \(output): read it before you send it")
    }
}
