/// Whether namespaces can be wiped, and what that destroys. All rules of it are here.
public struct WipeReview: Sendable {
    /// Why they cannot; empty where they can, consent aside.
    public private(set) var refusals: [Refusal] = []
    /// What has to be agreed to by name.
    public private(set) var losses: [Loss] = []

    /// Reviews wipes.
    /// - Parameters:
    ///   - observed: the host that the targets are on.
    ///   - findings: who uses the active ones, and what they hold.
    ///   - marks: the namespaces that are protected.
    public init(
        of targets: [WipeTarget], on observed: Observed, findings: UseReport, marks: [ProtectionMark]
    ) {
        let protection = Protection(marks, on: observed)
        for target in targets {
            if let refusal = Self.refusal(of: target, findings, protection) {
                refusals.append(refusal)
            } else {
                losses.append(Self.loss(of: target, findings))
            }
        }
    }

    private static func refusal(
        of target: WipeTarget, _ findings: UseReport, _ protection: Protection
    ) -> Refusal? {
        let (namespace, address) = (target.namespace, target.address)
        if let mark = protection.mark(of: namespace.labelUUID, in: target.region) {
            return mark.refusal(address)
        }
        if target.isReadOnly {
            return Refusal(.regionReadOnly, address, "the region is read-only")
        }
        guard namespace.isActive, let mode = namespace.mode, target.size > .zero else {
            return Refusal(
                .namespaceDisabled, address, "it is disabled, so it has no device that could be zeroed",
                advice: "enable it first: ndctl enable-namespace \(namespace.device), or apply a profile")
        }
        if let device = namespace.daxDevice, device.mode != .devdax || device.isStranded {
            let isMemory = device.mode == .systemRAM || device.isStranded
            return Refusal(
                isMemory ? .systemMemory : .deviceUnusable, address,
                isMemory
                    ? "its device is system memory" : "no driver has its device",
                advice: isMemory
                    ? "declare its device as devdax and apply that first"
                    : "see daxprov inventory, and load device_dax: modprobe device_dax")
        }
        if let uses = findings.uses[namespace.device], !uses.isEmpty {
            return UseReview.note(address, uses).refusal
        }
        guard mode == .devdax else { return nil }
        if EmulatedMemory.isProvided(by: target.provider) {
            return Refusal(
                .notSupported, address, EmulatedMemory.unmappable("the memory of \(target.provider)"))
        }
        guard namespace.badBlocks.isEmpty else {
            let count = namespace.badBlocks.reduce(0) { $0 + Int($1.length) }
            return Refusal(
                .mediaErrors, address,
                "\(count) sectors of 512 B have media errors, and stores to a devdax device do not clear them",
                advice: "clear them first (daxprov errors clear), and wipe it then")
        }
        return nil
    }

    private static func loss(of target: WipeTarget, _ findings: UseReport) -> Loss {
        let contents = findings.contents[target.namespace.device] ?? []
        let held = contents.isEmpty ? "" : " (\(contents.map(\.description).joined(separator: "; ")))"
        let what = target.scope == .all ? "" : " at its first and last MiB"
        return Loss(
            target.namespace, in: target.region,
            consequence: "would be zeroed\(what) with what it holds\(held)")
    }
}
