import ArgumentParser
import Provision
import ProvisionCore
import ProvisionHost

/// `daxprov validate`: are these profiles right in themselves?
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks profiles without a host.",
        discussion: """
            Every error of every file is reported with its place. Whether a host can be brought to a profile is what \
            'daxprov plan' says.

            \(ExitStatus.table(.done, .error, .badProfile))
            """
    )

    @Argument(
        help: ArgumentHelp("The host profiles; - reads standard input.", valueName: "profile"),
        completion: .file())
    var profiles: [String]
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
        var worst: ExitStatus?
        var report = ValidationReport()
        for path in profiles {
            do throws(CommandFailure) {
                _ = try ProfileArgument.read(path)
                report.add(path)
            } catch {
                Console.diagnose(error.text)
                report.add(path, error: error.message, diagnostics: error.diagnostics)
                if worst != .badProfile { worst = error.status }
                continue
            }
            if !json { try Console.write("\(TerminalText.clean(path)): valid\n") }
        }
        if json { try Console.write(report.json.text()) }
        if let worst { throw Ending(worst) }
    }
}
