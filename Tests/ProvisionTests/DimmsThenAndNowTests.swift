import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Labels that were saved of a DIMM without an identity go back to that DIMM, or to none.
@Suite struct DimmsThenAndNowTests {
    private static func dimm(_ device: String, handle: UInt32? = nil, id: String? = nil) -> Dimm {
        Dimm(device: device, uniqueID: id, handle: handle)
    }

    /// A host of one bus, on which each DIMM has a region.
    private static func host(_ dimms: [Dimm], provider: String = "ACPI.NFIT") -> Observed {
        let regions = dimms.enumerated().map { number, dimm in
            Region(
                device: "region\(number)", size: .gib(1),
                mappings: [
                    Mapping(dimm: dimm.device, offset: .zero, length: .gib(1), position: 0)
                ])
        }
        return Observed(buses: [
            Bus(device: "ndbus0", provider: provider, scrubState: nil, dimms: dimms, regions: regions)
        ])
    }

    private static func name(
        _ saved: String, _ before: Observed, _ now: Observed, isSameBoot: Bool = false
    ) -> String? {
        DimmsThenAndNow(before: before, now: now, isSameBoot: isSameBoot).name(saved)
    }

    @Test func anIdentityIsItsOwnName() {
        let host = Self.host([Self.dimm("nmem0", id: "8089-a2"), Self.dimm("nmem1")])
        #expect(Self.name("8089-a2", host, host) == "8089-a2")
    }

    @Test func aDimmIsFoundByItsHandleUnderAnotherName() {
        let before = Self.host([Self.dimm("nmem0", handle: 1), Self.dimm("nmem1", handle: 2)])
        let now = Self.host([Self.dimm("nmem0", handle: 2), Self.dimm("nmem1", handle: 1)])
        #expect(Self.name("nmem0", before, now) == "nmem1")
        #expect(Self.name("nmem1", before, now) == "nmem0")
    }

    @Test func afterABootANameIsNotEnough() {
        let host = Self.host([Self.dimm("nmem0"), Self.dimm("nmem1")])
        #expect(Self.name("nmem0", host, host) == nil)
        #expect(Self.name("nmem0", host, host, isSameBoot: true) == "nmem0")
    }

    @Test func anotherDimmUnderItsNameIsNotTheOne() {
        let before = Self.host([Self.dimm("nmem0", handle: 1)])
        for now in [
            Self.host([Self.dimm("nmem0", handle: 2)]),
            Self.host([Self.dimm("nmem0", handle: 1, id: "8089-a2")]),
            Self.host([Self.dimm("nmem0", handle: 1)], provider: "nfit_test.0"), Self.host([]),
        ] {
            #expect(Self.name("nmem0", before, now) == nil)
            #expect(Self.name("nmem0", before, now, isSameBoot: true) == nil)
        }
    }

    @Test func anotherPlaceInARegionIsAnotherDimm() {
        let before = Self.host([Self.dimm("nmem0", handle: 1)])
        var now = before
        now.buses[0].regions[0].mappings[0].offset = .gib(1)
        #expect(Self.name("nmem0", before, now) == nil)
    }

    /// The labels stay as they are where undoing cannot tell that the DIMM is the one.
    @Test func labelsOfADimmThatCannotBeToldAreNotWritten() throws {
        let host = try SimulatedHost(json: TestFiles.text("plans/labels-init/host.json"))
        let profile = try ProfileReader.read(
            TestFiles.bytes("plans/labels-init/profile.yaml"), source: "profile.yaml")
        let application = Application(of: profile, to: host)
        let scratch = try ScratchDirectory()
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        _ = try application.carryOut(prepared, consent: consent, recordingIn: scratch.store)
        var log = try #require(try scratch.store.logs().last)
        #expect(log.labels.map(\.dimm) == ["dimm-0"])
        // As if the DIMM had not said who it was, and been called so.
        log.header.before.buses[0].dimms[0].device = "dimm-0"
        log.header.before.buses[0].dimms[0].uniqueID = nil
        let labels = LabelRollback(Rollback(host: host, store: scratch.store, log: log))
        #expect(throws: OperationError.self) { try labels.restore(in: "region0") }
        #expect(try host.observe().buses[0].dimms[0].labelArea?.version == .v1_2)
    }
}
