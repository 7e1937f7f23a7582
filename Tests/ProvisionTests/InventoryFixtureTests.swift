import Provision
import ProvisionCore
import SystemPackage
import Testing

/// Every folder-less set `NAME.json`, `NAME.txt`, `NAME.ndctl.json` in Tests/Fixtures/inventory is a case.
@Suite struct InventoryFixtureTests {
    static let cases = TestFiles.names(in: "inventory", endingWith: ".txt")

    private func report(_ name: String) throws -> InventoryReport {
        InventoryReport(try InventoryReader.read(TestFiles.bytes("inventory/\(name).json")))
    }

    @Test func thereAreCases() {
        #expect(Self.cases.count >= 6)
    }

    @Test(arguments: cases) func theTextIsAsExpected(name: String) throws {
        #expect(try report(name).text == TestFiles.text("inventory/\(name).txt"))
    }

    @Test(arguments: cases) func theDocumentReadsBackToTheByte(name: String) throws {
        #expect(try report(name).json == TestFiles.text("inventory/\(name).json"))
    }

    @Test(arguments: cases) func theNdctlDocumentIsAsExpected(name: String) throws {
        #expect(try report(name).ndctlJSON == TestFiles.text("inventory/\(name).ndctl.json"))
    }

    @Test(arguments: cases) func noLineOfTextEndsInSpaceOrHoldsControlCharacters(name: String) throws {
        let text = try report(name).text
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            #expect(!line.hasSuffix(" "))
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
        }
    }
}
