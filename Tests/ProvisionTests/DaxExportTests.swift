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

    /// Another architecture's page sizes, or a file that was written by hand: what is exported is a profile all the same.
    @Test func aRegionWithADeviceOfAnotherAlignmentThanAProfileKnowsIsLeftOut() throws {
        let bench = try DaxDivisionTests.Bench()
        try bench.applied(DaxDivisionTests.profile(DaxDivisionTests.five.0))
        var observed = try bench.observed
        let rest = try #require(observed.daxRegions[0].devices.firstIndex { $0.recordedName == "rest" })
        observed.daxRegions[0].devices[rest].align = .mib(4)
        let export = ProfileExport(SavedInventory(observed: observed, limits: .none))
        #expect(!export.text.contains("match: {start: 0x100000000}"), "\(export.text)")
        #expect(
            export.text.contains("# rest: no profile can declare its alignment of 4 MiB"), "\(export.text)")
    }

    /// A plan that was saved is good as long as the region is what it was.
    @Test func aSavedPlanOfADivisionIsReadBackAndAppliedAsLongAsTheRegionIsWhatItWas() throws {
        let bench = try DaxDivisionTests.Bench()
        let text = """
            version: 1
            devices:
              - match: {start: 0x100000000}
                devices: [{name: a, size: 256 MiB}, {name: b, size: 64 MiB, align: 4 KiB}]

            """
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        let saved = SavedPlan(
            try bench.prepare(profile), of: profile, text: text, backupLimit: Planner.defaultBackupLimit)
        #expect(saved.basis.objects.map(\.kind) == [.daxRegion, .daxDevice])
        let again = try SavedPlan.read(Array(saved.text.utf8))
        #expect(again == saved && again.text == saved.text)
        let application = Application(of: again, to: bench.host, safeguards: Safeguards(reading: bench.store))
        #expect(try application.prepare().differences.isEmpty)
        try bench.applied(DaxDivisionTests.profile("{name: other, size: 128 MiB}"))
        let later = Application(of: again, to: bench.host, safeguards: Safeguards(reading: bench.store))
        #expect(try !later.prepare().differences.isEmpty)
    }
}
