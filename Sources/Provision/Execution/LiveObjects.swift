import ProvisionCore
import ProvisionHost

/// What the namespaces that steps act on are expected to be: as observed, and then as each step left them.
///
/// Other tools (ndctl, daxctl, udev) take no lock of ours. So each step looks at its own target once more right before
/// anything is recorded or done, and what somebody else made of it is never undone as if it were ours.
struct LiveObjects {
    private var expected: [String: Namespace] = [:]

    /// What an observation shows.
    init(_ observed: Observed) {
        for region in observed.regions {
            for namespace in region.namespaces { expected[namespace.device] = namespace }
        }
    }

    /// The step with its target as the steps before left it: what they made has its kernel name and its label only since then.
    func resolved(_ step: Step) -> Step {
        guard step.kind.followsCreation, let target = step.target else { return step }
        let isOfAnyMode = !step.kind.actsOnDaxDevice
        let found =
            expected[target.device]
            ?? expected.values.first { namespace in
                namespace.rawSize == target.rawSize && namespace.resource == target.resource
                    && namespace.isActive && (isOfAnyMode || namespace.mode == .devdax)
            }
        guard let found else { return step }
        return step.retargeted { NamespaceTarget(found, region: $0.region) }
    }

    /// Throws ``OperationError/Kind/changed`` where the target of a step is not what it was when it was last looked at.
    func check(_ step: Step, on host: any Host) throws(OperationError) {
        if let transition = step.transition { return try Self.check(transition, on: host) }
        guard let target = step.target, let known = expected[target.device] else { return }
        guard let current = try host.current(target) else {
            throw Self.changed(target, "it is gone")
        }
        let now = ObjectFingerprint(current, in: target.region)
        let differences = ObjectFingerprint(known, in: target.region).differences(to: now)
        guard differences.isEmpty else { throw Self.changed(target, differences.joined(separator: "; ")) }
    }

    private static func check(_ transition: DeviceTransition, on host: any Host) throws(OperationError) {
        let region = try host.daxRegion(transition.region)
        let obstacle =
            region.map { transition.obstacle(in: $0) } ?? "the region \(transition.region) is not there"
        guard let obstacle else { return }
        throw OperationError(
            .changed, while: "go on with \(transition.address)", device: transition.regionName,
            reason: "another tool changed it meanwhile: \(obstacle)",
            advice: "find out what changed it, and plan again")
    }

    /// Takes over what a step left.
    mutating func note(_ step: Step, _ result: Namespace?) {
        if let target = step.target { expected[target.device] = nil }
        if let result { expected[result.device] = result }
    }

    private static func changed(_ target: NamespaceTarget, _ difference: String) -> OperationError {
        OperationError(
            .changed, while: "go on with \(target.displayName)", device: target.device,
            reason: "another tool changed it meanwhile: \(difference)",
            advice: "find out what changed it, and plan again")
    }
}
