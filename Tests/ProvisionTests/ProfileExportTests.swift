import Provision
import ProvisionCore
import ProvisionHost
import Testing

@Suite struct ProfileExportTests {
    /// Reads an export back and plans it on the host that it is of.
    private func plan(_ inventory: SavedInventory) throws -> Plan {
        let text = ProfileExport(inventory).text
        let profile = try ProfileReader.read(Array(text.utf8), source: "export.yaml")
        return Planner.plan(profile, on: inventory.observed, limits: inventory.planningLimits)
    }

    private func saved(_ observed: Observed) -> SavedInventory {
        SavedInventory(observed: observed, limits: .none)
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func anExportChangesNothingOnItsHost(seed: UInt64) throws {
        var machine = RandomMachine(seed: seed)
        let observed = try SimulatedHost(json: machine.state()).observe()
        let plan = try plan(saved(observed))
        #expect(plan.isEmpty)
        let named = observed.regions.filter { $0.labelling == .labelled }.flatMap(\.namespaces)
        let whole = named.filter { $0.isActive && $0.unfinished == nil }
        #expect(plan.unchanged.count >= whole.count / 2)
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func anExportOfNdctlsListChangesNothing(seed: UInt64) throws {
        var machine = RandomMachine(seed: seed, isWild: false)
        let observed = try SimulatedHost(json: machine.state()).observe()
        let listing = try SavedInventory.read(Array(InventoryReport(observed).ndctlJSON.utf8))
        guard !ProfileExport(listing).isEmpty else { return }
        #expect(try plan(listing).isEmpty)
    }

    /// Hosts that no kernel would show: what comes of them is still a profile, and still changes nothing.
    @Test(arguments: 0..<300 as Range<UInt64>) func noHostMakesAnExportThatChangesIt(seed: UInt64) throws {
        var random = RandomObserved(seed: seed)
        let inventory = saved(random.observed())
        guard !ProfileExport(inventory).isEmpty else { return }
        #expect(try plan(inventory).isEmpty)
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func equalHostsGiveEqualTextWithoutSpacesAtLineEnds(
        seed: UInt64
    ) throws {
        var machine = RandomMachine(seed: seed)
        let state = machine.state()
        let texts = try (0..<2).map { _ in
            ProfileExport(saved(try SimulatedHost(json: state).observe())).text
        }
        #expect(texts[0] == texts[1])
        for line in texts[0].split(separator: "\n") { #expect(!line.hasSuffix(" ")) }
    }

    private func text(_ namespaces: [Namespace], _ change: (inout Region) -> Void = { _ in }) -> String {
        var region = Region(
            device: "region0", size: .gib(8), resource: 1 << 32, interleaveSetID: 0xfeed,
            namespaces: namespaces)
        change(&region)
        let bus = Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        return ProfileExport(saved(Observed(buses: [bus]))).text
    }

    private func namespace(
        _ number: Int, name: String?, mode: NamespaceMode? = .raw, recorded: NamespaceMode? = .raw,
        isActive: Bool = true
    ) -> Namespace {
        Namespace(
            device: "namespace0.\(number)", resource: (1 << 32) + UInt64(number) << 30, rawSize: .gib(1),
            extents: 1,
            mode: mode, recordedMode: recorded, isActive: isActive, name: name,
            labelUUID: UUID("00000000-0000-4000-8000-00000000000\(number)"))
    }

    @Test func aNamespaceWithoutNameIsDeclaredByItsUUID() {
        let text = text([namespace(1, name: nil)])
        #expect(text.contains("uuid: \"00000000-0000-4000-8000-000000000001\""))
        #expect(text.contains("# it has no name"))
    }

    @Test func namesThatTwoNamespacesShareAreNoIdentity() {
        let text = text([namespace(1, name: "a"), namespace(2, name: "a")])
        #expect(!text.contains("name: a"))
        #expect(text.contains("000000000001") && text.contains("000000000002"))
    }

    @Test(arguments: [
        ("true", "\"true\""), ("a b", "\"a b\""), ("x: y", "\"x: y\""), ("wal-1", "wal-1"), ("1", "\"1\""),
    ])
    func namesAreQuotedWhereYAMLWouldTakeThemForSomethingElse(name: String, written: String) {
        #expect(text([namespace(1, name: name)]).contains("- name: \(written)\n"))
    }

    @Test func whatIsNotWholeIsAComment() {
        let text = text([
            namespace(1, name: "off", isActive: false), namespace(2, name: "half", recorded: .devdax),
            namespace(3, name: "fine"),
        ])
        #expect(text.contains("# not declared: off (raw, 1 GiB): it is disabled"))
        #expect(text.contains("# not declared: half (raw, 1 GiB): its creation as devdax did not finish"))
        #expect(text.contains("- name: fine"))
    }

    @Test func aBrokenAllocationLeavesTheRegionOut() {
        var broken = namespace(1, name: "torn")
        broken.extents = 2
        let text = text([broken, namespace(3, name: "fine")])
        #expect(text.contains("region0: 8 GiB, left out"))
        #expect(!text.contains("- match"))
    }

    @Test func aRegionIsMatchedByWhatLasts() {
        #expect(text([]).contains("match: {iset_id: 0xfeed}"))
        let numbered = text([]) { $0.interleaveSetID = nil }
        #expect(numbered.contains("match: {region: 0, provider: ACPI.NFIT}"))
        #expect(numbered.contains("# nothing else tells it from others"))
    }

    @Test func aHostWithoutRegionsHasNoProfile() {
        #expect(ProfileExport(saved(Observed(buses: []))).isEmpty)
    }
}
