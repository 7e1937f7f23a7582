import HostContract
import ProvisionCore
import ProvisionHost
import Testing

/// The simulated host keeps the contract of dax regions; the kernel does by the program `differential`.
@Suite struct DaxContractTests {
    @Test(arguments: DaxRegionContract.clauses, SimulatedDaxBinding.allCases)
    func theSimulatedHostKeepsTheContract(clause: DaxRegionContract, binding: SimulatedDaxBinding) throws {
        let host = try SimulatedHost(json: DaxDivisionTests.machine(binding))
        let region = ContractDaxRegion(
            host: host, identity: DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1)),
            hardware: SimulatedContractDaxHardware(host))
        try region.empty()
        try clause.check(region)
    }
}

extension DaxRegionContract: CustomTestStringConvertible {
    public var testDescription: String { description }
}
