import ArgumentParser
import Testing

@testable import daxprov

@Suite struct PlanCommandTests {
    private func parse(_ arguments: String...) throws -> PlanCommand? {
        try Daxprov.parseAsRoot(["plan"] + arguments) as? PlanCommand
    }

    private func usageError(_ arguments: [String]) -> Int32? {
        let error = #expect(throws: (any Error).self) { try Daxprov.parseAsRoot(["plan"] + arguments) }
        return error.map { Daxprov.exitCode(for: $0).rawValue }
    }

    @Test func oneInventoryIsAPlanAndSeveralAreAReview() throws {
        #expect(try parse("p.yaml")?.inventories.isReview == false)
        #expect(try parse("p.yaml", "--inventory", "a.json")?.inventories.isReview == false)
        #expect(
            try parse("p.yaml", "--inventory", "a.json", "--inventory", "b.json")?.inventories.isReview
                == true)
        #expect(try parse("p.yaml", "--inventory-dir", "d")?.inventories.isReview == true)
        #expect(try parse("--profile-dir", "p", "--inventory", "a.json")?.inventories.isReview == true)
    }

    @Test(arguments: [
        [], ["--inventory", "a.json"], ["p.yaml", "--simulate", "h.json", "--inventory", "a.json"],
        ["p.yaml", "--simulate", "h.json", "--inventory-dir", "d"], ["p.yaml", "--profile-dir", "d"],
        ["-", "--inventory", "-"], ["p.yaml", "--inventory", "-", "--inventory", "b.json"],
    ])
    func whatContradictsItselfIsWrongUsage(arguments: [String]) {
        #expect(usageError(arguments) == ExitStatus.usage.rawValue)
    }

    @Test func theMostSeriousCodeOfAReviewIsItsOwn() {
        let order: [daxprov.ExitStatus] = [.badProfile, .error, .refused, .changesPending, .done]
        for (index, status) in order.enumerated() {
            for other in order.dropFirst(index + 1) {
                #expect(status.isMoreSerious(than: other))
                #expect(!other.isMoreSerious(than: status))
            }
            #expect(!status.isMoreSerious(than: status))
        }
    }

    @Test func exportTakesASimulatedHostOrAnInventory() throws {
        #expect(
            try (Daxprov.parseAsRoot(["export", "--inventory", "a"]) as? ExportCommand)?.inventory == "a")
        let error = #expect(throws: (any Error).self) {
            try Daxprov.parseAsRoot(["export", "--inventory", "a", "--simulate", "b"])
        }
        #expect(error.map { Daxprov.exitCode(for: $0).rawValue } == ExitStatus.usage.rawValue)
    }

    @Test func theHelpSaysWhichExitCodeAReviewHas() {
        #expect(Daxprov.helpMessage(for: PlanCommand.self).contains("65, then 1, 3, 2, 0"))
    }
}
