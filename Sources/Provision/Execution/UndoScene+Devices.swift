import ProvisionCore
import ProvisionHost

/// The devices of devdax namespaces: what is memory is taken back before its namespace goes, and a device becomes again what it was.
///
/// The kernel forgets drivers at a boot, so after one there is nothing to be undone: the host would be like this without the
/// transaction as well.
extension UndoScene {
    var isSameBoot: Bool { log.header.began(inBoot: host.bootID) }

    /// What making devices memory again gives up: what was written to them as devices.
    func lossesOfDevices() -> [Loss] {
        guard isSameBoot else { return [] }
        return plan.devices.compactMap { device in
            let now = regions[device.region]?.namespace(as: device.was)
            return now.flatMap { Self.loss(of: $0, by: device) }
        }
    }

    /// What makes memory of anything but memory writes over what somebody may have written: also to a device that has no
    /// driver any more.
    static func loss(of now: Namespace, by device: UndoPlan.Device) -> Loss? {
        guard device.use?.writesToMedia == true, now.isActive, now.daxDevice?.mode != .systemRAM else {
            return nil
        }
        return Loss(now, in: device.region, consequence: becomesMemory)
    }

    /// What becoming memory again gives up.
    static let becomesMemory = "would become system memory again, which writes over what it holds as a device"

    /// Takes back what is memory, so that its namespace can be looked at, changed or removed.
    func release(_ namespace: Namespace, in region: String) throws(OperationError) {
        guard namespace.isActive, namespace.daxDevice?.mode == .systemRAM else { return }
        let target = NamespaceTarget(namespace, region: region)
        _ = try host.perform(.configureDevice(target, .devdax), identity: .none)
    }

    /// Makes the devices of namespaces that stay again what they were.
    mutating func returnDevices(recording: inout Recording) throws(OperationError) {
        guard isSameBoot else { return }
        // Each has a namespace of its own: one look at the host is enough for all.
        let observed = plan.devices.isEmpty ? nil : try rollback.observe()
        for device in plan.devices {
            let now = observed?.region(device.region)?.namespace(as: device.was)
            guard let now, now.isActive, now.daxDevice != device.was.daxDevice else { continue }
            guard let use = device.use else {
                left.append(
                    "\(device.was.displayName): its device stays as it is; before, it was \(device.was.daxDevice?.deviation ?? "a device")"
                )
                continue
            }
            guard now.deviceUse != use else { continue }
            try rollback.pause()
            rollback.progress(.undoes("make the device of \(device.was.displayName) \(use.text) again"))
            if use == .devdax, now.isKernelsMemory, !wasToBeWrittenOver(device.was) {
                left.append(
                    "\(device.was.displayName): another program brought its memory online, so that the kernel wrote over some of what it held"
                )
            }
            // It can have become a device, and been written to, since it was looked at.
            try requireConsent(to: [Self.loss(of: now, by: device)].compactMap(\.self))
            let target = NamespaceTarget(now, region: device.region)
            let step = Step.configureDevice(target, use)
            let margins = host.memoryMargins(before: step)
            let back = try recording.perform(step, on: host)
            // Where only its blocks went offline, what lies outside them was looked at before.
            let earlier = log.kept.first { $0.key == now.keptKey }?.margins
            try keep(
                back, in: observed?.identity(of: device.region),
                now.daxDevice?.mode == .systemRAM ? earlier : margins)
        }
    }

    /// Whether a step was to write over what a namespace's device held: that was agreed to.
    private func wasToBeWrittenOver(_ was: Namespace) -> Bool {
        log.begun.keys.contains { number in
            let step = log.header.steps[number]
            return step.device == was.device && step.kind.effects.contains(.changesDevice)
                && step.reversibility != .lossless
        }
    }

    /// What is memory again is to be that after a boot as well.
    private func keep(
        _ back: Namespace?, in region: RegionIdentity?, _ margins: MemoryMargins?
    ) throws(OperationError) {
        guard let back else { return }
        try KeptDevices(rollback.store).keep(back, in: region, margins: margins)
    }

    /// Gives the kernel its policy for new memory blocks back, where a step that died had changed it.
    func returnMemoryPolicy() throws(OperationError) {
        guard isSameBoot, let policy = log.memoryPolicy, host.memoryPolicy == "offline" else { return }
        try host.setMemoryPolicy(policy)
    }
}

extension Namespace {
    /// Whether memory blocks of it are online, so that what lies there is the kernel's. As long as none is, it is whatever
    /// somebody wrote before it became memory.
    var isKernelsMemory: Bool { daxDevice?.mode == .systemRAM && (daxDevice?.memory?.online ?? 0) > 0 }
}
