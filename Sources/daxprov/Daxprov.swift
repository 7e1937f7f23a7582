import ArgumentParser
import Glibc
import ProvisionHost

/// `daxprov`: the command line.
@main
struct Daxprov: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daxprov",
        abstract: "Provisions persistent-memory and device-dax namespaces from a profile.",
        discussion: """
            A profile says which namespaces a host is to have. 'daxprov inventory' shows what it has, 'daxprov plan' \
            the difference, and 'daxprov apply' brings the host to the profile.

            \(ExitStatus.table(ExitStatus.allCases))
            """,
        version: "daxprov \(versionText)",
        subcommands: [
            ValidateCommand.self, InventoryCommand.self, PlanCommand.self, ApplyCommand.self,
            VerifyCommand.self, ErrorsCommand.self, StatusCommand.self, RollbackCommand.self,
            RecoverCommand.self,
            HistoryCommand.self,
            ShowCommand.self, ReportCommand.self, ExportCommand.self, WipeCommand.self, UnprotectCommand.self,
            AnsibleModuleCommand.self, SchemaCommand.self,
        ]
    )

    static func main() {
        guard ProcessStart.openStandardDescriptors() else { Glibc.exit(ExitStatus.error.rawValue) }
        ProcessStart.ignoreBrokenPipes()
        do {
            let arguments = ProcessStart.arguments
            guard !arguments.isEmpty else {
                throw ValidationError("Missing expected argument '<subcommand>'")
            }
            try CommandWords.check(arguments)
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            end(with: error)
        }
    }
}
