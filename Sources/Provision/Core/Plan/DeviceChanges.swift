/// Turns the difference between the device of a devdax namespace and its `device:` into steps.
///
/// A device becomes memory in two steps of very different weight: bound to `kmem` it keeps every byte, and only when its
/// memory blocks come online does the kernel write over them. So consent is asked for there, and nowhere else. Rights of its
/// node change nothing that it holds.
package struct DeviceChanges {
    package let region: Region
    package let declaration: NamespaceDeclaration
    package let address: String
    /// What `--allow-destroy` must name.
    package let consent: String

    private func wanted(insteadOf device: DaxDevice?) -> DeviceUse? {
        declaration.deviceConfiguration?.use(insteadOf: device)
    }

    /// Drafts what the device of a namespace needs that stays as it is: a change, a refusal, or nothing.
    /// - Returns: whether the namespace is unchanged.
    package func keep(_ namespace: Namespace, in draft: inout PlanDraft) -> Bool {
        guard namespace.isActive, namespace.mode == .devdax else { return true }
        let wanted = wanted(insteadOf: namespace.daxDevice)
        guard let wanted, namespace.deviceUse != wanted else {
            if wanted != nil { draft.settledDevices.insert(address) }
            return keepUse(namespace, in: &draft)
        }
        let device = namespace.daxDevice ?? DaxDevice(.devdax)
        // Nothing but a reboot helps such a range: that is said where it is also said of what nothing declares.
        if device.isStranded { return true }
        if let refusal = refusal(to: wanted, device, namespace.targetNode) {
            draft.refusals.append(refusal)
            return false
        }
        let reason = "device \(device.useInWords) becomes \(wanted.text)"
        var after = NamespaceSummary(namespace)
        after.device = wanted == .devdax ? nil : DaxDevice(usedAs: wanted)
        var change = Change(
            address: address, kind: .configureDevice, before: NamespaceSummary(namespace), after: after,
            reasons: [reason], reversibility: .lossless,
            reversibilityReason: wanted.isOnline || device.mode == .systemRAM
                ? "undo brings its memory blocks back as they were"
                : "no memory block of it is online, so its contents stay")
        if wanted.isInKernelsZone, device.use?.isInKernelsZone != true {
            change.reversibility = .irreversible
            change.reversibilityReason = DeviceUse.kernelsZone
        }
        // Of memory that is online in part, the rest holds what somebody wrote.
        let loses =
            wanted.writesToMedia && !(device.memory.map { $0.online > 0 && $0.online == $0.total } ?? false)
        if loses {
            if let outdated = declaration.outdated(by: namespace, address: address) {
                draft.refusals.append(outdated)
                return false
            }
            if declaration.isProtected {
                draft.refusals.append(protected(reason, namespace.labelUUID))
                return false
            }
            change.reversibility = .irreversible
            change.reversibilityReason = wanted.isOnline ? DeviceUse.onlineLoss : DeviceUse.pageMapLoss
            change.consent = consent
        }
        let index = draft.add(change)
        let target = NamespaceTarget(namespace, region: region.device)
        draft.add(.configureDevice(target, wanted), of: index, in: .device)
        if let rights = newRights(of: namespace, in: &draft) {
            draft.describe(index, rights: rights, reason: rights.reason(insteadOf: namespace.rights))
            draft.add(.setRights(target, rights), of: index, in: .device)
        }
        return false
    }

    /// Drafts what the rights of a device need that is used as it should be.
    private func keepUse(_ namespace: Namespace, in draft: inout PlanDraft) -> Bool {
        let refusals = draft.refusals.count
        guard let rights = newRights(of: namespace, in: &draft) else {
            return draft.refusals.count == refusals
        }
        var after = NamespaceSummary(namespace)
        after.rights = rights
        let index = draft.add(
            Change(
                address: address, kind: .configureDevice, before: NamespaceSummary(namespace), after: after,
                reasons: [rights.reason(insteadOf: namespace.rights)], reversibility: .lossless,
                reversibilityReason: "undo gives it the rights that it has now"))
        draft.add(
            .setRights(NamespaceTarget(namespace, region: region.device), rights), of: index, in: .device)
        return false
    }

    /// The rights that the device is to get; nil where it has them, or where they are nobody's business: none are declared,
    /// and none were given.
    private func newRights(of namespace: Namespace, in draft: inout PlanDraft) -> DeviceRights? {
        let declared = declaration.deviceConfiguration?.rights
        guard declared != nil || namespace.rights.rule != nil else { return nil }
        let wanted = DeviceRights(declared: declared)
        guard namespace.rights != wanted else { return nil }
        // The rule finds the device by it.
        guard namespace.infoBlockUUID != nil else {
            draft.refusals.append(
                refuse(
                    "the UUID of its info block is not known, by which a udev rule finds its device",
                    "run it as root"))
            return nil
        }
        return wanted
    }

    /// Adds to a change that makes or changes a namespace, or brings one online, what its device needs then.
    /// - Parameter given: the rule that gives its device rights now, and stays without this; nil where none does.
    package func follow(
        _ change: Int, of target: NamespaceTarget, given: NodeRights? = nil, in draft: inout PlanDraft
    ) {
        followRights(change, of: target, given, in: &draft)
        guard let wanted = wanted(insteadOf: nil), wanted != .devdax else { return }
        if let refusal = refusal(to: wanted, nil, region.targetNode) {
            draft.refusals.append(refusal)
            return
        }
        let reason = "its device becomes \(wanted.text)"
        switch draft.changes[change].kind {
        // A namespace that is written over is said to be lost, whatever its device becomes.
        case .create: if wanted.isInKernelsZone { draft.mayStay(change, because: DeviceUse.kernelsZone) }
        case .replace, .reconfigure: break
        case .rename, .enable, .initializeLabels, .destroy, .configureDevice, .resizeDevice:
            guard wanted.writesToMedia else { break }
            if declaration.isProtected {
                draft.refusals.append(protected(reason, target.labelUUID))
                return
            }
            draft.lose(
                change, reason: reason,
                because: wanted.isOnline ? DeviceUse.onlineLoss : DeviceUse.pageMapLoss, consent: consent)
        }
        draft.describe(change, device: DaxDevice(usedAs: wanted))
        draft.add(.configureDevice(target, wanted), of: change, in: .device)
    }

    /// A new node is root's alone until udev comes to it.
    private func followRights(
        _ change: Int, of target: NamespaceTarget, _ given: NodeRights?, in draft: inout PlanDraft
    ) {
        let declared = declaration.deviceConfiguration?.rights
        guard declared != nil || given != nil else { return }
        let rights = DeviceRights(declared: declared)
        draft.describe(change, rights: rights, reason: "its device node gets \(rights.text)")
        draft.add(.setRights(target, rights), of: change, in: .device)
    }

    private func refusal(to wanted: DeviceUse, _ device: DaxDevice?, _ node: Int?) -> Refusal? {
        if let device, device.mode == .other {
            return refuse(
                "its device \(DeviceHindrance.heldBy(device.driver))",
                "take it from that driver first, or leave out device:")
        }
        if wanted != .devdax, let device, device.mode == .systemRAM, device.memory == nil {
            return Refusal(
                .notListed, address, at: declaration.position,
                "which of its memory blocks are online is not known", advice: "run it as root")
        }
        if wanted != .devdax, node == nil {
            return refuse(
                "\(DeviceHindrance.hasNoNode("it")), and the kernel makes no memory of such a device",
                "see whether the firmware describes it (the tables SRAT and NFIT)")
        }
        return nil
    }

    private func protected(_ reason: String, _ label: UUID?) -> Refusal {
        declaration.protectedRefusal(address, [reason], label: label)
    }

    private func refuse(_ message: String, _ advice: String) -> Refusal {
        Refusal(.deviceUnusable, address, at: declaration.position, message, advice: advice)
    }
}
