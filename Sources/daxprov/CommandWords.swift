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

    /// Fails where a word in the place of a command, or one after `help`, is none.
    static func check(_ arguments: [String]) throws(CommandFailure) {
        guard let first = arguments.first, !first.hasPrefix("-") else { return }
        var command: any ParsableCommand.Type = Daxprov.self
        for word in first == "help" ? arguments.dropFirst() : arguments[...] {
            if word.hasPrefix("-") || word == "help" { return }
            command = try find(word, in: command)
            if first != "help", command.configuration.subcommands.isEmpty { return }
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
        let parent =
            command == Daxprov.self ? "daxprov" : "daxprov \(command.configuration.commandName ?? "")"
        let near = (command == Daxprov.self ? synonyms[word] : nil) ?? NearestWord.to(word, among: names)
        throw CommandFailure(
            .usage, "there is no command \(word)",
            advice: near.map { "did you mean \(parent) \($0)?" } ?? "\(parent) --help lists the commands")
    }
}
