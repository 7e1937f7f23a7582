import Testing

@testable import ProvisionCore

/// What a refusal of an ambiguous match says to match by: only what tells the regions apart.
@Suite struct RegionDistinctionTests {
    private static func advice(cookies: [UInt64?], ids: [String?]) throws -> String {
        let dimms = ids.enumerated().map { number, id in
            Dimm(device: "nmem\(number)", uniqueID: id)
        }
        let regions = cookies.enumerated().map { number, cookie in
            var region = Region(
                device: "region\(number)", size: .gib(1), availableSize: .gib(1), maxAvailableExtent: .gib(1),
                resource: UInt64(number + 1) << 32, interleaveSetID: cookie)
            region.mappings = [Mapping(dimm: "nmem\(number)", offset: .zero, length: .gib(1), position: 0)]
            return region
        }
        let bus = Bus(device: "ndbus0", provider: "a", scrubState: nil, dimms: dimms, regions: regions)
        let text = "version: 1\nregions:\n  - match: {type: pmem}\n    namespaces: []\n"
        let profile = try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        let plan = Planner.plan(profile, on: Observed(buses: [bus]))
        return try #require(plan.refusals.first { $0.code == .ambiguousRegion }?.advice)
    }

    @Test func onlyWhatDiffersIsNamed() throws {
        #expect(try Self.advice(cookies: [1, 2], ids: ["a", "b"]).contains("iset_id and dimms are stable"))
        #expect(try Self.advice(cookies: [7, 7], ids: ["a", "b"]).contains("(dimms are stable"))
        #expect(try Self.advice(cookies: [1, 2], ids: [nil, "b"]).contains("(iset_id is stable"))
        #expect(
            try Self.advice(cookies: [7, 7], ids: [nil, nil]).contains("nothing that they have is stable"))
        #expect(
            try Self.advice(cookies: [nil, nil], ids: ["a", "a"]).contains("nothing that they have is stable")
        )
    }
}
