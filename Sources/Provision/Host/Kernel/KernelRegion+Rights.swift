package import ProvisionCore

/// The rights of the node of a devdax namespace's device: now, and by a rule at each event of udev.
extension KernelRegion {
    /// Gives the node these rights, and the rule, or none. Where the node does not get them, the rule is as it was.
    package func setRights(_ target: NamespaceTarget, _ rights: DeviceRights) throws(OperationError) {
        let live = try live(target)
        let device = try device(of: live, target)
        guard let claim = live.claim, let uuid = directory.text("\(claim)/uuid").flatMap(UUID.init) else {
            throw OperationError(
                .failed, while: "give the device of \(target.displayName) its rights", device: target.device,
                reason: "the UUID of its info block cannot be read")
        }
        let rule = rights.rule.map { DeviceRules.Rule($0, for: target.displayName) }
        try DeviceRulesFile(places.rules).set(rule, for: .infoBlock(uuid), places) {
            () throws(OperationError) in
            try device.give(rights.node)
        }
    }
}
