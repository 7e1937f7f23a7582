/// Adds to a plan what the kernel uses of its ranges as its own memory.
///
/// A device that was system memory and was unbound while memory blocks were online leaves its range in use until a
/// reboot. Its namespace can be destroyed all the same, and another be created there; no driver ever binds to that one's
/// device, and what is written to the range by another way is the kernel's memory.
package struct SystemMemoryReview: PlanReview {
    package let findings: UseReport

    /// The plan with a refusal for every change that touches such a range, once for each.
    package func completed(_ plan: Plan) -> Plan {
        guard !findings.systemMemory.isEmpty else { return plan }
        var plan = plan
        let bound = plan.steps.compactMap { planned -> Range<UInt64>? in
            guard let target = planned.step.target, isBound(target) else { return nil }
            return target.range
        }
        var refused: Set<Int> = []
        for planned in plan.steps {
            guard let range = planned.step.range,
                let memory = findings.systemMemory.first(where: { $0.overlaps(range) }),
                !bound.contains(where: { $0.overlaps(memory) }), refused.insert(planned.change).inserted
            else { continue }
            plan.refusals.append(Self.refusal(plan.changes[planned.change].address, memory))
        }
        return plan
    }

    /// Whether the namespace's device is still held as system memory: then daxctl gives the range back, and the use of the
    /// device says how.
    private func isBound(_ target: NamespaceTarget) -> Bool {
        findings.uses[target.device]?.contains { $0.kind == .systemMemory } ?? false
    }

    private static func refusal(_ address: String, _ memory: Range<UInt64>) -> Refusal {
        let (start, last) = (String(memory.lowerBound, radix: 16), String(memory.upperBound - 1, radix: 16))
        return Refusal(
            .systemMemory, address,
            "0x\(start) to 0x\(last) \(DeviceHindrance.heldByNoDevice) (/proc/iomem)",
            advice: DeviceHindrance.reboot)
    }
}

extension Step {
    /// The physical addresses that the step works on; nil where it works on no namespace, or where they are not known.
    fileprivate var range: Range<UInt64>? {
        if case .create(let placement) = self {
            return placement.resource.map { $0..<($0 + placement.layout.rawSize.bytes) }
        }
        return target?.range
    }
}

extension NamespaceTarget {
    /// The physical addresses that the namespace takes; nil where they are not known.
    fileprivate var range: Range<UInt64>? { resource.map { $0..<($0 + rawSize.bytes) } }
}
