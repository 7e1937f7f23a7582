import HostContract
import ProvisionCore
import SystemPackage

/// What the contract of a host needs done to the kernel's devices beside steps.
struct KernelContractHardware: ContractHardware {
    func disableRegion(_ device: String) throws { try KernelRegions.disable(device) }

    /// Opens it as a mount would.
    func use(_ namespace: Namespace) throws -> () -> Void {
        guard let device = namespace.blockDevice else { throw Errno.noSuchAddressOrDevice }
        let file = try FileDescriptor.open(FilePath("/dev/\(device)"), .readOnly, options: .exclusiveCreate)
        var isOpen = true
        return {
            if isOpen { try? file.close() }
            isOpen = false
        }
    }
}
