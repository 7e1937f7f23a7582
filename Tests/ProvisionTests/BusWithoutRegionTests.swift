import Testing

@testable import Provision
@testable import ProvisionCore

/// CXL memory has no region until somebody makes one, and daxprov does not.
@Suite struct BusWithoutRegionTests {
    private func host(_ provider: String) -> Observed {
        let dimm = Dimm(device: "nmem0")
        return Observed(buses: [
            Bus(device: "ndbus0", provider: provider, scrubState: nil, dimms: [dimm], regions: [])
        ])
    }

    private func advice(_ provider: String) throws -> String? {
        let text = "version: 1\nregions:\n  - match: {region: 0}\n    namespaces: []\n"
        let profile = try ProfileReader.read(Array(text.utf8), source: "profile.yaml")
        let refusals = Planner.plan(profile, on: host(provider)).refusals
        #expect(refusals.map(\.code) == [.noMatchingRegion])
        return refusals.first?.advice
    }

    @Test func ofCXLMemoryTheToolThatMakesOneIsNamed() throws {
        #expect(InventoryReport(host("CXL")).text.contains("no regions: one is made by cxl create-region"))
        #expect(try advice("CXL")?.contains("cxl create-region") == true)
    }

    @Test func ofOtherMemoryItIsNot() throws {
        #expect(InventoryReport(host("ACPI.NFIT")).text.contains("no regions\n"))
        #expect(try advice("ACPI.NFIT")?.contains("cxl") == false)
    }
}
