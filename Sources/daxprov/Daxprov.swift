import ArgumentParser

/// `daxprov`: the command line.
@main
struct Daxprov: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daxprov",
        abstract: "Provisions persistent-memory and device-dax namespaces from a profile.",
        version: "daxprov \(versionText)",
        subcommands: [
            ValidateCommand.self, InventoryCommand.self, PlanCommand.self, ApplyCommand.self,
            ExportCommand.self,
        ]
    )

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }
}
