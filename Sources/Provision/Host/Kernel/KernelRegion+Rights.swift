package import ProvisionCore

/// The rights of the node of a devdax namespace's device: now, and by a rule at each event of udev.
extension KernelRegion {
    /// Gives the node these rights, and the rule, or none. Where the node does not get them, the rule is as it was.
    package func setRights(_ target: NamespaceTarget, _ rights: DeviceRights) throws(HostError) {
        let live = try live(target)
        let device = try device(of: live, target)
        guard let claim = live.claim, let uuid = directory.text("\(claim)/uuid").flatMap(UUID.init) else {
            throw HostError(
                .failed, while: "give the device of \(target.label) its rights", device: target.device,
                reason: "the UUID of its info block cannot be read")
        }
        let file = DeviceRulesFile()
        let was = file.rule(for: uuid)
        try file.set(rights.rule.map { DeviceRules.Rule($0, for: target.label) }, for: uuid)
        do throws(HostError) {
            try DeviceEvents.settle(readingRules: true)
            try give(rights.node, to: device)
            try file.removeIfEmpty()
        } catch {
            do throws(HostError) {
                try file.set(was, for: uuid)
                try file.removeIfEmpty()
                try? DeviceEvents.settle(readingRules: true)
            } catch let failure {
                throw error.adding(undoFailures: [failure])
            }
            throw error
        }
    }

    /// Gives a node its rights. Where that is forbidden to us (in a sandbox), udev does it by its rules.
    private func give(_ rights: NodeRights, to device: borrowing KernelDaxDevice) throws(HostError) {
        do throws(HostError) {
            try device.give(rights)
        } catch {
            guard error.kind == .notPermitted, DeviceEvents.areHandled else { throw error }
            try device.announceChange()
            try DeviceEvents.settle(readingRules: false)
            guard KernelDaxDevice.rights(of: device.name) == rights else { throw error }
        }
    }
}
