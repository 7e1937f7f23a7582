import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// CXL regions are recorded by their memory devices' serials, and nothing is written to one that came back otherwise.
///
/// What can happen between two runs:
/// - a boot forgets the region; somebody makes it again as it was, larger, smaller, in another order, with another granularity, of one
///   device alone, or at another place of its devices; or makes none; or a device is gone, or another has its serial;
/// - the region is there, and has no driver; its namespaces were destroyed on purpose, and it was made anew on purpose;
/// - the record is lost, damaged, or of another region; the apply that would have written it was killed.
@Suite struct CXLRegionTests {
    private static func machine(
        _ order: [Int] = [4369, 8738], granularity: String? = "256 B", dimms: [Int] = [4369, 8738],
        size: String? = nil
    ) -> String {
        // Labels are of a region here: without one, the DIMMs show none that could be read.
        let unread = order.isEmpty ? ", \"labels\": \"none\"" : ""
        let all = dimms.map {
            "{\"id\": \"\($0)\", \"size\": \"512 MiB\", \"label_size\": \"128 KiB\"\(unread)}"
        }
        let names = order.map { "\"\($0)\"" }.joined(separator: ", ")
        let more =
            (granularity.map { ", \"interleave_granularity\": \"\($0)\"" } ?? "")
            + (size.map { ", \"size\": \"\($0)\"" } ?? "")
        let regions = order.isEmpty ? "" : "{\"dimms\": [\(names)]\(more)}"
        return """
            {"format_version": 1, "simulated_host": {"buses": [{"provider": "CXL",
              "dimms": [\(all.joined(separator: ", "))], "regions": [\(regions)]}]}}
            """
    }

    private static func profile(_ namespaces: String, match: String = "{region: 0}") throws -> Profile {
        let text =
            "version: 1\nregions:\n  - match: \(match)\n    labels: init\n    namespaces: [\(namespaces)]\n"
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static let emptyPlan = Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: [])

    private static let wal = "{name: wal, mode: fsdax, size: 64 MiB}"

    /// A state directory and what is observed with it.
    private struct Bench {
        let scratch: ScratchDirectory
        var store: TransactionStore { scratch.store }

        init() throws { scratch = try ScratchDirectory() }

        func apply(_ profile: Profile, to host: SimulatedHost) throws -> Application.Ending {
            let application = Application(of: profile, to: host, safeguards: Safeguards(reading: store))
            let prepared = try application.prepare()
            let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
            return try application.carryOut(prepared, consent: consent, recordingIn: store)
        }

        func plan(_ profile: Profile, on host: SimulatedHost) throws -> Plan {
            try Application(of: profile, to: host, safeguards: Safeguards(reading: store)).prepare().plan
        }

        var records: [CXLRegionRecord] {
            get throws { try CXLRegionStore(store.directory).found().records }
        }

        func standings(on host: SimulatedHost) throws -> [CXLRegionStanding] {
            CXLRegionStanding.all(try records, on: try host.observe())
        }
    }

    /// A bench with a region that was applied, and its record.
    private static func applied(_ machine: String = CXLRegionTests.machine()) throws -> (Bench, SimulatedHost)
    {
        let bench = try Bench()
        let host = try SimulatedHost(json: machine)
        guard case .applied = try bench.apply(profile(wal), to: host) else {
            throw TestFailure("not applied")
        }
        return (bench, host)
    }

    private struct TestFailure: Error {
        let words: String
        init(_ words: String) { self.words = words }
    }

    /// A region as it came back: what its labels hold does not matter to the comparison, as long as there are some.
    private static func again(_ machine: String) throws -> SimulatedHost {
        let host = try SimulatedHost(json: machine)
        _ = try Bench().apply(profile("{name: other, mode: raw, size: 64 MiB}"), to: host)
        return host
    }

    @Test func anApplyRecordsWhatNothingElseKeeps() throws {
        let (bench, host) = try Self.applied()
        let record = try #require(try bench.records.first)
        #expect(record.serials == [4369, 8738] && record.granularity == ByteCount(256))
        #expect(record.size == .gib(1) && record.members.allSatisfy { $0.length == .mib(512) })
        let cookie = try host.observe().regions.first?.interleaveSetID
        #expect(record.cookie == cookie)
        #expect(try bench.standings(on: host).isEmpty)
    }

    @Test func aHostThatIsAsDeclaredIsRecordedToo() throws {
        let (_, host) = try Self.applied()
        let bench = try Bench()
        guard case .unchanged = try bench.apply(Self.profile(Self.wal), to: host) else {
            Issue.record("changed")
            return
        }
        #expect(try bench.records.count == 1)
    }

    @Test func anEmptyRegionIsNotRecordedAndOneThatGetsEmptyNoLonger() throws {
        let bench = try Bench()
        let host = try SimulatedHost(json: Self.machine())
        _ = try bench.apply(Self.profile(""), to: host)
        #expect(try bench.records.isEmpty)
        _ = try bench.apply(Self.profile(Self.wal), to: host)
        #expect(try bench.records.count == 1)
        let text = "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces: []\n"
        _ = try bench.apply(ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        #expect(try bench.records.isEmpty)
    }

    @Test func otherRegionsAreNotRecorded() throws {
        let (bench, _) = try Self.applied(Self.machine(granularity: nil))
        #expect(try bench.records.isEmpty)
    }

    @Test(arguments: [
        (Self.machine([8738, 4369]), "another order"), (Self.machine(granularity: "4096 B"), "granularity"),
        (Self.machine([4369]), "1 memory devices"),
        (Self.machine([4369, 13107], dimms: [4369, 13107]), "other ones"),
        (Self.machine(size: "512 MiB"), "it is 512 MiB"),
    ])
    func nothingIsWrittenToARegionThatCameBackOtherwise(machine: String, words: String) throws {
        let (bench, _) = try Self.applied()
        let host = try Self.again(machine)
        let before = try host.observe()
        for declared in [Self.wal, "{name: other, mode: raw, size: 64 MiB}", ""] {
            guard case .refused(let refusals) = try bench.apply(Self.profile(declared), to: host) else {
                Issue.record("not refused: \(declared)")
                continue
            }
            let refusal = try #require(refusals.first { $0.code == .cxlRegionChanged })
            #expect(refusal.message.contains(words))
            #expect(refusal.advice?.contains("cxl-regions/") == true)
        }
        #expect(try host.observe() == before)
        // What the profile does not name is only said.
        let elsewhere = try Self.profile(Self.wal, match: "{numa_node: 7}")
        #expect(try bench.plan(elsewhere, on: host).notes.map(\.code) == [.cxlRegionChanged])
    }

    @Test func theWayBackNamesTheDevicesAsTheyAreCalledNowInTheirOrder() throws {
        let (bench, _) = try Self.applied()
        let host = try Self.again(Self.machine([8738, 4369], dimms: [8738, 4369]))
        let standing = try #require(try bench.standings(on: host).first)
        #expect(standing.memdevs == ["mem1", "mem0"])
        #expect(
            standing.advice.hasSuffix(
                "cxl create-region -m -t pmem -d decoder0.0 -w 2 -g 256 -s 1073741824 mem1 mem0"))
    }

    @Test func aMissingRegionIsNamedWithTheWayBack() throws {
        let (bench, _) = try Self.applied()
        let host = try SimulatedHost(json: Self.machine([], dimms: [8738, 4369]))
        let observed = try host.observe()
        let standing = try #require(CXLRegionStanding.all(try bench.records, on: observed).first)
        #expect(standing.kind == .missing(disabled: nil))
        #expect(standing.message.contains("4369 8738"))
        let plan = try bench.plan(Self.profile(Self.wal, match: "{dimms: [4369, 8738]}"), on: host)
        #expect(plan.notes.map(\.code) == [.cxlRegionMissing])
        #expect(plan.refusals.map(\.code) == [.noMatchingRegion])
        #expect(plan.refusals.first?.advice?.contains("mem1 mem0") == true)
        let status = try HostStatus(of: bench.store) { observed }
        let text = StatusReport(status).text()
        #expect(
            text.contains("CXL: the CXL region of 1 GiB") && text.contains("Bring it back: cxl create-region")
        )
    }

    @Test func aMissingDeviceIsAskedForFirst() throws {
        let (bench, _) = try Self.applied()
        let host = try SimulatedHost(json: Self.machine([], dimms: [4369]))
        let standing = try #require(try bench.standings(on: host).first)
        #expect(standing.absent == [8738] && standing.memdevs == nil)
        #expect(standing.advice.contains("8738") && !standing.advice.contains("create-region"))
    }

    @Test func aRegionWithoutDriverIsToBeEnabled() throws {
        let (bench, host) = try Self.applied()
        var observed = try host.observe()
        observed.buses[0].regions = []
        let standing = try #require(CXLRegionStanding.all(try bench.records, on: observed).first)
        #expect(standing.kind == .missing(disabled: "region0"))
        #expect(standing.advice == "bring it back: cxl enable-region region0")
    }

    /// An inventory without the CXL bus: the cookie tells which region it is.
    @Test func aRegionWhoseMemoryDevicesAreNotToldIsKnownByItsCookie() throws {
        let (bench, host) = try Self.applied()
        var observed = try host.observe()
        observed.buses[0].regions[0].cxl = nil
        let records = try bench.records
        guard case .changed? = CXLRegionStanding.all(records, on: observed).first?.kind else {
            Issue.record("it is not told that its order cannot be read")
            return
        }
        observed.buses[0].regions[0].interleaveSetID = 7
        #expect(CXLRegionStanding.all(records, on: observed).map(\.kind) == [.missing(disabled: "region0")])
    }

    /// Empty label areas make a missing region nobody's loss where they are its own, and both are seen.
    @Test func aDimmThatCannotBeToldIsNotTakenForAnEmptyOne() throws {
        let (bench, host) = try Self.applied()
        var observed = try host.observe()
        observed.buses[0].regions = []
        for index in observed.buses[0].dimms.indices {
            let slots = try #require(observed.buses[0].dimms[index].labelArea?.slots)
            observed.buses[0].dimms[index].labelArea?.availableSlots = slots - 1
        }
        #expect(CXLRegionStanding.all(try bench.records, on: observed).isEmpty)
        observed.buses[0].dimms[1].uniqueID = nil
        #expect(CXLRegionStanding.all(try bench.records, on: observed).count == 1)
    }

    @Test func whatHasNoLabelsMayBecomeAnother() throws {
        let (bench, _) = try Self.applied()
        // Labels were initialised anew, and are empty.
        let host = try SimulatedHost(json: Self.machine([8738, 4369], granularity: "4096 B"))
        _ = try Bench().apply(Self.profile(""), to: host)
        #expect(try bench.standings(on: host).isEmpty)
        guard case .applied = try bench.apply(Self.profile(Self.wal), to: host) else {
            Issue.record("not applied")
            return
        }
        #expect(try bench.records.map(\.serials) == [[8738, 4369]])
        #expect(try bench.standings(on: host).isEmpty)
    }

    @Test func aLargerRegionHasAllThatTheOldOneHad() throws {
        let (bench, _) = try Self.applied(Self.machine(size: "512 MiB"))
        let host = try Self.again(Self.machine())
        #expect(try bench.standings(on: host).isEmpty)
    }

    @Test func aDamagedRecordLetsNothingBeWritten() throws {
        let (bench, host) = try Self.applied()
        let key = try #require(try bench.records.first).key
        let directory = bench.store.directory.path.appending("cxl-regions")
        let file = try FileDescriptor.open(
            directory.appending(key.description), .writeOnly, options: [.truncate])
        _ = try file.closeAfter { try file.writeAll("nonsense\n".utf8) }
        let refusals = try bench.plan(Self.profile(Self.wal), on: host).refusals
        #expect(refusals.map(\.code) == [.notListed])
        #expect(refusals.first?.message.contains("cxl-regions/\(key)") == true)
    }

    @Test func devicesThatCannotBeToldApartAreNotRecorded() throws {
        let (_, host) = try Self.applied()
        var observed = try host.observe()
        let region = try #require(observed.regions.first)
        #expect(CXLRegionRecord(region, among: observed.cxlMemdevs) != nil)
        observed.cxlMemdevs.append(CXLMemdev(name: "mem9", serial: 4369, persistentSize: .mib(512)))
        #expect(CXLRegionRecord(region, among: observed.cxlMemdevs) == nil)
    }

    @Test func withoutARecordHiddenLabelsAreRefused() throws {
        var observed = try Self.applied().1.observe()
        observed.buses[0].regions[0].namespaces = []
        observed.buses[0].regions[0].availableSize = .zero
        let profile = try Self.profile(Self.wal)
        func codes(_ observed: Observed) -> [Refusal.Code] {
            CXLRegionReview(records: [], damaged: [], profile: profile, observed: observed, place: "p")
                .completed(Self.emptyPlan).refusals.map(\.code)
        }
        #expect(codes(observed) == [.cxlRegionChanged])
        observed.buses[0].provider = "ACPI.NFIT"
        #expect(codes(observed).isEmpty)
    }

    @Test func withoutARecordLabelsWhoseInfoBlocksAreAllGoneAreRefused() throws {
        var observed = try Self.applied().1.observe()
        let profile = try Self.profile(Self.wal)
        func codes(_ observed: Observed) -> [Refusal.Code] {
            CXLRegionReview(records: [], damaged: [], profile: profile, observed: observed, place: "p")
                .completed(Self.emptyPlan).refusals.map(\.code)
        }
        #expect(codes(observed).isEmpty)
        observed.buses[0].regions[0].namespaces[0].mode = .raw
        #expect(codes(observed) == [.cxlRegionChanged])
        // A label that asks for none misses none.
        observed.buses[0].regions[0].namespaces[0].recordedMode = nil
        #expect(codes(observed).isEmpty)
    }

    @Test func anotherGranularityIsAnotherRegion() throws {
        let (_, host) = try Self.applied()
        let observed = try host.observe()
        var other = observed
        other.buses[0].regions[0].cxl?.granularity = .kib(4)
        let identity = try #require(observed.identity(of: "region0"))
        #expect(identity != other.identity(of: "region0"))
        #expect(
            try RegionIdentity(JSONCursor(JSONValue(parsing: Array(identity.json.text().utf8)))) == identity)
        let region = observed.buses[0].regions[0]
        #expect(RegionCorrespondence(before: observed, now: other).region(region) == nil)
        #expect(HostDrift(from: observed, to: other).differences.map(\.kind) == [.missing, .unexpected])
    }

    @Test func inventoriesKeepWhatTheBusSays() throws {
        let (_, host) = try Self.applied()
        let observed = try host.observe()
        let report = InventoryReport(observed)
        #expect(try InventoryReader.read(Array(report.json.utf8)) == observed)
        #expect(report.text.contains("interleave granularity 256 B"))
        let bare = try SimulatedHost(json: Self.machine([])).observe()
        #expect(
            InventoryReport(bare).text.contains(
                "memory device mem0 (serial 4369): 512 MiB of persistent capacity, in no region"))
    }
}
