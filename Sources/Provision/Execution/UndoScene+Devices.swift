import ProvisionCore
import ProvisionHost

/// The devices of devdax namespaces: what is memory is taken back before its namespace goes, and a device becomes again what it was.
///
/// The kernel forgets drivers at a boot, so after one there is nothing to be undone: the host would be like this without the
/// transaction as well.
extension UndoScene {
    private var isSameBoot: Bool { log.header.bootID != nil && log.header.bootID == host.bootID }

    /// What making devices memory again gives up: what was written to them as devices.
    func lossesOfDevices() throws(ExecutionError) -> [Loss] {
        guard isSameBoot else { return [] }
        return plan.devices.compactMap { device in
            guard let use = device.use, use.isOnline, let now = current(device), now.deviceUse == .devdax
            else { return nil }
            return Loss(
                now, in: device.region,
                consequence: "would become system memory again, which writes over what it holds as a device")
        }
    }

    /// Takes back what is memory, so that its namespace can be changed or removed. Nobody's data lies there.
    func release(_ namespace: Namespace, in region: String) throws(ExecutionError) {
        guard namespace.isActive, namespace.daxDevice?.mode == .systemRAM else { return }
        let target = NamespaceTarget(namespace, region: region)
        _ = try rollback.onHost { () throws(HostError) in
            try host.perform(.configureDevice(target, .devdax), identity: .none)
        }
    }

    /// Makes the devices of namespaces that stay again what they were.
    mutating func returnDevices() throws(ExecutionError) {
        guard isSameBoot else { return }
        for device in plan.devices {
            let now = try rollback.observe().region(device.region)?.namespaces.first {
                $0.isSame(as: device.was)
            }
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
            let target = NamespaceTarget(now, region: device.region)
            _ = try rollback.onHost { () throws(HostError) in
                try host.perform(.configureDevice(target, use), identity: .none)
            }
        }
    }

    /// Gives the kernel its policy for new memory blocks back, where a step that died had changed it.
    func returnMemoryPolicy() throws(ExecutionError) {
        guard isSameBoot, let policy = log.memoryPolicy, host.memoryPolicy == "offline" else { return }
        try rollback.onHost { () throws(HostError) in try host.setMemoryPolicy(policy) }
    }

    private func current(_ device: UndoPlan.Device) -> Namespace? {
        regions[device.region]?.namespaces.first { $0.isSame(as: device.was) }
    }
}
