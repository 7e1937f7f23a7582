import ArgumentParser
import Provision

/// `daxprov validate`: are these profiles right in themselves?
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks profiles without a host.",
        discussion: """
            Every error of every file is reported with its place. Whether a host can be brought to a profile is what
            'daxprov plan' says.

            \(ExitStatus.table(.done, .error, .badProfile))
            """
    )

    @Argument(help: ArgumentHelp("The host profiles; - reads standard input.", valueName: "profile"))
    var profiles: [String]

    func run() throws {
        var worst: CommandFailure?
        for path in profiles {
            do throws(CommandFailure) {
                _ = try ProfileFile.read(path)
                try Console.write("\(TerminalText.clean(path)): valid\n")
            } catch {
                if profiles.count > 1 { Console.diagnose(error.text) }
                if worst == nil || error.status == .badProfile { worst = error }
            }
        }
        if let worst { throw worst }
    }
}
