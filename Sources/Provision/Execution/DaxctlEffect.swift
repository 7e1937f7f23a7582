public import ProvisionCore

/// What a section of daxctl's files comes to on a host, beside what daxprov does there.
public struct DaxctlEffect: Equatable, Sendable {
    /// The kind of it.
    public enum Kind: String, CaseIterable, Sendable {
        /// Nothing comes of it.
        case none
        /// daxctl does what it says when the device appears.
        case acts
        /// daxctl does what daxprov does as well.
        case agrees
        /// daxctl makes something else of the device than daxprov does.
        case competes
    }

    /// The section.
    public var section: DaxctlConf.Section
    /// What it comes to.
    public var kind: Kind
    /// Why, in words.
    public var message: String

    /// What the sections come to.
    /// - Parameters:
    ///   - kept: what daxprov makes memory after a boot.
    ///   - observed: the host; nil where it was not looked at.
    public static func all(_ agents: MemoryAgents, kept: [KeptDevice], on observed: Observed?)
        -> [DaxctlEffect]
    {
        agents.daxctl.sections.map { section in
            let (kind, message) = effect(of: section, agents.reading, kept, observed)
            return DaxctlEffect(section: section, kind: kind, message: message)
        }
    }

    private static func effect(
        of section: DaxctlConf.Section, _ reading: DaxctlReading, _ kept: [KeptDevice], _ observed: Observed?
    ) -> (Kind, String) {
        let use: DeviceUse
        switch section.request {
        case .nothing(let reason): return (.none, "no effect, because \(reason)")
        case .use(let asked): use = asked
        }
        guard reading.hasEffect else { return (.none, "no effect, because \(reading.reason)") }
        if let device = kept.first(where: { $0.infoBlock == section.uuid }) {
            if device.use == use { return (.agrees, "daxctl and daxprov do the same: \(reading.reason)") }
            return (
                .competes,
                "daxctl competes with daxprov: \(reading.reason). \(winner(device, after: use))"
            )
        }
        if let observed, observed.isWithoutDevdax(section.uuid) {
            return (.none, "no effect, because no devdax namespace has this UUID")
        }
        return (.acts, "daxctl does it at a boot: \(reading.reason)")
    }
}

extension DaxctlEffect {
    /// Who wins after a boot (``BootRestoration``). udev starts daxctl's unit and does not wait for it: nothing orders the two.
    fileprivate static func winner(_ device: KeptDevice, after use: DeviceUse) -> String {
        // Bytes that the kernel is about to write over are compared first, through the device, which is not there then.
        if use.isSystemRAM, !use.isOnline {
            return
                "After a boot the memory of \(device.displayName) is offline, and daxprov apply --boot leaves it so, since it "
                + "cannot look at its bytes: daxctl wins"
        }
        // Pages of the kernel's own do not move, so its blocks may not go offline.
        let condition =
            use == .systemRAM(.kernel) ? ", if the kernel gives back what came online in its own zone" : ""
        return
            "After a boot daxprov apply --boot makes \(device.displayName) \(device.use.text): daxprov wins\(condition)"
            + ". Where daxctl is at work meanwhile, it fails and says so"
    }
}

extension Observed {
    /// Whether no devdax namespace has an info block of this UUID. Disabled ones do not show theirs.
    fileprivate func isWithoutDevdax(_ uuid: UUID?) -> Bool {
        let namespaces = regions.flatMap(\.namespaces)
        return regions.allSatisfy(\.isEnabled) && namespaces.allSatisfy(\.isActive)
            && !namespaces.contains { $0.mode == .devdax && $0.infoBlockUUID == uuid }
    }
}
