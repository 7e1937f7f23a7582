import ArgumentParser
import Provision
import ProvisionCore

/// `daxprov unprotect`: removes the mark that protects a namespace.
struct UnprotectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unprotect",
        abstract: "Removes the protection that a profile gave a namespace. Changes nothing of the namespace.",
        discussion: """
            A namespace that a profile declared with protect: true stays protected when the profile is gone, or no \
            longer says so: it keeps its place, size, mode, layout and name, and nothing is written there, even if its label is lost. 'daxprov status' lists what is protected. Refused while the device is in use; a profile \
            that says protect: true protects it again when it is applied.

            \(ExitStatus.table(.done, .error, .refused, .locked, .notPermitted))
            """
    )

    @Argument(
        help: ArgumentHelp("The namespace: its name, or its label's UUID.", valueName: "name"),
        completion: HostCompletion.namespaces)
    var namespace: String
    @Flag(help: "Print one JSON document.") var json = false
    @OptionGroup var host: HostOptions
    @OptionGroup var waiting: LockOptions

    func run() throws {
        let host = try host.makeHost()
        try self.host.requirePrivilege()
        let lock = try self.host.lock(waiting, for: .unprotect)
        let ending = try Unprotection(host: host, store: self.host.store).run(namespace)
        extendLifetime(lock)
        let report = UnprotectionReport(ending)
        Console.report(json ? report.json.text() : report.text(Console.style))
        if case .refused = ending { throw Ending(.refused) }
    }
}
