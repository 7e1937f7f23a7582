import Provision
import ProvisionCore
import ProvisionHost
import Testing

@Suite struct OfflinePlanTests {
    private func observed(_ seed: UInt64, isWild: Bool = true) throws -> (Observed, Profile) {
        var machine = RandomMachine(seed: seed, isWild: isWild)
        let observed = try SimulatedHost(json: machine.state()).observe()
        let text = machine.profile(for: observed)
        return (observed, try ProfileReader.read(Array(text.utf8), source: "profile.yaml"))
    }

    private func online(_ profile: Profile, _ observed: Observed) -> PlanReport {
        PlanReport(Planner.plan(profile, on: observed), of: profile, on: observed)
    }

    /// What is not said of the host stands at the end of the document.
    @Test(arguments: 0..<150 as Range<UInt64>) func aPlanFromASavedInventoryIsThePlanOfTheHost(seed: UInt64)
        throws
    {
        let (observed, profile) = try observed(seed)
        let saved = try SavedInventory.read(Array(InventoryReport(observed).json.utf8))
        let (online, offline) = (online(profile, observed), PlanReport(of: profile, on: saved))
        #expect(online.plan == offline.plan)
        let document = online.json.text()
        #expect(offline.json.text().hasPrefix(document.dropLast("\n}\n".count) + ",\n  \"limits\": ["))
        let known = PlanReport(offline.plan, of: profile, on: saved.observed)
        #expect(known.json.text() == document)
        #expect(known.text() == online.text())
    }

    /// Without addresses a plan may be refused, but it may not differ.
    @Test(arguments: 0..<400 as Range<UInt64>) func aPlanFromNdctlsListIsTheHostsPlanOrIsRefused(seed: UInt64)
        throws
    {
        let (observed, profile) = try observed(seed, isWild: false)
        let saved = try SavedInventory.read(Array(InventoryReport(observed).ndctlJSON.utf8))
        let (online, offline) = (online(profile, observed).plan, PlanReport(of: profile, on: saved).plan)
        let unlisted = offline.refusals.filter { [.extentsUnknown, .notListed].contains($0.code) }
        func region(_ address: String) -> String { String(address.prefix { $0 != "/" }) }
        let unknown = Set(unlisted.map { region($0.address) })
        func isKnown(_ address: String) -> Bool { !unknown.contains(region(address)) }
        let expected = online.changes.filter { isKnown($0.address) }
        let found = offline.changes.filter { isKnown($0.address) }
        #expect(found.map(\.address) == expected.map(\.address))
        for (found, expected) in zip(found, expected) {
            #expect(found.kind == expected.kind)
            #expect(found.after?.rawSize == expected.after?.rawSize)
            #expect(found.before?.rawSize == expected.before?.rawSize)
            #expect(found.after?.resource == nil && found.before?.resource == nil)
            if let usable = found.after?.usableSize { #expect(usable == expected.after?.usableSize) }
        }
        let codes = Set(offline.refusals.map(\.code)).subtracting([.extentsUnknown, .notListed])
        #expect(codes.isSubset(of: Set(online.refusals.map(\.code))))
    }

    /// The property above says little if every plan is refused.
    @Test func mostPlansFromNdctlsListAreNotRefused() throws {
        let refused = try (0..<400 as Range<UInt64>).count { seed in
            let (observed, profile) = try observed(seed, isWild: false)
            let saved = try SavedInventory.read(Array(InventoryReport(observed).ndctlJSON.utf8))
            let plan = PlanReport(of: profile, on: saved).plan
            return plan.refusals.contains { [.extentsUnknown, .notListed].contains($0.code) }
        }
        #expect(refused < 300)
        #expect(refused > 20)
    }

    private func list(_ options: String) throws -> SavedInventory {
        try SavedInventory.read(TestFiles.bytes("ndctl-list/interleaved-\(options).json"))
    }

    private func profile(_ namespaces: String) throws -> Profile {
        let text = "version: 1\nregions:\n  - match: {region: 0}\n    namespaces: [\(namespaces)]\n"
        return try ProfileReader.read(Array(text.utf8), source: "profile.yaml")
    }

    private static let kept = """
        {name: wal, mode: fsdax, size: 64 GiB}, {name: heap, mode: devdax, usable_size: 99 GiB}
        """

    /// Without `-i` the disabled namespaces are missing, and what is missing could as well be a padding.
    @Test(arguments: ["BDRNv", "BDRNvu", "DRN", "RNu"])
    func aSizeThatDoesNotAddUpIsNotKnown(options: String) throws {
        let plan = PlanReport(of: try profile(Self.kept), on: try list(options)).plan
        #expect(plan.refusals.map(\.code) == [.notListed])
        #expect(plan.refusals.map(\.address) == ["region0/wal"])
        #expect(plan.refusals[0].advice?.contains("ndctl list -i") == true)
        #expect(plan.unchanged == ["region0/heap"])
    }

    @Test(arguments: ["BDRNvi", "vvv"])
    func whatIsThereAsDeclaredNeedsNoAddress(options: String) throws {
        let plan = PlanReport(of: try profile(Self.kept), on: try list(options)).plan
        #expect(plan.isEmpty)
        #expect(plan.unchanged == ["region0/wal", "region0/heap"])
    }

    @Test(arguments: ["N", "BN"]) func aRegionThatIsNotListedIsRefused(options: String) throws {
        let plan = PlanReport(of: try profile(Self.kept), on: try list(options)).plan
        #expect(plan.refusals.map(\.code) == [.extentsUnknown])
        #expect(plan.refusals.first?.advice?.contains("daxprov inventory --json") == true)
    }

    @Test func theReportSaysWhatIsNotKnownOnceForEachKind() throws {
        let report = PlanReport(of: try profile(Self.kept), on: try list("BDRNvi"))
        let limits = try JSONCursor(JSONValue(parsing: report.json.text())).required("limits").elements()
        let codes = try limits.map { try $0.required("code").string() }
        #expect(codes.contains("no_addresses") && codes.contains("no_usage"))
        #expect(Set(codes).count == codes.count)
        let derived = try #require(
            try limits.first { try $0.required("code").string() == "derived_raw_size" })
        #expect(try derived.elements("devices").count == 3)
        #expect(report.text().contains("Planned from a saved inventory, which does not say:"))
    }

    @Test func anInventoryThatRootDidNotTakeHasNoAddresses() throws {
        let saved = try SavedInventory.read(TestFiles.bytes("inventory/unprivileged.json"))
        #expect(saved.planningLimits.contains(.noAddresses))
        #expect(saved.limits.isEmpty)
    }

    @Test func aGiganticAlignmentPromisesAUsableSizeOnlyWhereEveryPlaceGivesIt() throws {
        let listing = #"""
            [{"dev":"region0","size":68719476736,"align":16777216,"available_size":68719476736,
              "max_available_extent":68719476736,"type":"pmem","iset_id":7,"persistence_domain":"unknown"}]
            """#
        let saved = try SavedInventory.read(Array(listing.utf8))
        func plan(_ namespace: String) throws -> Plan {
            PlanReport(of: try profile(namespace), on: saved).plan
        }
        let sized = try plan("{name: a, mode: devdax, size: 8 GiB, align: 1 GiB}")
        #expect(sized.changes.first?.after?.rawSize == .gib(8))
        #expect(sized.changes.first?.after?.usableSize == nil)
        let usable = try plan("{name: a, mode: devdax, usable_size: 8 GiB, align: 1 GiB}")
        #expect(usable.refusals.map(\.code) == [.extentsUnknown])
        let common = try plan("{name: a, mode: devdax, usable_size: 8 GiB}")
        #expect(common.changes.first?.after?.usableSize.map { $0 >= .gib(8) } == true)
    }

    @Test func labelIndexesArePlannedWhereTheLabelAreasAreNotListed() throws {
        let listing = #"""
            [{"provider":"ACPI.NFIT","dev":"ndbus0","dimms":[{"dev":"nmem0","id":"a"}],"regions":[
              {"dev":"region0","size":17179869184,"align":16777216,"available_size":0,"type":"pmem","iset_id":7,
               "mappings":[{"dimm":"nmem0","offset":0,"length":17179869184,"position":0}],
               "persistence_domain":"unknown","namespaces":[
               {"dev":"namespace0.0","mode":"raw","size":17179869184,"blockdev":"pmem0"}]}]}]
            """#
        let saved = try SavedInventory.read(Array(listing.utf8))
        #expect(saved.observed.regions.map(\.labelling) == [.labelLess])
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                labels: init
                namespaces: [{name: a, mode: fsdax}]
            """
        let report = PlanReport(
            of: try ProfileReader.read(Array(text.utf8), source: "profile.yaml"), on: saved)
        #expect(report.plan.changes.map(\.kind) == [.initializeLabels, .create])
        #expect(report.plan.changes.map(\.losesData) == [true, false])
        #expect(report.plan.changes.last?.after?.rawSize == .gib(16))
        #expect(report.limits?.contains(.noContentState("namespace0.0")) == true)
    }
}
