import ArgumentParser

/// `daxprov errors`: media errors, as known, cleared and looked for.
struct ErrorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "errors",
        abstract: "Lists media errors, clears them, and looks for more.",
        discussion: """
            A media error is a range of persistent memory that cannot be read. The kernel keeps a list of those that a scrub or a             read has met, for each region.

            \(ExitStatus.table(.done))
            """,
        subcommands: [ErrorsListCommand.self, ErrorsClearCommand.self, ErrorsScrubCommand.self]
    )
}
