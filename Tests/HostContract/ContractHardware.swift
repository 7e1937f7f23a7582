package import ProvisionCore
package import ProvisionHost

/// What tests do to a host that no step does.
package protocol ContractHardware {
    /// Disables a region, as its owner would.
    func disableRegion(_ device: String) throws

    /// Uses the block device of an active namespace; the result ends that.
    func use(_ namespace: Namespace) throws -> () -> Void
}

/// The same for a simulated host.
package struct SimulatedContractHardware: ContractHardware {
    private let host: SimulatedHost

    package init(_ host: SimulatedHost) {
        self.host = host
    }

    package func disableRegion(_ device: String) throws {
        let number = try require(host.state.regions.indices.first { "region\($0)" == device })
        try host.store(.disableRegion(number))
    }

    package func use(_ namespace: Namespace) throws -> () -> Void {
        let host = host
        let device = try require(namespace.blockDevice)
        host.state.busy[device] = "a test"
        return { host.state.busy[device] = nil }
    }
}
