import Testing

@testable import Provision
@testable import ProvisionCore

@Suite struct InventoryReaderTests {
    @Test(arguments: 0..<200 as Range<UInt64>) func everyHostReadsBackAsItWas(seed: UInt64) throws {
        var random = RandomObserved(seed: seed)
        let observed = random.observed()
        let document = InventoryReport(observed).json
        #expect(try InventoryReader.read(Array(document.utf8)) == observed)
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func equalHostsGiveEqualBytesInEveryView(seed: UInt64) {
        var first = RandomObserved(seed: seed)
        var second = RandomObserved(seed: seed)
        let (left, right) = (InventoryReport(first.observed()), InventoryReport(second.observed()))
        #expect(left.json == right.json)
        #expect(left.text == right.text)
        #expect(left.ndctlJSON == right.ndctlJSON)
        #expect(left.daxctlJSON == right.daxctlJSON)
    }

    @Test(arguments: [
        ("[]", "must be an object, not an array"),
        ("{}", "format_version: is missing"),
        (#"{"format_version":2,"buses":[]}"#, "format_version: 2 is not supported; this version reads 1"),
        (#"{"format_version":"1","buses":[]}"#, "format_version: must be an integer, not a string"),
        (#"{"format_version":1}"#, "buses: is missing"),
        (#"{"format_version":1,"buses":{}}"#, "buses: must be an array, not an object"),
        (#"{"format_version":1,"buses":[{"dev":"ndbus0"}]}"#, "buses[0].provider: is missing"),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","scrub_state":"on"}]}"#,
            "buses[0].scrub_state: 'on' is none of active, idle"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","dimms":[{"dev":"c","state":"x"}]}]}"#,
            "buses[0].dimms[0].state: 'x' is none of enabled, disabled"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","dimms":[{"dev":"c","handle":-1}]}]}"#,
            "buses[0].dimms[0].handle: -1 is out of range"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","regions":[{"dev":"c","size":2e3}]}]}"#,
            "buses[0].regions[0].size: must be an integer, not a number with a fraction"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","regions":"#
                + #"[{"dev":"c","size":18446744073709551615}]}]}"#,
            "buses[0].regions[0].size: 18446744073709551615 is more than 1 PiB"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","regions":"#
                + #"[{"dev":"c","size":16,"align":0}]}]}"#,
            "buses[0].regions[0].align: must not be 0"
        ),
        (
            #"{"format_version":1,"buses":[],"dax_regions":[{"path":"/a","id":0,"type":"moving"}]}"#,
            "dax_regions[0].type: 'moving' is none of static, dynamic"
        ),
        (
            #"{"format_version":1,"buses":[],"dax_regions":[{"path":"/a","id":0,"type":"static","size":1,"#
                + #""system_memory":[{"start":2,"end":1}]}]}"#,
            "dax_regions[0].system_memory[0].end: 1 is before the start, 2"
        ),
        (
            #"{"format_version":1,"buses":[],"memory_hotplug":{"block_size":0}}"#,
            "memory_hotplug.block_size: must not be 0"
        ),
    ])
    func documentsThatAreNotInventoriesAreRefusedWithThePlace(document: String, message: String) {
        let error = #expect(throws: JSONError.self) { try InventoryReader.read(Array(document.utf8)) }
        #expect(error?.description == message)
    }

    @Test func keysFromALaterVersionAreIgnored() throws {
        let document = #"{"format_version":1,"later":{"a":1},"buses":[]}"#
        #expect(try InventoryReader.read(Array(document.utf8)) == Observed(buses: []))
    }

    /// A label area of 2 MiB has slots for more than 8,000 namespaces.
    @Test func aRegionOfManyNamespacesIsReadPlannedAndExported() throws {
        var region = Region(
            device: "region0", size: .gib(128), availableSize: .gib(128) - .mib(16) * 5000,
            maxAvailableExtent: .gib(128) - .mib(16) * 5000, resource: 1 << 32, interleaveSetID: 7)
        region.namespaces = (0..<5000).map { index in
            Namespace(
                device: "namespace0.\(index)", resource: 1 << 32 + UInt64(index) << 24, rawSize: .mib(16),
                extents: 1, mode: .raw, usableSize: .mib(16), sectorSize: 512, name: "n\(index)",
                labelUUID: UUID(bytes: (0..<16).map { UInt8(truncatingIfNeeded: index >> ($0 % 2 * 8)) }))
        }
        let bus = Bus(device: "ndbus0", provider: "a", scrubState: nil, dimms: [], regions: [region])
        let report = InventoryReport(Observed(buses: [bus]))
        let saved = try SavedInventory.read(Array(report.json.utf8))
        #expect(saved.observed.regions[0].namespaces.count == 5000)
        let export = ProfileExport(saved)
        #expect(export.text.split(separator: "\n").count { $0.contains("name: n") } == 5000)
        let listed = try SavedInventory.read(Array(report.ndctlJSON.utf8))
        #expect(listed.observed.regions[0].namespaces.count == 5000)
    }

    @Test func sizesThatWouldOverflowTogetherAreRefused() {
        let namespace = #"{"dev":"n","raw_size":1125899906842624}"#
        let list = Array(repeating: namespace, count: 1025).joined(separator: ",")
        let region =
            #"{"dev":"region0","size":1,"available_size":0,"persistence_domain":"none","labels":"labelled","#
            + #""namespaces":[\#(list)]}"#
        let error = #expect(throws: JSONError.self) {
            try InventoryReader.read(
                Array(
                    #"{"format_version":1,"buses":[{"dev":"a","provider":"b","regions":[\#(region)]}]}"#.utf8)
            )
        }
        #expect(
            error?.description.contains("add up to more than 1024 PiB") == true
                || error?.description.contains("add up to more than 1048576 TiB") == true, "\(error as Any)")
    }

    @Test func theHostsNameAndTheTimeAreReadBackAndStandApart() throws {
        let observed = Observed(buses: [])
        let origin = InventoryOrigin(hostName: "db1.example", time: "2026-11-28T06:23:00Z")
        let text = InventoryReport(observed, origin: origin).json
        #expect(try SavedInventory.read(Array(text.utf8)).origin == origin)
        let later = InventoryReport(
            observed, origin: InventoryOrigin(hostName: "db1.example", time: "2026-11-28T07:00:00Z")
        ).json
        func lines(_ text: String) -> Set<Substring> { Set(text.split(separator: "\n")) }
        #expect(lines(text).symmetricDifference(lines(later)).count == 2)
        #expect(!InventoryReport(observed).json.contains("host_name"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_799, "2000-02-29T23:59:59Z"),
        (1_795_846_980, "2026-11-28T06:23:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"), (253_402_300_800, nil), (-1, nil),
    ])
    func timesAreWrittenAsRFC3339Does(seconds: Int, text: String?) {
        #expect(InventoryOrigin.text(of: seconds) == text)
    }

    @Test func moreThan4096ElementsAreRefused() {
        let buses = Array(repeating: #"{"dev":"a","provider":"b"}"#, count: 4097).joined(separator: ",")
        let error = #expect(throws: JSONError.self) {
            try InventoryReader.read(Array(#"{"format_version":1,"buses":[\#(buses)]}"#.utf8))
        }
        #expect(error?.description == "buses: has 4097 elements, more than 4096")
    }
}
