import HostContract
import Testing

/// The simulated host keeps the contract also on a machine whose devices can become memory, and whose firmware clears media errors.
@Suite struct HostContractTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {
          "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "online"},
          "buses": [{"scrub_state": "idle",
            "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
            "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
        """

    @Test(arguments: HostContract.clauses)
    func theSimulatedHostKeepsTheContract(clause: HostContract) throws {
        try clause.check(SimulatedHosts.region(Self.machine))
    }
}
