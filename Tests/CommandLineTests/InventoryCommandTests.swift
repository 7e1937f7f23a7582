import ArgumentParser
import Testing

@testable import daxprov

@Suite struct InventoryCommandTests {
    private func parse(_ arguments: String...) throws -> InventoryCommand? {
        try Daxprov.parseAsRoot(["inventory"] + arguments) as? InventoryCommand
    }

    @Test func theFormatIsTextUnlessAskedOtherwise() throws {
        #expect(try parse()?.format == nil)
        #expect(try parse("--json")?.format == .json)
        #expect(try parse("--ndctl-json")?.format == .ndctlJSON)
        #expect(try parse("--daxctl-json")?.format == .daxctlJSON)
    }

    @Test func theTwoFormatsExcludeEachOther() {
        let error = #expect(throws: (any Error).self) { try parse("--json", "--ndctl-json") }
        #expect(error.map { Daxprov.exitCode(for: $0).rawValue } == ExitStatus.usage.rawValue)
    }

    @Test func theHostCanBeSimulatedAndTheStateMoved() throws {
        let command = try parse("--simulate", "host.json", "--state-dir", "/tmp/state")
        #expect(command?.host.simulate == "host.json")
        #expect(command?.host.stateDir == "/tmp/state")
    }

    @Test func theExitCodesAreFrozen() {
        let codes = Dictionary(uniqueKeysWithValues: ExitStatus.allCases.map { ("\($0)", $0.rawValue) })
        #expect(
            codes == [
                "done": 0, "error": 1, "changesPending": 2, "refused": 3, "rolledBack": 4, "partial": 5,
                "stale": 6, "locked": 7, "usage": 64, "badProfile": 65, "notPermitted": 77,
            ])
    }

    @Test func theHelpNamesTheExitCodes() {
        let help = Daxprov.helpMessage(for: InventoryCommand.self)
        #expect(help.contains("EXIT CODES:"))
        #expect(help.contains("  77  not permitted"))
    }
}
