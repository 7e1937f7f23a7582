import HostContract
import ProvisionCore
import ProvisionHost
import Testing

@Suite struct SimulatedLabelTests {
    @Test func aRegionWithoutLabelsIsOneNamespace() throws {
        let region = try SimulatedHosts.region(SimulatedHosts.unlabelled)
        let observed = try region.region()
        #expect(observed.labelling == .labelLess)
        #expect(observed.availableSize == .zero)
        #expect(observed.namespaceSeed == nil)
        let namespace = try #require(observed.namespaces.first)
        #expect(namespace.rawSize == .gib(4))
        #expect(namespace.mode == .raw)
        #expect(namespace.labelUUID == nil)
        #expect(namespace.extents == nil)
        #expect(region.failure(.create(region.placement(try region.layout("a", 64))))?.kind == .failed)
    }

    @Test func initialisedLabelsGiveTheWholeCapacityAndTheOldNamespaceIsGone() throws {
        let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
        let region = ContractRegion(host: host, device: "region0")
        #expect(try region.perform(.initializeLabels(region: "region0")) == nil)
        let observed = try region.region()
        #expect(observed.labelling == .labelled)
        #expect(observed.namespaces.isEmpty)
        #expect(observed.maxAvailableExtent == .gib(4))
        #expect(try host.observe().buses[0].dimms.map { $0.labelArea?.version } == [.v1_2, .v1_2])
        let created = try region.create("a", 64)
        try host.reboot()
        #expect(try region.namespaces() == [created])
    }

    @Test(arguments: ["e820", "virtio-pmem"])
    func aRegionWithoutDimmsIsMappedAndNeverLabelled(provider: String) throws {
        let region = try SimulatedHosts.region(
            """
            {"format_version": 1, "simulated_host": {"buses": [
                {"provider": "\(provider)", "regions": [{"size": "1 GiB"}]}]}}
            """)
        let namespace = try #require(try region.namespaces().first)
        #expect(namespace.mode == .fsdax)
        #expect(namespace.map == .mem)
        #expect(namespace.infoBlockUUID == nil)
        #expect(namespace.usableSize == .gib(1))
        let error = region.failure(.initializeLabels(region: "region0"))
        #expect(error?.reason.contains("no DIMMs") == true)
        #expect(try region.namespaces() == [namespace])
    }

    @Test func aDimmWithoutLabelAreaPreventsLabels() throws {
        let text = SimulatedHosts.unlabelled.replacing(
            "{\"id\": \"b\", \"size\": \"2 GiB\", \"label_size\": \"128 KiB\", \"labels\": \"none\"}",
            with: "{\"id\": \"b\", \"size\": \"2 GiB\"}")
        let region = try SimulatedHosts.region(text)
        let error = region.failure(.initializeLabels(region: "region0"))
        #expect(error?.reason.contains("nmem1") == true)
        #expect(try region.region().isEnabled)
    }

    @Test func aLabelLessRegionIsReconfiguredInPlace() throws {
        let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
        let region = ContractRegion(host: host, device: "region0")
        for mode in [NamespaceMode.fsdax, .devdax, .sector, .raw] {
            let target = region.target(try #require(try region.namespaces().first))
            try region.perform(.disable(target))
            var layout = try region.layout("ignored", 4096, mode)
            layout.name = nil
            let changed = try #require(try region.perform(.reconfigure(target, layout)))
            #expect(changed.mode == mode)
            #expect(changed.labelUUID == nil)
            try host.reboot()
            #expect(try region.namespaces().first?.mode == mode)
        }
    }

    @Test func aFailedInitialisationBringsTheRegionBackAndSaysWhatItCannotUndo() throws {
        let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
        host.arm(nil)
        _ = try host.perform(.initializeLabels(region: "region0"), identity: identity)
        for operation in 1...host.operations {
            let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
            let region = ContractRegion(host: host, device: "region0")
            let before = try region.region()
            host.arm(SimulatedFault(.fail(errno: 5), atOperation: operation))
            let error = try #require(region.failure(.initializeLabels(region: "region0")))
            #expect(try region.region().isEnabled)
            #expect(try error.undoFailures.isEmpty == (region.region() == before))
            try host.reboot()
            #expect(try region.region() == before)
        }
    }

    @Test func anInterruptedInitialisationIsFinishedByRepeatingIt() throws {
        let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
        host.arm(nil)
        _ = try host.perform(.initializeLabels(region: "region0"), identity: identity)
        for operation in 1...host.operations {
            let host = try SimulatedHost(json: SimulatedHosts.unlabelled)
            host.arm(SimulatedFault(.crash, atOperation: operation))
            _ = ContractRegion(host: host, device: "region0").failure(.initializeLabels(region: "region0"))
            let next = ContractRegion(host: try SimulatedHost(json: host.json), device: "region0")
            _ = try next.perform(.initializeLabels(region: "region0"))
            #expect(try next.region().labelling == .labelled)
            #expect(try next.create("a", 64).isActive)
        }
    }

    /// Two regions without labels on the same DIMMs.
    private static let siblings = SimulatedHosts.unlabelled.replacing(
        "\"regions\": [{\"dimms\": [\"a\", \"b\"]}]",
        with:
            "\"regions\": [{\"dimms\": [\"a\", \"b\"], \"size\": \"2 GiB\"}, {\"dimms\": [\"a\", \"b\"]}]"
    )

    @Test func labelsAreNotWrittenWhileAnotherRegionUsesTheDimm() throws {
        let host = try SimulatedHost(json: Self.siblings)
        let region = ContractRegion(host: host, device: "region0")
        let before = try host.observe()
        #expect(before.regions.count == 2)
        let error = region.failure(.initializeLabels(region: "region0"))
        #expect(error?.kind == .busy)
        #expect(error?.reason.contains("region1") == true)
        #expect(error?.undoFailures == [])
        #expect(try host.observe() == before)
    }

    /// What a disabled region holds without labels would be hidden as well.
    @Test func labelsAreNotWrittenWhereTheyWouldHideADisabledRegion() throws {
        let host = try SimulatedHost(json: Self.siblings)
        try host.store(.disableRegion(1))
        let region = ContractRegion(host: host, device: "region0")
        let before = try host.observe()
        let error = region.failure(.initializeLabels(region: "region0"))
        #expect(error?.kind == .failed)
        #expect(error?.reason.contains("would also hide what region1") == true)
        #expect(try host.observe() == before)
    }

    private var identity: FreshIdentity {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }
}
