import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The kernel numbers regions anew at each boot: a region that a transaction's journal names `region0` can be `region1` now, and the
/// other one `region0`. Nothing that is decided about undoing goes by the name.
@Suite struct RenumberedRegionTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"memory_hotplug": {"block_size": "128 MiB"}, "buses": [{
          "dimms": [{"id": "a", "size": "4 GiB", "label_size": "128 KiB"},
            {"id": "b", "size": "4 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"], "target_node": 1}, {"dimms": ["b"], "target_node": 1}]}]}}
        """

    private let host: SimulatedHost
    private let scratch: ScratchDirectory

    init() throws {
        host = try SimulatedHost(json: Self.machine)
        scratch = try ScratchDirectory()
    }

    /// Applies a declaration for each region by its number now.
    private func apply(_ regions: [Int: String], recorded: Bool = true) throws {
        let blocks = regions.sorted { $0.key < $1.key }.map {
            "  - match: {region: \($0.key)}\n    namespaces:\n      - {\($0.value)}\n"
        }
        let text = "version: 1\nunmanaged: keep\nregions:\n\(blocks.joined())"
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        let prepared = try application.prepare()
        let ending = try application.carryOut(
            prepared, consent: Consent(allowDestroy: Set(prepared.plan.losses.map(\.address))),
            recordingIn: recorded ? scratch.store : nil)
        if case .applied = ending { return }
        Issue.record("not applied: \(ending)")
    }

    /// Boots, and the first region is the second one now.
    private func renumber() throws {
        host.state.renumber(region: 0)
        try host.reboot()
    }

    private func target(_ name: String) throws -> NamespaceTarget {
        for region in try host.observe().regions {
            guard let found = region.namespaces.first(where: { $0.name == name }) else { continue }
            return NamespaceTarget(found, region: region.device)
        }
        throw Missing(name: name)
    }

    private struct Missing: Error { var name: String }

    private func review() throws -> RollbackReview {
        let log = try #require(try scratch.store.logs().last)
        let observed = try host.observe()
        let targets = RollbackReview.targets(of: log, on: observed)
        return RollbackReview(
            of: log, on: observed, later: [], consent: Consent(allowDestroy: ["wal"]),
            findings: try host.examine(UseQuery(targets: targets)))
    }

    /// What the transaction made memory, undoing takes back, and what somebody else made memory since, in a region that it made none of,
    /// is theirs.
    @Test func onlyMemoryOfTheTransactionsOwnIsTakenBack() throws {
        try apply([0: "name: heap, mode: devdax, size: 512 MiB"])
        try apply([
            0: "name: heap, mode: devdax, size: 512 MiB, device: {mode: system-ram}",
            1: "name: wal, mode: devdax, size: 512 MiB",
        ])
        #expect(try review().refusals.isEmpty)
        try renumber()
        for name in ["heap", "wal"] {
            _ = try host.perform(.configureDevice(target(name), .systemRAM(.movable)), identity: .none)
        }
        #expect(try target("wal").region == "region0")
        #expect(try review().refusals.map(\.address) == ["region0/wal"])
    }

    /// A transaction of which every step was done, and that died before it said so: recovery looks at what it left in the next boot.
    private func applyAndEndInTheNextBoot() throws {
        try apply([0: "name: wal, mode: fsdax, size: 512 MiB"])
        let name = try #require(try scratch.store.names().last)
        let path = scratch.store.journalPath(name)
        let bytes = try StateFile.contents(path, limit: 1 << 20)
        let last = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")))
        let file = try FileDescriptor.open(path, .writeOnly, options: .truncate)
        try file.closeAfter { _ = try file.writeAll(bytes[...last]) }
        #expect(try scratch.store.interrupted().map(\.isComplete) == [true])
        try renumber()
        let outcome = try Recovery(host: host, store: scratch.store).run()
        #expect(outcome.recovered.map(\.end) == [.committed])
        #expect(try target("wal").region == "region1")
    }

    @Test func workInTheOtherRegionDoesNotKeepItFromBeingUndone() throws {
        try applyAndEndInTheNextBoot()
        try apply([0: "name: theirs, mode: fsdax, size: 64 MiB"], recorded: false)
        #expect(try review().refusals.isEmpty)
    }

    @Test func aChangeInItsOwnRegionDoes() throws {
        try applyAndEndInTheNextBoot()
        _ = try host.perform(.disable(target("wal")), identity: .none)
        #expect(try review().refusals.map(\.code) == [.hostChanged])
    }

    /// What was agreed to in one boot is, in the next one, about the region that it was about: never about the one that has its name now.
    @Test func whatWasAgreedToIsAboutTheRegionOfThen() throws {
        try apply([0: "name: wal, mode: fsdax, size: 512 MiB"])
        var log = try #require(try scratch.store.logs().last)
        let label = try #require(try target("wal").labelUUID)
        log.agreed = ["region0/x/y", "region1", label.description]
        #expect(try log.agreed(on: host.observe()) == log.agreed)
        try renumber()
        let now = try host.observe()
        #expect(log.agreed(on: now) == ["region1/x/y", "region0", label.description])
        #expect(log.agreed(on: Observed(buses: [])) == [label.description])
        let regions = RegionsThenAndNow(log.header, now)
        #expect(regions.addressThen("region1/x/y") == "region0/x/y" && regions.addressNow("region7/x") == nil)
        let spanning = Namespace(device: "namespace1.0", rawSize: .gib(4))
        #expect(Loss(spanning, in: "region1", consequence: "").lastingAddress == "region1")
        let labelled = Namespace(device: "namespace1.0", rawSize: .gib(4), name: "a", labelUUID: label)
        #expect(Loss(labelled, in: "region1", consequence: "").lastingAddress == "region1/a")
    }

    /// The way from then to now and back, and what it says of a region that is not there.
    @Test func aRegionIsFoundUnderTheNameThatItHasNow() throws {
        try apply([0: "name: wal, mode: fsdax, size: 512 MiB"])
        let log = try #require(try scratch.store.logs().last)
        try renumber()
        let now = try host.observe()
        let regions = RegionsThenAndNow(log.header, now)
        let then = try #require(log.touchedRegions.first)
        #expect(then == RegionThen(device: "region0") && log.touchedRegions.count == 1)
        let region = try #require(regions.region(then))
        #expect(region.device == "region1" && regions.then(region) == then)
        #expect(try regions.then(#require(now.region("region0"))) == RegionThen(device: "region1"))
        let made = try #require(log.results[0]?.namespace)
        #expect(region.namespace(as: regions.moved(made, of: then)) != nil)
        let gone = RegionsThenAndNow(log.header, Observed(buses: []))
        #expect(gone.region(then) == nil && gone.moved(made, of: then).resource == nil)
        #expect(log.missingRegions(on: Observed(buses: [])) == [then])
        // A journal that names a region that it does not describe.
        let unknown = RegionThen(device: "region7")
        #expect(regions.region(unknown) == nil && regions.moved(made, of: unknown).resource == nil)
    }
}
