public import ProvisionCore
import ProvisionHost

/// What an apply after a boot does: it applies no profile, but puts back what daxprov made of devices and the kernel forgot.
public struct BootWork {
    /// Why devices stay what they are; empty where none does.
    public var refusals: [Refusal] { restoration.refusals }
    /// Whether no device is to be anything.
    public let isEmpty: Bool

    let restoration: BootRestoration

    /// Looks what is to be done on a host. Touches nothing.
    /// - Parameter marks: the marks of protected namespaces.
    init(
        _ store: TransactionStore, marks: [ProtectionMark], _ host: any RestoringHost
    ) throws(OperationError) {
        let kept = try KeptDeviceStore(store.directory).kept()
        let divisions = try DaxRegionStore(store.directory).found()
        isEmpty =
            kept.devices.isEmpty && kept.damaged.isEmpty && divisions.records.isEmpty
            && divisions.damaged.isEmpty
        restoration = try BootRestoration(
            kept, divisions, marks: marks, on: isEmpty ? Observed(buses: []) : try host.observe(), host)
    }

    /// The devices that stay what they are, for programs.
    public func describe(in document: inout JSONValue) {
        guard !refusals.isEmpty else { return }
        document.set("not_restored", each: refusals) { PlanReport.refusal($0) }
    }
}
