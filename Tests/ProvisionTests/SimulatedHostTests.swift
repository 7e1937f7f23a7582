import HostContract
import ProvisionCore
import ProvisionHost
import Testing

@Suite struct SimulatedHostTests {
    @Test(arguments: HostContract.clauses, SimulatedHosts.labelled)
    func itKeepsTheContract(clause: HostContract, hardware: String) throws {
        try clause.check(SimulatedHosts.region(hardware))
    }

    /// The clauses follow upon each other.
    @Test func itKeepsTheContractWithoutLabels() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.unlabelled)
        for clause in LabelLessContract.clauses {
            do { try clause.check(region) } catch { Issue.record("\(clause): \(error)") }
        }
    }

    @Test func aCreationThatFitsTheSumOfTheGapsButNoneOfThemFails() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        let pieces = try (0..<16).map { try region.create("part\($0)", 1024) }
        for index in [1, 3, 11] { try region.destroy(pieces[index]) }
        let observed = try region.region()
        #expect(observed.availableSize == .gib(3))
        #expect(observed.maxAvailableExtent == .gib(1))
        let error = region.failure(.create(region.placement(try region.layout("big", 1040))))
        #expect(error?.errno == 28)
        #expect(error?.reason.contains("1 GiB") == true)
    }

    @Test func numberZeroIsUsedAgainAndOtherNumbersComeFromTheSeed() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        #expect(try region.region().namespaceSeed == "namespace0.0")
        let first = try region.create("a", 64)
        #expect(first.device == "namespace0.0")
        #expect(try region.region().namespaceSeed == "namespace0.1")
        #expect(try region.create("b", 64).device == "namespace0.1")
        try region.destroy(first)
        #expect(try region.region().namespaceSeed == "namespace0.2")
        #expect(try region.create("c", 64).device == "namespace0.0")
        #expect(try region.create("d", 64).device == "namespace0.2")
    }

    @Test func nodesAreNamedAsTheKernelNamesThem() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        #expect(try region.create("a", 64).blockDevice == "pmem0")
        #expect(try region.create("b", 64).blockDevice == "pmem0.1")
        #expect(try region.create("c", 64, .sector).blockDevice == "pmem0.2s")
        let devdax = try region.create("d", 64, .devdax)
        #expect(devdax.blockDevice == nil)
        #expect(devdax.characterDevice == "dax0.3")
        #expect(try region.create("e", 64, .raw).blockDevice == "pmem0.4")
    }

    /// Seen on a 6.1 kernel: namespaces at 4.0, 5.5, 7.0 and 8.5 GiB came back as 0, 2, 3, 1.
    @Test func aRebootNumbersNamespacesAnewButKeepsTheirIdentity() throws {
        let host = try SimulatedHost(json: SimulatedHosts.oneDimm)
        let region = ContractRegion(host: host, device: "region0")
        let created = try ["a", "b", "c", "d"].map { try region.create($0, 1536) }
        #expect(created.map(\.device) == (0..<4).map { "namespace0.\($0)" })
        try host.reboot()
        let after = try region.namespaces()
        let devices = created.map { old in after.first { $0.name == old.name }?.device }
        #expect(devices == ["namespace0.0", "namespace0.2", "namespace0.3", "namespace0.1"])
        for old in created {
            let new = try #require(after.first { $0.labelUUID == old.labelUUID })
            #expect(new.resource == old.resource)
            #expect(new.infoBlockUUID == old.infoBlockUUID)
            #expect(new.mode == old.mode)
            #expect(new.isActive)
        }
        #expect(try region.region().namespaceSeed == "namespace0.4")
    }

    @Test func whatIsInUseIsNotDisabled() throws {
        let busy = SimulatedHosts.oneDimm.replacing(
            "\"buses\"", with: "\"busy\": {\"wal\": \"mounted at /srv/wal\"}, \"buses\"")
        let region = try SimulatedHosts.region(busy)
        let created = try region.create("wal", 64)
        let error = region.failure(.disable(region.target(created)))
        #expect(error?.kind == .busy)
        #expect(error?.reason.contains("mounted at /srv/wal") == true)
        #expect(try region.namespaces() == [created])
    }

    @Test func theLastLabelSlotIsNeverGivenAway() throws {
        let small = SimulatedHosts.oneDimm.replacing("128 KiB", with: "1 KiB")
        let region = try SimulatedHosts.region(small)
        func area() throws -> LabelArea? { try region.host.observe().buses[0].dimms[0].labelArea }
        #expect(try area()?.slots == 2)
        #expect(try area()?.availableSlots == 1)
        let only = try region.create("only", 64)
        #expect(try area()?.availableSlots == 0)
        let error = region.failure(.create(region.placement(try region.layout("more", 64))))
        #expect(error?.errno == 6)
        #expect(error?.undoFailures == [])
        #expect(try region.namespaces() == [only])
    }

    @Test(arguments: [("128 KiB", "1.2", 510), ("128 KiB", "1.1", 1020)])
    func slotsAreCountedAsTheKernelCountsThem(area: String, version: String, slots: Int) throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "\"label_size\": \"128 KiB\"", with: "\"label_size\": \"\(area)\", \"labels\": \"\(version)\"")
        let host = try SimulatedHost(json: text)
        let observed = try host.observe().buses[0].dimms[0].labelArea
        #expect(observed?.slots == slots)
        #expect(observed?.availableSlots == slots - 1)
    }

    @Test func versionOneLabelsForgetTheHolderClassAtTheNextEnable() throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "\"label_size\": \"128 KiB\"", with: "\"label_size\": \"128 KiB\", \"labels\": \"1.1\"")
        let host = try SimulatedHost(json: text)
        let region = ContractRegion(host: host, device: "region0")
        for mode in NamespaceMode.allCases { try region.create("\(mode)", 64, mode) }
        #expect(try region.namespaces().allSatisfy { $0.mode == .raw || $0.recordedMode == $0.mode })
        try host.reboot()
        for namespace in try region.namespaces() {
            #expect(namespace.mode?.rawValue == namespace.name)
            #expect(namespace.recordedMode == nil)
            let disabled = try region.perform(.disable(region.target(namespace)))
            #expect(disabled?.mode == nil)
        }
    }

    @Test func anInfoBlockSurvivesDestructionAndMatchesOnlyItsOwnUUID() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        let old = try region.create("old", 64)
        try region.destroy(old)
        let sector = try region.create("new", 64, .sector)
        #expect(sector.resource == old.resource)
        #expect(sector.mode == .sector)
        try region.destroy(sector)
        let again = try restored(old, in: region)
        #expect(again.mode == .fsdax)
        #expect(again.infoBlockUUID == old.infoBlockUUID)
    }

    @Test func aRawNamespaceKeepsNoInfoBlockOfWhatLayThere() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        let old = try region.create("old", 64)
        try region.destroy(old)
        let raw = try region.create("new", 64, .raw)
        #expect(raw.resource == old.resource)
        try region.destroy(raw)
        #expect(throws: OperationError.self) { try restored(old, in: region) }
    }

    /// The namespace brought back from its label alone.
    private func restored(_ old: Namespace, in region: ContractRegion) throws -> Namespace {
        let host = try #require(region.host as? SimulatedHost)
        let layout = Layout(name: nil, mode: .raw, rawSize: old.rawSize)
        let placement = Placement(
            region: region.device, layout: layout, resource: old.resource, usableSize: old.rawSize)
        var generator = SystemRandomNumberGenerator()
        return try host.reinstate(old, on: try host.occupy(placement, as: .random(using: &generator)))
    }

    @Test func aUUIDThatIsLiveIsRefused() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.oneDimm)
        let uuid = try #require(try region.create("a", 64).labelUUID)
        let identity = FreshIdentity(labelUUID: uuid, infoBlock: region.identity().infoBlock)
        #expect(throws: OperationError.self) {
            try region.host.perform(
                .create(region.placement(try region.layout("b", 64))), identity: identity)
        }
        #expect(try region.namespaces().count == 1)
    }

    @Test func mediaErrorsAreShownInUnitsOfTheNamespacesData() throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "\"numa_node\": 0", with: "\"numa_node\": 0, \"badblocks\": [{\"offset\": 16384, \"length\": 8}]")
        let region = try SimulatedHosts.region(text)
        #expect(try region.create("a", 64).badBlocks == [BadBlocks(offset: 12288, length: 8)])
        #expect(try region.create("b", 64).badBlocks.isEmpty)
    }
}

/// Simulated hardware for tests.
enum SimulatedHosts {
    /// One DIMM of 16 GiB with labels, at 4 GiB.
    static let oneDimm = """
        {"format_version": 1, "simulated_host": {"buses": [{
            "dimms": [{"id": "a", "size": "16 GiB", "label_size": "128 KiB"}],
            "regions": [{"dimms": ["a"], "numa_node": 0}]}]}}
        """

    /// Six DIMMs of 8 GiB, interleaved.
    static let sixDimms = """
        {"format_version": 1, "simulated_host": {"buses": [{
            "dimms": [
                {"id": "a", "size": "8 GiB", "label_size": "128 KiB"},
                {"id": "b", "size": "8 GiB", "label_size": "128 KiB"},
                {"id": "c", "size": "8 GiB", "label_size": "128 KiB"},
                {"id": "d", "size": "8 GiB", "label_size": "128 KiB"},
                {"id": "e", "size": "8 GiB", "label_size": "128 KiB"},
                {"id": "f", "size": "8 GiB", "label_size": "128 KiB"}],
            "regions": [{"dimms": ["a", "b", "c", "d", "e", "f"]}]}]}}
        """

    /// Two DIMMs with label areas in which nothing is written.
    static let unlabelled = """
        {"format_version": 1, "simulated_host": {"buses": [{
            "dimms": [
                {"id": "a", "size": "2 GiB", "label_size": "128 KiB", "labels": "none"},
                {"id": "b", "size": "2 GiB", "label_size": "128 KiB", "labels": "none"}],
            "regions": [{"dimms": ["a", "b"]}]}]}}
        """

    static let labelled = [oneDimm, sixDimms]

    static func region(_ text: String, _ device: String = "region0") throws -> ContractRegion {
        let host = try SimulatedHost(json: text)
        return ContractRegion(host: host, device: device, hardware: SimulatedContractHardware(host))
    }
}
