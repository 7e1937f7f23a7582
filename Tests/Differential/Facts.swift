import Provision
import ProvisionCore

/// What must be equal on both hosts, as lines of text: everything but UUIDs, which are drawn at random.
enum Facts {
    /// The facts of a bus.
    static func lines(_ bus: Bus) -> [String] {
        bus.dimms.map(line)
            + bus.regions.flatMap { region in
                lines(region) + region.namespaces.map { "\(region.device)/" + line($0) }
            }
    }

    /// The facts of a plan about the regions of a bus.
    static func lines(_ plan: Plan, bus: Bus) -> [String] {
        plan.changes.map(line) + plan.steps.map { "step of \($0.change): " + line($0.step) }
            + plan.unchanged.map { "unchanged \($0)" }
            + plan.unmanaged.filter { unmanaged in
                bus.regions.contains { unmanaged.address.hasPrefix("\($0.device)/") }
            }.map { "unmanaged \(line($0.summary))" }
            + plan.refusals.map { "refusal \($0.code.rawValue) \($0.message)" }
    }

    /// The facts of how an application ended.
    static func lines(_ ending: Application.Ending) -> [String] {
        switch ending {
        case .unchanged: ["unchanged"]
        case .refused(let refusals): refusals.map { "refused \($0.code.rawValue)" }
        case .stale(let differences): differences.map { "STALE \($0.address): \($0.message)" }
        case .applied(let done, _), .unproven(let done, _): done.map { "done \(line($0))" }
        case .incomplete(_, let remaining): ["INCOMPLETE"] + remaining.steps.map { line($0.step) }
        case .unconfirmed(_, let error): ["UNCONFIRMED \(error)"]
        case .undone(let step, let error, _): ["UNDONE \(line(step)): \(error)"]
        case .partial(_, let step, let error, let undo): ["PARTIAL \(line(step)): \(error); \(undo)"]
        }
    }

    /// Why a step failed, in each host's own words.
    static func reason(_ result: Result<Namespace?, OperationError>) -> String {
        switch result {
        case .success: "done"
        case .failure(let error): "\(error)"
        }
    }

    /// The facts of a step's result.
    static func lines(_ result: Result<Namespace?, OperationError>) -> [String] {
        switch result {
        case .success(let namespace): ["done: \(namespace.map(line) ?? "nothing")"]
        case .failure(let error):
            ["failed: \(error.kind.word), undo failures \(error.undoFailures.count)"]
        }
    }

    /// A step, without UUIDs.
    static func line(_ step: Step) -> String {
        switch step {
        case .initializeLabels(let region): "initialize labels \(region)"
        case .disable(let target): "disable \(line(target))"
        case .destroy(let target): "destroy \(line(target))"
        case .create(let placement):
            "create in \(placement.region) \(line(placement.layout)) at \(hexadecimal(placement.resource)) "
                + "usable \(placement.usableSize)"
        case .reconfigure(let target, let layout): "reconfigure \(line(target)) as \(line(layout))"
        case .rename(let target, let name): "rename \(line(target)) \(name)"
        case .enable(let target): "enable \(line(target))"
        case .configureDevice(let target, let use): "device \(line(target)) \(use.text)"
        case .setRights(let target, let rights): "rights \(line(target)) \(rights.text)"
        case .zero(let target): "zero \(line(target))"
        case .setDevice(let transition): "device \(transition.name) \(transition.after?.text ?? "gone")"
        }
    }
}

extension Facts {
    private static func line(_ dimm: Dimm) -> String {
        let area = dimm.labelArea
        return "\(dimm.device): enabled \(dimm.isEnabled), labels \(area?.version?.rawValue ?? "none"), "
            + "slots \(area?.slots ?? -1), available \(area?.availableSlots ?? -1)"
    }

    private static func lines(_ region: Region) -> [String] {
        let gaps = ExtentMap(of: region)?.gaps.map { "\($0.offset)+\($0.length)" }.joined(separator: " ")
        let capabilities = region.capabilities.map { capability in
            "\(capability.mode) \(capability.alignments.sorted()) \(capability.sectorSizes.sorted())"
        }
        return [
            "\(region.device): size \(region.size), align \(region.align ?? .zero), "
                + "at \(hexadecimal(region.resource)), enabled \(region.isEnabled), "
                + "read-only \(region.isReadOnly), \(region.labelling)",
            "\(region.device): available \(region.availableSize), "
                + "largest \(region.maxAvailableExtent?.description ?? "unknown")",
            "\(region.device): gaps \(gaps ?? "unknown")",
            "\(region.device): seed \(region.namespaceSeed ?? "none")",
            "\(region.device): \(capabilities.sorted().joined(separator: "; "))",
        ]
    }

    private static func line(_ namespace: Namespace) -> String {
        func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "-" }
        let identity = [
            namespace.device, text(namespace.name), hexadecimal(namespace.resource),
            "size \(namespace.rawSize)",
            "extents \(text(namespace.extents))", namespace.isActive ? "active" : "inactive",
            namespace.labelUUID == nil ? "no label" : "label",
        ]
        let mode = [
            text(namespace.mode?.rawValue), "recorded \(text(namespace.recordedMode?.rawValue))",
            "usable \(text(namespace.usableSize))", "map \(text(namespace.map?.rawValue))",
            "align \(text(namespace.align))", "sector \(text(namespace.sectorSize))",
            namespace.infoBlockUUID == nil ? "no info block" : "info block",
            text(namespace.blockDevice), text(namespace.characterDevice),
            "nodes \(text(namespace.numaNode)) \(text(namespace.targetNode))",
            "bad \(namespace.badBlocks.count)",
        ]
        return (identity + mode).joined(separator: ", ")
    }

    private static func line(_ change: Change) -> String {
        "\(change.kind.rawValue) \(change.address): \(change.before.map(line) ?? "-") -> "
            + "\(change.after.map(line) ?? "-") (\(change.reasons.joined(separator: ", "))) "
            + "\(change.reversibility)"
    }

    private static func line(_ summary: NamespaceSummary) -> String {
        func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "-" }
        return [
            text(summary.name), text(summary.mode?.rawValue), "size \(summary.rawSize)",
            "usable \(text(summary.usableSize))", "map \(text(summary.map?.rawValue))",
            "align \(text(summary.align))", "sector \(text(summary.sectorSize))",
            hexadecimal(summary.resource), summary.isActive ? "active" : "inactive",
        ].joined(separator: ", ")
    }

    private static func line(_ target: NamespaceTarget) -> String {
        "\(target.region) \(target.device) \(target.rawSize) at \(hexadecimal(target.resource))"
    }

    private static func line(_ layout: Layout) -> String {
        func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "-" }
        return "\(text(layout.name)) \(layout.mode.rawValue) map \(text(layout.map?.rawValue)) "
            + "align \(text(layout.align)) sector \(text(layout.sectorSize)) size \(layout.rawSize)"
    }

    private static func hexadecimal(_ address: UInt64?) -> String {
        address.map { "0x" + String($0, radix: 16) } ?? "-"
    }
}
