import ArgumentParser
import Provision
import ProvisionCore
import Testing

@testable import daxprov

/// The whole command tree, command by command.
@Suite struct HelpTests {
    private static let commands = tree(Daxprov.self)
    private static let names = commands.map { $0.configuration.commandName ?? "\($0)" }

    private static func tree(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap { tree($0) }
    }

    private static func paragraphs(_ command: any ParsableCommand.Type) -> [Substring] {
        var rest = command.configuration.discussion[...]
        var paragraphs: [Substring] = []
        while let end = rest.firstRange(of: "\n\n") {
            paragraphs.append(rest[..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        return paragraphs + [rest]
    }

    @Test func theTreeIsWalked() {
        #expect(Self.names.first == "daxprov")
        #expect(Set(Self.names).isSuperset(of: ["validate", "inventory", "plan", "apply"]))
    }

    @Test(arguments: commands.indices)
    func aCommandSaysWhatItDoes(index: Int) {
        let configuration = Self.commands[index].configuration
        #expect(configuration.abstract.hasSuffix("."), "\(Self.names[index])")
        #expect(configuration.abstract.first?.isUppercase == true, "\(Self.names[index])")
        #expect(Self.paragraphs(Self.commands[index]).count >= 2, "\(Self.names[index]) has no discussion")
    }

    /// The library breaks lines at the width of the terminal; breaks of our own would leave ragged ones.
    @Test(arguments: commands.indices)
    func aParagraphIsOneLine(index: Int) {
        for paragraph in Self.paragraphs(Self.commands[index]) where !paragraph.hasPrefix("EXIT CODES:") {
            #expect(!paragraph.contains("\n"), "\(Self.names[index])")
        }
    }

    @Test(arguments: commands.indices)
    func aCommandListsItsExitCodesInOrder(index: Int) throws {
        let table = try #require(
            Self.paragraphs(Self.commands[index]).last { $0.hasPrefix("EXIT CODES:\n") },
            "\(Self.names[index]) has no table")
        let rows = table.split(separator: "\n").dropFirst()
        let meanings = Dictionary(
            uniqueKeysWithValues: ExitStatus.allCases.map { ($0.rawValue, $0.meaning) })
        let codes = try rows.map { row in
            let words = row.split(separator: " ", maxSplits: 1)
            let code = try #require(words.first.flatMap { Int32($0) })
            #expect(words.last?.drop { $0 == " " } == meanings[code]?[...])
            return code
        }
        #expect(codes == codes.sorted())
        #expect(Set(codes).isSuperset(of: [0, 64]))
        #expect(Set(codes).count == codes.count)
    }

    @Test func everyArgumentOfEveryCommandHasAHelpText() throws {
        let run = try Workplace().run("--experimental-dump-help")
        let document = JSONCursor(try JSONValue(parsing: run.output))
        var count = 0
        func check(_ command: JSONCursor) throws {
            let name = try command.required("commandName").string()
            guard name != "help" else { return }  // the library's own
            for argument in try command.elements("arguments") {
                count += 1
                let text = try argument.optional("abstract")?.string() ?? ""
                #expect(text.hasSuffix("."), "\(name): \(argument.value)")
            }
            for subcommand in try command.elements("subcommands") { try check(subcommand) }
        }
        try check(try document.required("command"))
        #expect(count > 20)
    }

    /// The words of each command, those above it first.
    private static func paths(_ command: any ParsableCommand.Type, _ above: [String] = []) -> [[String]] {
        command.configuration.subcommands.flatMap { command in
            let words = above + [command.configuration.commandName ?? "\(command)"]
            return [words] + paths(command, words)
        }
    }

    @Test(arguments: paths(Daxprov.self))
    func helpGoesToStandardOutput(words: [String]) throws {
        let run = try Workplace().run(words + ["--help"])
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("OVERVIEW: "))
        #expect(run.errors == "")
        #expect(try Workplace().run(["help"] + words).output == run.output)
    }

    @Test func theVersionGoesToStandardOutput() throws {
        let expected = Workplace.Run(status: 0, output: "daxprov \(ToolVersion.current)\n", errors: "")
        #expect(try Workplace().run("--version") == expected)
    }
}
