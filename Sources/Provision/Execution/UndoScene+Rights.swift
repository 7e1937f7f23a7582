import ProvisionCore
import ProvisionHost

/// The rights of device nodes: given back last, to the namespaces that are there again. They say who may open a device, and nothing of
/// what it holds; so nobody is asked, and they keep no undoing from its end. The rules are the record of them: a rule that somebody has
/// changed since stays, and a node gets what its rule says.
extension UndoScene {
    /// Gives device nodes the rights that they had, and their rules.
    mutating func returnRights() throws(OperationError) {
        guard !plan.rights.isEmpty || setsRights else { return }
        if let fault = try rulesFault() {
            left.append("the rights of device nodes stay as they are: the rules are not daxprov's (\(fault))")
            return
        }
        try removeRules()
        let observed = plan.rights.isEmpty ? nil : try rollback.observe()
        for device in plan.rights {
            let now = observed?.region(device.region)?.namespace(as: device.was)
            guard let now, now.isActive else {
                guard device.was.rights.rule != nil else { continue }
                left.append(
                    "\(device.was.displayName): it has no device now that could get its rights again (\(device.was.rights.text)): "
                        + "the next apply of its profile gives them")
                continue
            }
            guard now.rights != device.was.rights else { continue }
            guard device.left.map({ $0.rule == now.rights.rule }) ?? true else {
                left.append(
                    "\(device.was.displayName): the rights of its device node stay as they are (\(now.rights.text)): "
                        + "somebody changed their rule since; before, they were \(device.was.rights.text)")
                continue
            }
            try give(device, as: now)
        }
    }

    private mutating func give(_ device: UndoPlan.Rights, as now: Namespace) throws(OperationError) {
        try rollback.pause()
        // What only the node had is gone with a boot; what a rule gives, udev may not have come to when it was looked at.
        let was = device.was.rights
        let rights = was.rule == nil && isSameBoot ? was : DeviceRights(declared: was.rule)
        rollback.progress(.undoes("give the device node of \(device.was.displayName) \(rights.text) again"))
        let target = NamespaceTarget(now, region: device.region)
        do throws(OperationError) {
            _ = try host.perform(.setRights(target, rights), identity: .none)
        } catch {
            // Rights that somebody gave by hand are not worth a host that waits for its undoing. A rule of ours is.
            guard was.rule == nil else { throw error }
            if now.rights.rule != nil {
                _ = try host.perform(.setRights(target, .none), identity: .none)
            }
            left.append(
                "\(device.was.displayName): its device node had \(was.text), which cannot be given again: \(error.reason)"
            )
        }
    }

    private var setsRights: Bool {
        log.header.steps.contains {
            $0.kind.effects.contains(.changesRights) || $0.transition?.changesRules == true
        }
    }

    /// Why rules cannot be written; nil where they can.
    func rulesFault() throws(OperationError) -> String? {
        var query = UseQuery(targets: [])
        query.readsDeviceRules = true
        return try host.examine(query).deviceRulesFault
    }

    /// What the transaction made is gone, and with it goes what was for its device alone; so does what was given to the device of a
    /// namespace that had been disabled, which has no device again.
    private func removeRules() throws(OperationError) {
        guard setsRights else { return }
        var keys: [DeviceKey] = []
        for (number, step) in log.header.steps.enumerated() {
            guard let begun = log.begun[number] else { continue }
            if step.kind.effects.contains(.writesMedia) { keys.append(.infoBlock(begun.infoBlock)) }
            guard step.kind == .enable, let found = log.results[number]?.namespace, found.rights.rule == nil,
                let uuid = found.infoBlockUUID,
                log.header.namespace(of: step)?.isActive == false
            else { continue }
            keys.append(.infoBlock(uuid))
        }
        let made = keys + rulesOfDaxDevices
        try host.removeRules(for: made)
    }

    /// The devices of dynamic regions that steps gave a rule, but for those that had one before. A boot has left none of them: there
    /// every rule goes, and what puts the devices back from the record gives them their own.
    private var rulesOfDaxDevices: [DeviceKey] {
        log.begun.keys.compactMap { number -> DeviceKey? in
            guard let transition = log.header.steps[number].transition, let after = transition.after,
                after.rights.rule != nil
            else { return nil }
            let before = log.header.before.daxRegion(transition.region)
            let had = before?.device(of: after.ranges)?.rights.rule
            return had == nil || !isSameBoot ? .memory(after.ranges) : nil
        }.sorted()
    }
}
