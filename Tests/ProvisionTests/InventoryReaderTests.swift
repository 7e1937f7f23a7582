import Provision
import Testing

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
            "buses[0].scrub_state: is none of active, idle"
        ),
        (
            #"{"format_version":1,"buses":[{"dev":"a","provider":"b","dimms":[{"dev":"c","state":"x"}]}]}"#,
            "buses[0].dimms[0].state: is none of enabled, disabled"
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
    ])
    func documentsThatAreNotInventoriesAreRefusedWithThePlace(document: String, message: String) {
        let error = #expect(throws: JSONError.self) { try InventoryReader.read(Array(document.utf8)) }
        #expect(error?.description == message)
    }

    @Test func keysFromALaterVersionAreIgnored() throws {
        let document = #"{"format_version":1,"later":{"a":1},"buses":[]}"#
        #expect(try InventoryReader.read(Array(document.utf8)) == Observed(buses: []))
    }

    @Test func moreThan4096ElementsAreRefused() {
        let buses = Array(repeating: #"{"dev":"a","provider":"b"}"#, count: 4097).joined(separator: ",")
        let error = #expect(throws: JSONError.self) {
            try InventoryReader.read(Array(#"{"format_version":1,"buses":[\#(buses)]}"#.utf8))
        }
        #expect(error?.description == "buses: has 4097 elements, more than 4096")
    }
}
