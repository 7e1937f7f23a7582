import Provision
import ProvisionCore
import ProvisionHost

/// What `daxprov apply --boot` applies: not a profile, but what daxprov made of devices and the kernel forgot.
struct BootApply {
    /// What is to be done.
    let restoration: BootRestoration
    /// Whether any device is to be anything.
    let isEmpty: Bool

    /// Looks what is to be done on a host. Touches nothing.
    init(_ options: HostOptions, _ host: any RestoringHost) throws {
        let kept = try CommandFailure.translating { () throws(OperationError) in
            try KeptDeviceStore(options.store.directory).kept()
        }
        let divisions = try CommandFailure.translating { () throws(OperationError) in
            try DaxRegionStore(options.store.directory).found()
        }
        let keepsNothing =
            kept.devices.isEmpty && kept.damaged.isEmpty && divisions.records.isEmpty
            && divisions.damaged.isEmpty
        isEmpty = keepsNothing
        restoration = try CommandFailure.translating { () throws(OperationError) in
            try BootRestoration(
                kept, divisions, on: keepsNothing ? Observed(buses: []) : try host.observe(), host)
        }
    }

    /// The devices that stay what they are, for programs.
    func describe(in document: inout JSONValue) {
        guard !restoration.refusals.isEmpty else { return }
        document.set("not_restored", each: restoration.refusals) { PlanReport.refusal($0) }
    }

    /// Says which devices stay what they are.
    func tell() {
        for refusal in restoration.refusals {
            let advice = refusal.advice.map { "; \($0)" } ?? ""
            Console.diagnose(TerminalText.clean("daxprov: \(refusal.address): \(refusal.message)\(advice)"))
        }
    }

    /// What the program exits with, where the rest ended so.
    func status(_ status: ExitStatus) -> ExitStatus {
        status == .done && !restoration.refusals.isEmpty ? .refused : status
    }
}
