import ProvisionCore
import Testing

/// The simulated kernel's allocation and the planner's capacity model were written apart; here each checks the other.
@Suite struct SimulatedCapacityTests {
    @Test(arguments: SimulatedHosts.labelled, [1, 2, 3] as [UInt64])
    func thePlannersMapAndTheSimulatedKernelAgree(hardware: String, seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let region = try SimulatedHosts.region(hardware)
        let unit = try region.size(1)
        for number in 0..<60 {
            let observed = try region.region()
            let map = try #require(ExtentMap(of: observed))
            #expect(map.available == observed.availableSize)
            #expect((map.largestGap?.length ?? .zero) == observed.maxAvailableExtent)
            if let victim = observed.namespaces.randomElement(using: &generator), number % 3 == 2 {
                try region.destroy(victim)
                continue
            }
            var layout = try region.layout("n\(number)", 64)
            layout.rawSize = unit * UInt64.random(in: 1...20, using: &generator)
            guard let expected = map.firstFit(layout.rawSize) else {
                #expect(region.failure(.create(region.placement(layout)))?.errno == 28)
                continue
            }
            let created = try region.create(layout)
            #expect(observed.extent(of: created) == expected)
        }
    }

    /// `init_dpa_allocation` takes the start of the mapping as it is; only gaps beside allocations are trimmed.
    @Test func anEmptyMappingIsFilledFromItsVeryStart() throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "{\"dimms\": [\"a\"], \"numa_node\": 0}",
            with: "{\"dimms\": [\"a\"], \"size\": \"1000 MiB\"}, {\"dimms\": [\"a\"], \"size\": \"1 GiB\"}")
        let region = try SimulatedHosts.region(text, "region1")
        let observed = try region.region()
        #expect(observed.mappings.first?.offset == .mib(1000))
        #expect(observed.maxAvailableExtent == .mib(1008))
        #expect(try region.create("a", 64).resource == observed.resource)
        #expect(try region.create("b", 64).resource == observed.resource.map { $0 + (72 << 20) })
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
