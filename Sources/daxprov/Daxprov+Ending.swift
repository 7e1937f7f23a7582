import ArgumentParser
import Glibc
import Provision
import ProvisionCore
import ProvisionHost

extension Daxprov {
    static var versionText: String { ToolVersion.current }

    /// Says on stderr why the command failed and exits with its code; help and version go to stdout with 0.
    static func end(with failure: any Error) -> Never {
        if let ending = failure as? Ending { Glibc.exit(ending.status.rawValue) }
        if let failure = failure as? CommandFailure { end(with: failure) }
        if let error = failure as? OperationError { end(with: CommandFailure(error)) }
        if exitCode(for: failure).isSuccess { answer(fullMessage(for: failure)) }
        guard exitCode(for: failure) == .validationFailure else { Self.exit(withError: failure) }
        let message = fullMessage(for: failure)
        let text = message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message
        Console.diagnose("daxprov: error: \(text)")
        document(CommandFailure(.usage, text))
        Glibc.exit(ExitStatus.usage.rawValue)
    }

    /// Prints what was asked for instead of a command, a help or the version, and exits.
    private static func answer(_ text: String) -> Never {
        do throws(OperationError) {
            try Console.write(text + "\n")
        } catch {
            end(with: CommandFailure(error))
        }
        Glibc.exit(ExitStatus.done.rawValue)
    }

    private static func end(with failure: CommandFailure) -> Never {
        Console.diagnose(failure.text)
        document(failure)
        Glibc.exit(failure.status.rawValue)
    }

    /// Prints the failure as a document where one was asked for: a failure comes instead of a report, never after one.
    private static func document(_ failure: CommandFailure) {
        guard ProcessStart.arguments.prefix(while: { $0 != "--" }).contains("--json") else {
            return
        }
        try? Console.write(failure.document.text())
    }
}
