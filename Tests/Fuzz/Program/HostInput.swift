@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Hosts that profiles are applied to.
enum HostInput {
    static func runSimulated(_ input: [UInt8]) {
        do throws(JSONError) {
            let host = try SimulatedHost(json: String(decoding: input, as: UTF8.self))
            guard !host.mayKill else { return }
            guard let observed = try? host.observe() else { return }
            InventoryInput.view(SavedInventory(observed: observed, limits: .none))
            let isSound = !observed.isOverAllocated
            for profile in Samples.profiles { apply(profile, to: host, isSound: isSound) }
            try? host.reboot()
            if isSound, let after = try? host.observe() { Require.isWithinCapacity(after, "after a reboot") }
        } catch {
            Require.printable(error.description)
        }
    }

    /// A profile, a line of three hyphens, and a state file or an inventory.
    static func runPlan(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        guard let mark = text.firstRange(of: "\n---\n"),
            let profile = try? ProfileReader.read(Array(text[..<mark.lowerBound].utf8), source: "input")
        else { return }
        let rest = String(text[mark.upperBound...])
        if let host = try? SimulatedHost(json: rest), !host.mayKill, let observed = try? host.observe() {
            apply(profile, to: host, isSound: !observed.isOverAllocated)
        } else if let inventory = try? SavedInventory.read(Array(rest.utf8)) {
            InventoryInput.plan(profile, inventory)
        }
    }

    /// Applies a profile with every consent. However it ends, a host that was sound stays so, and one that is as the
    /// profile says needs nothing more.
    static func apply(_ profile: Profile, to host: SimulatedHost, isSound: Bool) {
        let application = Application(of: profile, to: host)
        guard let prepared = try? application.prepare() else { return }
        let plan = PlanReport(prepared.plan, of: profile, on: prepared.observed)
        Require.printable(plan.text())
        let consent = Consent(
            allowDestroy: Set(prepared.plan.changes.flatMap { [$0.address, $0.consent].compactMap(\.self) }))
        guard let ending = try? application.carryOut(prepared, consent: consent, recordingIn: nil) else {
            return
        }
        Require.printable(ApplicationReport(ending, plan: plan).text())
        guard isSound, let after = try? host.observe() else { return }
        Require.isWithinCapacity(after, "\(prepared.plan.steps)")
    }
}

extension SimulatedHost {
    /// Whether its state file asks for the end of this process.
    fileprivate var mayKill: Bool { state.fault?.kind == .kill }
}
