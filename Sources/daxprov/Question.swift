import Glibc
import Provision

/// A question on the terminal.
enum Question {
    /// Returns when the person at the terminal types yes; fails otherwise, and where there is no terminal to ask on.
    static func confirm(_ question: String) throws(CommandFailure) {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(
                .refused, "there is no terminal to ask on, and --yes was not given",
                advice: "nothing was touched; look at the plan, then say --yes")
        }
        Console.prompt("\(question) Type yes: ")
        guard readLine()?.lowercased() == "yes" else {
            throw CommandFailure(.refused, "not confirmed", advice: "nothing was touched")
        }
    }
}
