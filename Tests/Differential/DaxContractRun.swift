import HostContract
import ProvisionCore
import ProvisionHost

/// Checks that the kernel host keeps the contract of dax regions, on the first dynamic region of at least 1 GiB.
enum DaxContractRun {
    /// Checks every clause; the exit status.
    static func run() -> Int32 {
        var failures = 0
        for clause in DaxRegionContract.clauses {
            do {
                let region = try emptyRegion()
                try clause.check(region)
                try region.empty()
                say("kept: \(clause)")
            } catch {
                failures += 1
                say("BROKEN: \(clause): \(error)")
            }
        }
        return failures == 0 ? 0 : 1
    }

    private static func emptyRegion() throws -> ContractDaxRegion {
        let host = KernelHost()
        let found = try host.observe().daxRegions.first { $0.kind == .dynamic && $0.size >= .gib(1) }
        guard let identity = found?.identity else {
            throw OperationError(.failed, while: "look for a dynamic dax region", reason: "there is none")
        }
        let region = ContractDaxRegion(
            host: host, identity: identity, hardware: KernelContractDaxHardware())
        try region.empty()
        return region
    }
}
