import Provision
import ProvisionCore
import ProvisionHost

/// What `daxprov apply --boot` applies: not a profile, but what daxprov made of devices and the kernel forgot.
struct BootApply {
    /// What is to be done; nil where no device is to be anything.
    let restoration: BootRestoration?

    /// Looks what is to be done on a host. Touches nothing.
    init(_ options: HostOptions) throws {
        let host = try options.makeHost()
        try options.requirePrivilege()
        let kept = try CommandFailure.onState { () throws(StateError) in
            try KeptDeviceStore(options.store.directory).kept()
        }
        guard !kept.devices.isEmpty || !kept.damaged.isEmpty else {
            restoration = nil
            return
        }
        restoration = try CommandFailure.translating { () throws(HostError) in
            try BootRestoration(kept, on: try host.observe(), host)
        }
    }

    /// What an apply is given.
    var document: ApplyDocument {
        .profile(restoration?.profile ?? Profile(source: BootRestoration.source, regions: []))
    }

    /// The devices that stay what they are, for programs.
    func describe(in document: borrowing JSONNode) {
        guard let refusals = restoration?.refusals, !refusals.isEmpty else { return }
        document.set("not_restored", each: refusals) { PlanReport.refusal($0) }
    }

    /// Says which devices stay what they are, and fails where there are any.
    func finish() throws {
        guard let refusals = restoration?.refusals, !refusals.isEmpty else { return }
        for refusal in refusals {
            let advice = refusal.advice.map { "; \($0)" } ?? ""
            Console.diagnose(TerminalText.clean("daxprov: \(refusal.address): \(refusal.message)\(advice)"))
        }
        throw Ending(.refused)
    }
}
