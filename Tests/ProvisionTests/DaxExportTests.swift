import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A divided dax region as a profile that changes nothing.
@Suite struct DaxExportTests {
    @Test func whatDaxprovMadeIsDeclaredAndWhatOthersMadeIsNot() throws {
        let bench = try DaxDivisionTests.Bench()
        try bench.applied(DaxDivisionTests.profile(DaxDivisionTests.five.0))
        let observed = try bench.observed
        let export = ProfileExport(SavedInventory(observed: observed, limits: .none))
        let expected = """
            devices:
              # hmem.0: 1 GiB
              - match: {start: 0x100000000}
                devices:
                  - {name: tier, size: 256 MiB, align: 2 MiB}
                  - {name: cache, size: 128 MiB, align: 4 KiB}
                  - {name: pool, size: 256 MiB, align: 2 MiB, mode: system-ram, online: movable}
                  - {name: rest, size: 384 MiB, align: 2 MiB}
              # hmem.1: 512 MiB, left out
              # dax1.0 of 512 MiB is not daxprov's: it is left alone

            """
        #expect(export.text.hasSuffix(expected), "\(export.text)")
        let again = try ProfileReader.read(Array(export.text.utf8), source: "export")
        #expect(Planner.plan(again, on: observed).isEmpty)
        // An inventory that was saved knows the names as well.
        let saved = try InventoryReader.read(JSONValue(parsing: Array(InventoryReport(observed).json.utf8)))
        #expect(saved == observed)
    }
}
