import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Listings of other kernels, other versions of ndctl, and people who show only a part. The files are in
/// Tests/Fixtures/listings; every identity in them is invented.
@Suite struct ListingTests {
    private func saved(_ name: String) throws -> SavedInventory {
        try SavedInventory.read(TestFiles.bytes("listings/\(name).json"))
    }

    private func plan(_ listing: String, _ profile: String? = nil) throws -> Plan {
        let source = "listings/\(profile ?? listing).yaml"
        return PlanReport(
            of: try ProfileReader.read(TestFiles.bytes(source), source: source), on: try saved(listing)
        ).plan
    }

    private func plan(_ text: String, on listing: String) throws -> Plan {
        PlanReport(
            of: try ProfileReader.read(Array(text.utf8), source: "profile.yaml"),
            on: try SavedInventory.read(Array(listing.utf8))
        ).plan
    }

    private func limits(_ name: String) throws -> [String] { try saved(name).limits.limits.map(\.code) }

    private func export(_ name: String) throws -> String { ProfileExport(try saved(name)).text }

    // What has no size is no namespace

    @Test func anIdleSeedIsNoNamespace() throws {
        #expect(
            try saved("seed-listed-by-i").observed.regions[0].namespaces.map(\.device) == ["namespace0.0"])
        #expect(try plan("seed-listed-by-i", "seed-listed-by-i.destroy").isEmpty)
        let grown = try plan("seed-listed-by-i", "seed-listed-by-i.grow")
        #expect(grown.changes.map(\.kind) == [.replace])
        #expect(grown.refusals.isEmpty && grown.unmanaged.isEmpty)
        #expect(try !export("seed-listed-by-i").contains("namespace0.1"))
    }

    /// A recycled object keeps its name, a failed creation its UUID, and `-u` prints sizes as text.
    @Test func whateverAnIdleObjectStillShowsItIsNone() throws {
        let text = try TestFiles.text("listings/seed-listed-by-i.json")
        let seed = #""mode":"raw","size":0,"uuid":"00000000-0000-0000-0000-000000000000""#
        try #require(text.contains(seed))
        for other in [
            #""mode":"fsdax","size":0,"uuid":"11111111-0000-4000-8000-000000000009","name":"wal""#,
            #""mode":"devdax","size":0,"name":"old","align":2097152"#, #""size":0"#,
        ] {
            let listing = try SavedInventory.read(Array(text.replacing(seed, with: other).utf8))
            #expect(try listing == saved("seed-listed-by-i"))
        }
        let alone = #"[{"dev":"namespace0.1","mode":"raw","size":0,"state":"disabled"}]"#
        #expect(try SavedInventory.read(Array(alone.utf8)).observed.regions.isEmpty)
    }

    @Test func aNilUUIDIsNoUUID() throws {
        let text = #"""
            [{"dev":"region0","size":1073741824,"align":16777216,"available_size":0,"type":"pmem","namespaces":[
              {"dev":"namespace0.0","mode":"fsdax","map":"mem","size":1073741824,
               "uuid":"00000000-0000-0000-0000-000000000000","blockdev":"pmem0"}]}]
            """#
        let namespace = try SavedInventory.read(Array(text.utf8)).observed.regions[0].namespaces[0]
        #expect(namespace.labelUUID == nil && namespace.infoBlockUUID == nil && namespace.recordedMode == nil)
    }

    // What is worked out must add up

    @Test func aPaddedNamespaceHasNoKnownRawSize() throws {
        let codes = try limits("padded-by-an-older-kernel")
        #expect(codes.contains("no_raw_size") && !codes.contains("derived_raw_size"))
        let refused = try plan("padded-by-an-older-kernel")
        #expect(refused.changes.isEmpty)
        #expect(refused.refusals.map(\.code) == [.notListed])
        #expect(refused.refusals[0].message.contains("the raw size of wal is not known"))
        let text = try export("padded-by-an-older-kernel")
        #expect(text.contains("usable_size: 248 GiB") && !text.contains(" size: 2"))
    }

    @Test func whatNeedsNoRawSizeIsPlannedAllTheSame() throws {
        let profile = """
            version: 1
            regions:
              - match: {iset_id: 1001}
                namespaces:
                  - {name: wal, mode: fsdax, usable_size: 248 GiB}
            """
        let listing = try TestFiles.text("listings/padded-by-an-older-kernel.json")
        #expect(try plan(profile, on: listing).isEmpty)
        let larger = try plan(profile.replacing("248", with: "249"), on: listing)
        #expect(larger.changes.isEmpty && larger.refusals.map(\.code) == [.notListed])
    }

    @Test func aSizeThatAddsUpIsExact() throws {
        let codes = try limits("seed-listed-by-i")
        #expect(codes.contains("derived_raw_size") && !codes.contains("no_raw_size"))
    }

    // What is not listed is not known

    @Test func aProviderThatIsNotKnownIsNotExported() throws {
        let text = try export("bus-not-listed")
        #expect(text.contains("match: {region: 0}\n"))
        #expect(!text.contains("unknown}"))
    }

    @Test func namespacesThatAreNotListedAreNotCreatedOrDestroyed() throws {
        #expect(try limits("namespaces-not-listed").contains("namespaces_not_listed"))
        let refused = try plan("namespaces-not-listed")
        #expect(refused.changes.isEmpty && refused.steps.isEmpty)
        #expect(refused.refusals.map(\.code) == [.notListed])
        #expect(refused.refusals[0].advice?.contains("ndctl list -N") == true)
        #expect(try export("namespaces-not-listed").contains("its namespaces are not listed"))
        let empty = try TestFiles.text("listings/namespaces-not-listed.json")
            .replacing("3221225472", with: "4294967296")
        let profile = try TestFiles.text("listings/namespaces-not-listed.yaml")
        let planned = try plan(profile, on: empty)
        #expect(
            planned.refusals.isEmpty && planned.changes.map(\.kind) == [.create], "nothing takes capacity")
    }

    @Test func aPartOfTheCapacityThatNothingListedTakesIsNotReused() throws {
        let listing = #"""
            [{"dev":"region0","size":4294967296,"align":16777216,"available_size":2147483648,
              "max_available_extent":2147483648,"type":"pmem","iset_id":7,"persistence_domain":"unknown",
              "namespaces":[{"dev":"namespace0.0","mode":"raw","size":1073741824,
              "uuid":"11111111-0000-4000-8000-000000000001","name":"a"}]}]
            """#
        func profile(_ more: String, unmanaged: String = "keep") -> String {
            "version: 1\nunmanaged: \(unmanaged)\nregions:\n  - match: {region: 0}\n    namespaces:\n"
                + "      - {name: a, mode: raw, size: 1 GiB}\n\(more)"
        }
        #expect(try plan(profile(""), on: listing).isEmpty)
        let created = try plan(profile("      - {name: b, mode: raw, size: 1 GiB}\n"), on: listing)
        #expect(created.changes.isEmpty && created.refusals.map(\.code) == [.notListed])
        #expect(created.refusals[0].message.contains("what takes 1 GiB of region0 is not listed"))
        let destroyed = try plan(profile("", unmanaged: "destroy"), on: listing)
        #expect(destroyed.refusals.map(\.code) == [.notListed])
    }

    @Test func dimmsThatAreNotListedAreNotMissing() throws {
        let refused = try plan("dimms-not-listed")
        #expect(refused.refusals.map(\.code) == [.notListed])
        #expect(refused.refusals[0].message.contains("its DIMMs are not listed"))
        #expect(refused.refusals[0].advice == "ndctl list -D lists them")
    }

    @Test(arguments: [
        ("{provider: ACPI.NFIT}", "ndctl list -B"), ("{dimms: [a-1]}", "ndctl list -D"),
        ("{numa_node: 0}", "ndctl list -v"),
    ])
    func aConditionOnWhatIsNotListedIsNotTakenForUnmet(match: String, option: String) throws {
        let profile = "version: 1\nregions:\n  - {match: \(match), namespaces: []}\n"
        let refused = try plan(profile, on: TestFiles.text("listings/dimms-not-listed.json"))
        #expect(refused.refusals.map(\.code) == [.notListed])
        #expect(refused.refusals[0].advice?.contains(option) == true)
    }

    /// ndctl list -u prints the largest number for the ids that it cannot print.
    @Test func anInterleaveSetThatIsNotListedIsNotTakenForAnother() throws {
        let listing = #"""
            [{"dev":"region0","size":17179869184,"align":16777216,"available_size":17179869184,"type":"pmem",
              "iset_id":ISET}]
            """#
        func codes(_ iset: String, _ match: String) throws -> [Refusal.Code] {
            let profile = "version: 1\nregions:\n  - {match: \(match), namespaces: []}\n"
            return try plan(profile, on: listing.replacing("ISET", with: iset)).refusals.map(\.code)
        }
        let condition = "{iset_id: 0x1234567812345678}"
        #expect(try codes(#""0x7fffffffffffffff""#, condition) == [.notListed])
        #expect(try codes("7", condition) == [.noMatchingRegion])
        #expect(try codes(#""0x7fffffffffffffff""#, "{region: 7}") == [.noMatchingRegion])
    }

    /// Two shares of the rest are as large as the profile says only where they lie beside each other, and addresses are not listed.
    @Test func sharesThatAreThereDependOnTheirPlaces() throws {
        let namespaces = [("a", 268_435_456), ("b", 268_435_456), ("wall", 536_870_912)].enumerated().map {
            #"{"dev":"namespace0.\#($0)","mode":"raw","size":\#($1.1),"uuid":"00000000-0000-4000-8000-00000000000\#($0)","#
                + #""sector_size":512,"blockdev":"pmem0.\#($0)","name":"\#($1.0)"}"#
        }
        let listing = """
            [{"dev":"region0","size":1073741824,"align":16777216,"available_size":0,"max_available_extent":0,
              "type":"pmem","iset_id":7,"namespaces":[\(namespaces.joined(separator: ","))]}]
            """
        func codes(_ size: String) throws -> [Refusal.Code] {
            let items = ["a", "b"].map { "      - {name: \($0), mode: raw, size: \(size)}\n" }.joined()
            let profile = "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n\(items)"
            return try plan(profile, on: listing).refusals.map(\.code)
        }
        #expect(try codes("256 MiB") == [])
        #expect(try codes("remaining/2") == [.extentsUnknown])
    }

    @Test func aRegionWithoutAlignmentIsPlannedAsFarAsItNeedsNone() throws {
        #expect(try limits("region-align-not-listed").contains("no_region_align"))
        #expect(try plan("region-align-not-listed").isEmpty)
        let listing = try TestFiles.text("listings/region-align-not-listed.json")
        let profile = try TestFiles.text("listings/region-align-not-listed.yaml")
        let grown = try plan(profile.replacing("2028", with: "1024"), on: listing)
        #expect(grown.changes.isEmpty && grown.refusals.map(\.code) == [.notListed])
        #expect(grown.refusals[0].message.contains("the alignment of region0 is not known"))
        let more = try plan(profile + "      - {name: b, mode: raw, size: 1 GiB}\n", on: listing)
        #expect(more.refusals.map(\.address) == ["region0/b"])
        #expect(try export("region-align-not-listed").contains("size: 2028 GiB"))
    }

    // Words and identities

    @Test func theModesOfOldVersionsAreRead() throws {
        #expect(try saved("old-mode-words").observed.regions[0].namespaces.map(\.mode) == [.fsdax])
        let text = try TestFiles.text("listings/old-mode-words.json")
        for (word, mode) in [("dax", NamespaceMode.devdax), ("safe", .sector)] {
            let listing = try SavedInventory.read(Array(text.replacing("memory", with: word).utf8))
            #expect(listing.observed.regions[0].namespaces.map(\.mode) == [mode])
        }
        let error = #expect(throws: JSONError.self) {
            try SavedInventory.read(Array(text.replacing("memory", with: "famfs").utf8))
        }
        #expect(
            error?.description.contains("'famfs' is none of fsdax, devdax, sector, raw") == true,
            "\(error as Any)")
    }

    @Test func whatIsRedactedIsNotTold() throws {
        let saved = try saved("redacted-uuid")
        let namespace = saved.observed.regions[0].namespaces[0]
        #expect(
            namespace.labelUUID == nil && namespace.infoBlockUUID == nil && namespace.recordedMode == .sector)
        #expect(saved.limits.contains(.noLabelUUID("namespace0.0")))
        let text = #"""
            [{"dev":"nmem0","id":"a","handle":"XXXX","phys_id":"XX"},
             {"dev":"region0","size":1073741824,"align":16777216,"available_size":0,"type":"pmem","iset_id":"XXXXXX",
              "persistence_domain":"unknown","namespaces":[{"dev":"namespace0.0","mode":"raw","size":1073741824,
              "uuid":"XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"}]}]
            """#
        let region = try SavedInventory.read(Array(text.utf8)).observed.regions[0]
        #expect(region.labelling == .labelled && region.interleaveSetID == nil)
        let profile = "version: 1\nunmanaged: destroy\nregions:\n  - {match: {region: 0}, namespaces: []}\n"
        let refused = try plan(profile, on: text)
        #expect(refused.changes.isEmpty && refused.refusals.map(\.code) == [.notListed])
        let byUUID = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces: [{uuid: "11111111-0000-4000-8000-000000000001", mode: raw, size: 1 GiB}]
            """
        #expect(try plan(byUUID, on: text).refusals.map(\.code) == [.notListed])
    }

    // Faults

    @Test func aFaultOfTheTextHasLineColumnAndTheLine() throws {
        let error = #expect(throws: SavedInventoryError.self) {
            try SavedInventory.read(
                contentsOf: FilePath("\(TestFiles.directory)/listings/trailing-comma.json"))
        }
        #expect(error?.position == SourcePosition(line: 1, column: 204))
        #expect(error?.description.hasSuffix("trailing-comma.json:1:204: unexpected character ']'") == true)
        let excerpt = try #require(error.flatMap { $0.excerpt })
        #expect(excerpt.line.hasSuffix(#""memory_controller"},]}"#))
        let caret = try #require(excerpt.marker.firstIndex(of: "^"))
        let offset = excerpt.marker.distance(from: excerpt.marker.startIndex, to: caret)
        #expect(Array(excerpt.line)[offset] == "]")
    }

    @Test(arguments: [
        ("[\n {\"dev\": \"nmem0\",\n  oops}]", 3, 3), ("{\"é\": 1, x}", 1, 10),
        (String(repeating: " ", count: 70_000) + "x", 1, 70_001), ("[1,", 1, 4),
    ])
    func everyPlaceIsFound(text: String, line: Int, column: Int) throws {
        let bytes = Array(text.utf8)
        let error = #expect(throws: JSONError.self) { try SavedInventory.read(bytes) }
        let fault = JSONFault(try #require(error), in: bytes)
        #expect(fault.position == SourcePosition(line: line, column: column))
    }

    // Limits

    @Test func everyLimitSaysWhatLiftsIt() {
        let all: [InventoryLimit] = [
            .nothingListed, .busesNotListed, .dimmsNotListed, .regionNotListed("a"),
            .namespacesNotListed("a"),
            .capacityNotListed("a"), .noRegionAlign("a"), .noAddresses, .disabledMayBeMissing, .noLabelAreas,
            .noConfiguredModes, .noCapabilities, .noReadOnlyState, .noNodes, .noUsage, .roundedSizes,
            .noInterleaveSetID("a"), .noLabelUUID("a"), .derivedRawSize("a"), .noRawSize("a"),
            .mediaErrorsNotListed("a"), .noContentState("a"),
        ]
        for limit in all {
            #expect(limit.remedy.contains("ndctl list") || limit == .noUsage, "\(limit)")
        }
        #expect(Set(all.map(\.code)).count == all.count)
    }
}
