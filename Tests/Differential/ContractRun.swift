import HostContract
import ProvisionHost

/// Checks that the kernel host keeps the contract of every host, on the first region of a bus.
struct ContractRun {
    let bus: String

    /// Checks every clause; the exit status.
    func run() -> Int32 {
        var failures = 0
        for clause in HostContract.clauses {
            do {
                guard let region = try emptyRegion() else { return 1 }
                try clause.check(
                    ContractRegion(host: KernelHost(), device: region, hardware: KernelContractHardware()))
                say("kept: \(clause)")
            } catch {
                failures += 1
                say("BROKEN: \(clause): \(error)")
            }
        }
        let isClean = KernelRegions.clean(bus)
        return failures == 0 && isClean ? 0 : 1
    }

    /// Checks every clause about a region without labels, on the first of them; the exit status.
    func runWithoutLabels() -> Int32 {
        for clause in LabelLessContract.clauses {
            do {
                // The last clause gives it labels.
                guard let region = try regions().first else { return 1 }
                try clause.check(
                    ContractRegion(host: KernelHost(), device: region, hardware: KernelContractHardware()))
                say("kept: \(clause)")
            } catch {
                say("BROKEN: \(clause): \(error)")
                return 1
            }
        }
        return 0
    }

    private func emptyRegion() throws -> String? {
        guard KernelRegions.clean(bus) else { return nil }
        try KernelRegions.restart(of: bus)
        return try regions().first
    }

    private func regions() throws -> [String] {
        try KernelHost().observe().buses.first { $0.device == bus }?.regions.map(\.device) ?? []
    }
}
