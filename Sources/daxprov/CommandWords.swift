import ArgumentParser
import ProvisionCore

/// Words in the place of a command that are none: the argument parser takes them for arguments of the program, and
/// `help` ignores them.
enum CommandWords {
    /// Words that people have from other tools, with the command that does that here.
    private static let synonyms = [
        "list": "inventory", "ls": "inventory", "diff": "plan", "check": "validate", "undo": "rollback",
        "log": "history", "create": "apply", "help": "help",
    ]

    /// Fails where the first argument, or one after `help`, is no command.
    static func check(_ arguments: [String]) throws(CommandFailure) {
        guard let first = arguments.first, !first.hasPrefix("-") else { return }
        if first != "help" {
            _ = try find(first, in: Daxprov.self)
            return
        }
        var command: any ParsableCommand.Type = Daxprov.self
        for word in arguments.dropFirst() {
            if word.hasPrefix("-") || word == "help" { return }
            command = try find(word, in: command)
        }
    }

    private static func find(
        _ word: String, in command: any ParsableCommand.Type
    ) throws(CommandFailure) -> any ParsableCommand.Type {
        let commands = command.configuration.subcommands
        if let found = commands.first(where: { $0.configuration.commandName == word }) { return found }
        let names = commands.compactMap { $0.configuration.commandName }
        guard !names.isEmpty else {
            throw CommandFailure(
                .usage, "\(command.configuration.commandName ?? "it") has no command \(word)")
        }
        let near = synonyms[word] ?? NearestWord.to(word, among: names)
        throw CommandFailure(
            .usage, "there is no command \(word)",
            advice: near.map { "did you mean daxprov \($0)?" } ?? "daxprov --help lists the commands")
    }
}
