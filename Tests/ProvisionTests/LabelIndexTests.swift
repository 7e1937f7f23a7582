import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Data that the kernel does not show, and that a plan must not take for free capacity: under a region whose label indexes are gone while the
/// kernel still calls it labelled, and in regions without labels on the DIMMs that get an index.
@Suite struct LabelIndexTests {
    private static let one = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB", "labels": "none"}],
          "regions": [{"dimms": ["a"]}]}]}}
        """

    private static let wide = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "b", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a", "b"]}]}]}}
        """

    /// Two regions without labels on one DIMM.
    private static let shared = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB", "labels": "none"}],
          "regions": [{"dimms": ["a"], "size": "1 GiB"}, {"dimms": ["a"], "size": "1 GiB"}]}]}}
        """

    /// One that is labelled by one of its DIMMs; on the other, which has no index, lies one without labels.
    private static let overlapping = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "b", "size": "1 GiB", "label_size": "128 KiB", "labels": "none"}],
          "regions": [{"dimms": ["a", "b"], "size": "1 GiB"}, {"dimms": ["b"]}, {"dimms": ["a"]}]}]}}
        """

    private static func profile(
        _ items: [String], regions: [Int] = [0], labels: String = "require"
    ) throws -> Profile {
        let blocks = regions.map { region in
            let names = items.map { "      - {\($0.replacing("NAME", with: "name: x\(region)"))}\n" }.joined()
            return "  - match: {region: \(region)}\n    labels: \(labels)\n"
                + "    namespaces:\(items.isEmpty ? " []" : "")\n\(names)"
        }
        return try ProfileReader.read(
            Array("version: 1\nregions:\n\(blocks.joined())".utf8), source: "test.yaml")
    }

    private static let made = ["NAME, mode: raw, size: 64 MiB"]

    private static func codes(_ profile: Profile, on observed: Observed) -> [Refusal.Code] {
        Planner.plan(profile, on: observed).refusals.map(\.code)
    }

    /// Applies with consent to everything.
    private static func apply(
        _ profile: Profile, to host: SimulatedHost, _ store: TransactionStore? = nil
    ) throws -> Application.Ending {
        let application = Application(of: profile, to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    private static func spanning(_ region: Int, of host: SimulatedHost) throws -> NamespaceTarget {
        let found = try host.observe().regions[region]
        return NamespaceTarget(try #require(found.namespaces.first), region: found.device)
    }

    // MARK: - Indexes that are gone

    /// `labels: init` was undone. Until the reboot the region looks empty, and is not.
    @Test(arguments: ["init", "require"])
    func nothingIsMadeInARegionWhoseLabelsWereTakenBack(labels: String) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.one)
        try host.write(5, to: Self.spanning(0, of: host), at: [.mib(16)])
        guard case .applied = try Self.apply(Self.profile([], labels: "init"), to: host, scratch.store) else {
            Issue.record("the region got no labels")
            return
        }
        let id = try #require(try scratch.store.names().last)
        let undone = try Recovery(
            host: host, store: scratch.store, consent: Consent(allowDestroy: ["region0"])
        ).rollBack(id)
        try #require(undone.afterReboot == ["region0"])
        try #require(try host.observe().regions[0].labelling == .labelled)

        let wanted = try Self.profile(Self.made, labels: labels)
        guard case .refused(let refusals) = try Self.apply(wanted, to: host) else {
            Issue.record("not refused")
            return
        }
        #expect(refusals.map(\.code) == [.labelsGone])
        #expect(refusals.first?.position == SourcePosition(line: 3, column: 5))
        #expect(refusals.first?.advice?.contains("reboot") == true)
        // What asks for nothing there is as it is.
        #expect(Planner.plan(try Self.profile([], labels: labels), on: try host.observe()).isEmpty)

        try host.reboot()
        #expect(try host.observe().regions[0].labelling == .labelLess)
        #expect(host.state.pages.values.contains(5))
        let after = Planner.plan(wanted, on: try host.observe())
        #expect(after.refusals.map(\.code).contains(.labelsGone) == false)
        #expect(labels == "init" ? !after.losses.isEmpty : !after.refusals.isEmpty)
    }

    /// Somebody wiped the label area, and the region was enabled again without a boot.
    @Test func nothingIsMadeInARegionWhoseLabelsWereWiped() throws {
        let host = try SimulatedHost(json: Self.wide)
        guard case .applied = try Self.apply(Self.profile(Self.made), to: host) else {
            Issue.record("not applied")
            return
        }
        try host.store(.disableRegion(0))
        for dimm in 0...1 { try host.store(.labelIndex(dimm: dimm, nil)) }
        try host.store(.enableRegion(0))
        try #require(try host.observe().regions[0].labelling == .labelled)
        #expect(Self.codes(try Self.profile(Self.made), on: try host.observe()) == [.labelsGone])
    }

    /// The way that ordinary hosts go: labels are written, and namespaces made right after, and again later.
    @Test func whatJustGotItsIndexIsNotRefused() throws {
        let host = try SimulatedHost(json: Self.one)
        guard case .applied = try Self.apply(Self.profile(Self.made, labels: "init"), to: host) else {
            Issue.record("not applied")
            return
        }
        let more = Self.made + ["name: later, mode: raw, size: 64 MiB"]
        guard case .applied = try Self.apply(Self.profile(more, labels: "init"), to: host) else {
            Issue.record("not applied once more")
            return
        }
    }

    /// What is changed of a labelled host of two DIMMs, and whether the labels of its region are gone then.
    struct Situation: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let isGone: Bool
        let change: @Sendable (inout Bus) -> Void

        init(_ description: String, isGone: Bool, _ change: @escaping @Sendable (inout Bus) -> Void) {
            testDescription = description
            self.isGone = isGone
            self.change = change
        }
    }

    private static let empty = LabelArea(size: .kib(128), version: nil, slots: nil, availableSlots: nil)

    private static func wipe(_ bus: inout Bus) {
        for index in bus.dimms.indices { bus.dimms[index].labelArea = empty }
    }

    static let situations = [
        Situation("both DIMMs have their index", isGone: false) { _ in },
        Situation("no DIMM has an index", isGone: true) { wipe(&$0) },
        Situation("one DIMM has none: the kernel writes it one with the first label", isGone: false) {
            $0.dimms[1].labelArea = empty
        },
        Situation("one DIMM has no label area, the other no index", isGone: true) {
            wipe(&$0)
            $0.dimms[1].labelArea = nil
        },
        Situation("the label area of one DIMM could not be read", isGone: false) {
            wipe(&$0)
            $0.dimms[1].labelArea = nil
            $0.dimms[1].isLabelAreaUnread = true
        },
        Situation("nobody may read label areas", isGone: false) { bus in
            for index in bus.dimms.indices {
                bus.dimms[index].labelArea = nil
                bus.dimms[index].isLabelAreaUnread = true
            }
        },
        Situation("an older inventory of an ordinary user tells free slots alone", isGone: false) { bus in
            for index in bus.dimms.indices {
                bus.dimms[index].labelArea = LabelArea(
                    size: .kib(128), version: nil, slots: nil, availableSlots: 508)
            }
        },
        Situation("a DIMM is not listed", isGone: false) {
            wipe(&$0)
            $0.dimms.removeLast()
        },
        Situation("a new CXL region: its driver calls it labelled at every boot", isGone: false) {
            wipe(&$0)
            $0.provider = Bus.cxlProvider
        },
    ]

    @Test(arguments: situations) func indexesAreGoneWhereNoneIsLeft(situation: Situation) throws {
        var observed = try SimulatedHost(json: Self.wide).observe()
        situation.change(&observed.buses[0])
        let codes = Self.codes(try Self.profile(Self.made), on: observed)
        #expect(codes == (situation.isGone ? [.labelsGone] : []))
        #expect(Self.codes(try Self.profile([]), on: observed) == [])
    }

    // MARK: - Regions that an index hides

    /// Whether the other region is enabled or not: it counts as labelled afterwards, and what it holds is not shown.
    @Test(arguments: [true, false]) func labelsDoNotHideAnotherRegion(isEnabled: Bool) throws {
        let host = try SimulatedHost(json: Self.shared)
        try host.write(5, to: Self.spanning(1, of: host), at: [.mib(16)])
        if !isEnabled { try host.store(.disableRegion(1)) }
        let before = HostSnapshot(try host.observe())
        guard case .refused(let refusals) = try Self.apply(Self.profile(Self.made, labels: "init"), to: host)
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusals.map(\.code) == [.labelsHideOthers])
        #expect(refusals.first?.address == "region0")
        #expect(refusals.first?.message.contains("on nmem0 would also hide what region1 holds") == true)
        #expect(HostSnapshot(try host.observe()) == before)
        try host.reboot()
        #expect(try host.observe().regions[1].namespaces.count == 1)
        #expect(host.state.pages.values.contains(5))
    }

    /// What changes without labels needs no index.
    @Test func theNamespaceOfARegionWithoutLabelsChangesBesideAnother() throws {
        let observed = try SimulatedHost(json: Self.shared).observe()
        let plan = Planner.plan(try Self.profile(["mode: fsdax"]), on: observed)
        #expect(plan.changes.map(\.kind) == [.reconfigure] && plan.refusals.isEmpty)
    }

    @Test func eachRegionThatWouldGetLabelsIsRefused() throws {
        let observed = try SimulatedHost(json: Self.shared).observe()
        let wanted = try Self.profile(Self.made, regions: [0, 1], labels: "init")
        let refusals = Planner.plan(wanted, on: observed).refusals
        #expect(refusals.map(\.address) == ["region0", "region1"])
        #expect(refusals.allSatisfy { $0.code == .labelsHideOthers })
    }

    /// With the first label in a region the kernel writes an index to each of its DIMMs that has none.
    @Test func theFirstLabelOnADimmDoesNotHideAnotherRegion() throws {
        let host = try SimulatedHost(json: Self.overlapping)
        let observed = try host.observe()
        try #require(observed.regions.map(\.labelling) == [.labelled, .labelLess, .labelled])
        #expect(Self.codes(try Self.profile(Self.made), on: observed) == [.labelsHideOthers])
        #expect(Self.codes(try Self.profile(Self.made, regions: [2]), on: observed) == [])
        // Once the DIMM has its index, there is nothing left to hide.
        var labelled = observed
        labelled.buses[0].dimms[1].labelArea = labelled.buses[0].dimms[0].labelArea
        labelled.buses[0].regions[1].labelling = .labelled
        labelled.buses[0].regions[1].namespaces = []
        #expect(Self.codes(try Self.profile(Self.made), on: labelled) == [])
    }

    @Test func theWayToLabelsForAllIsNamedWhole() throws {
        #expect(HiddenRegions(region: "region0", dimms: ["nmem0"], others: []) == nil)
        let hidden = try #require(
            HiddenRegions(region: "region0", dimms: ["nmem0", "nmem1"], others: ["region1", "region2"]))
        #expect(
            hidden.message
                == "label indexes on nmem0, nmem1 would also hide what region1, region2 hold, which have no labels"
        )
        #expect(hidden.advice.hasPrefix("save what these regions hold"))
        #expect(hidden.advice.contains("ndctl disable-region region0 region1 region2;"))
        #expect(hidden.advice.contains("ndctl init-labels -V 1.2 nmem0 nmem1;"))
        #expect(hidden.advice.hasSuffix("ndctl enable-region region0 region1 region2"))
    }
}
