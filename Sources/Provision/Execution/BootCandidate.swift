import ProvisionCore
import ProvisionHost

/// A kept device with its namespace.
struct BootCandidate {
    let kept: KeptDevice
    let region: Region
    let namespace: Namespace

    /// The device with the namespace that it is known by; nil where there is none.
    init?(_ device: KeptDevice, on observed: Observed) {
        for region in observed.regions {
            guard let found = region.namespaces.first(where: { $0.keptKey == device.key }) else { continue }
            (kept, self.region, namespace) = (device, region, found)
            return
        }
        return nil
    }

    private var isLabelled: Bool { region.labelling == .labelled }

    var target: NamespaceTarget { NamespaceTarget(namespace, region: region.device) }

    /// What a plan calls it, and asks for consent to.
    var address: String { isLabelled ? "\(region.device)/\(declaration.displayName)" : region.device }

    /// Whether it is already what it was.
    var isRight: Bool { namespace.deviceUse == kept.use }

    /// Why it stays as it is, though its page map was elsewhere: memory in the kernel's zone does not go offline as a rule, and trying would
    /// take back what else is restored with it.
    var isStuck: Refusal? {
        guard case .systemRAM(.kernel, true) = kept.use, namespace.deviceUse == .systemRAM(.kernel) else {
            return nil
        }
        return Refusal(
            .deviceUnusable, address,
            "it came online in the kernel's zone with its page map elsewhere than before, and the kernel does not give that back",
            advice: "keep others from bringing it online at a boot")
    }

    /// Whether its memory comes online over what lies there, and that is not the kernel's already.
    var isToBeWrittenOver: Bool {
        let memory = namespace.daxDevice?.mode == .systemRAM ? namespace.daxDevice?.memory : nil
        return !isRight && kept.use.writesToMedia
            && !(memory.map { $0.online > 0 && $0.online == $0.total } ?? false)
    }

    /// Why it is not the namespace that it was; nil where it is.
    var change: Refusal? {
        if isRight { return nil }
        var changes: [String] = []
        if namespace.rawSize != kept.rawSize {
            changes.append("has \(namespace.rawSize), and had \(kept.rawSize)")
        }
        if !namespace.isActive {
            changes.append("is disabled")
        } else {
            if namespace.mode != .devdax {
                changes.append("is \(namespace.mode?.rawValue ?? "of no known mode")")
            }
            if namespace.infoBlockUUID != kept.infoBlock { changes.append("was made anew since") }
        }
        guard !changes.isEmpty else { return nil }
        return Refusal(
            .hostChanged, address,
            "its device was memory before the boot, and it \(changes.joined(separator: ", "))",
            advice: advice("apply the profile that says what it is to be"))
    }

    /// Why it is not known that its bytes are nobody's; nil where it is, and where they stay.
    func doubt(_ host: any RestoringHost) -> Refusal? {
        guard isToBeWrittenOver else { return nil }
        guard let margins = kept.margins else {
            return doubted(
                "nothing lies outside its memory blocks, or was looked at there, that could tell whether somebody has written to it "
                    + "since", "if its bytes may go")
        }
        let now: MemoryMargins?
        do throws(OperationError) {
            now = try host.memoryMargins(of: target)
        } catch {
            return doubted("cannot be looked at: \(error.reason)", "if its bytes may go")
        }
        guard now != margins else { return nil }
        return now == nil
            ? doubted("has another driver, or none, and cannot be looked at", "if its bytes may go")
            : doubted(
                "holds something else outside its memory blocks: somebody has written to it since, or the blocks lie elsewhere",
                "look at what it holds; if that may go")
    }

    private func doubted(_ reason: String, _ condition: String) -> Refusal {
        Refusal(
            .consentMissing, address, "its device was memory before the boot, and \(reason)",
            advice: advice(condition))
    }

    private func advice(_ condition: String) -> String {
        let word = isLabelled ? declaration.displayName : region.device
        return "\(condition): daxprov apply PROFILE --allow-destroy \(ShellText.quoted(word))"
    }

    var declaration: NamespaceDeclaration {
        NamespaceDeclaration(
            name: isLabelled ? namespace.name.flatMap { NamespaceName($0) } : nil, uuid: kept.key,
            mode: .devdax, size: isLabelled ? .raw(namespace.rawSize) : .remaining(divisor: 1),
            align: namespace.align.flatMap { Alignment($0) }, map: namespace.map,
            deviceConfiguration: DeviceConfiguration(use: kept.use))
    }
}
