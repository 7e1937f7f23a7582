/// Adds to a plan what holds the devices of devdax namespaces that stay as they are.
///
/// A namespace can be as declared and its device of no use: nobody can open a device without a driver. That is refused,
/// unless the profile declares the device. A device that somebody made system memory, or gave to another driver, is noted.
package struct DaxDeviceReview: PlanReview {
    package let observed: Observed
    /// The addresses of the namespaces whose device is as the profile declares it.
    package let settled: Set<String>

    /// The plan with its refusals and notes.
    package func completed(_ plan: Plan) -> Plan {
        let unchanged = Set(plan.unchanged)
        guard !unchanged.isEmpty else { return plan }
        var plan = plan
        for region in observed.regions {
            for namespace in region.namespaces {
                guard let device = namespace.daxDevice, let deviation = device.deviation,
                    let address = namespace.addresses(in: region).first(where: unchanged.contains)
                else { continue }
                let name = namespace.characterDevice ?? "its device"
                if settled.contains(address), device.mode == .systemRAM { continue }
                if device.mode == .disabled {
                    plan.refusals.append(Self.refusal(address, name, device))
                    plan.unchanged.removeAll { $0 == address }
                } else {
                    plan.notes.append(Self.note(address, name, deviation, device))
                }
            }
        }
        return plan
    }

    private static func refusal(_ address: String, _ name: String, _ device: DaxDevice) -> Refusal {
        Refusal(
            .deviceUnusable, address,
            device.isStranded
                ? "\(name) has no driver, and its range is still in use as system memory: nobody can open it"
                : "\(name) has no driver: nobody can open it",
            advice: device.isStranded
                ? DeviceHindrance.reboot
                : "declare `device: {mode: devdax}`, or daxctl enable-device \(name); if that fails, the kernel log (dmesg) says why"
        )
    }

    private static func note(
        _ address: String, _ name: String, _ deviation: String, _ device: DaxDevice
    ) -> Note {
        if device.mode == .devdax {
            return Note(
                .nodeMissing, address, "there is no node /dev/\(name): nobody can open it",
                advice: "mount devtmpfs on /dev, or find out why udev made no node")
        }
        return Note(
            .deviceHeld, address, "\(name) cannot be opened as a device: \(deviation)",
            advice: device.mode == .systemRAM
                ? "declare `device: {mode: devdax}` to make it a device again, or `mode: system-ram` if it is meant to be memory"
                : nil)
    }
}

extension Namespace {
    /// What a plan can call it: by name or UUID on a labelled region, by the region on another.
    fileprivate func addresses(in region: Region) -> [String] {
        guard region.labelling == .labelled else { return [region.device] }
        let names = [name, labelUUID?.description, infoBlockUUID?.description].compactMap(\.self)
        return names.map { "\(region.device)/\($0)" }
    }
}
