import Glibc
package import ProvisionCore

/// The proof that nobody uses an active namespace, and for a block device the means to keep it so: while this
/// lives, the device cannot be mounted, swapped on or stacked.
package struct UseGuard: ~Copyable {
    private let exclusive: ExclusiveOpen?

    private init(exclusive: consuming ExclusiveOpen?) {
        self.exclusive = exclusive
    }

    /// Looks for users of a namespace; throws ``HostError/Kind/busy`` with their names, and refuses where somebody could
    /// go unseen (``Sight``).
    /// - Parameter operation: what is to be done, for messages.
    package static func unused(
        _ live: KernelRegion.Live, in region: borrowing KernelRegion, while operation: String = "disable"
    ) throws(HostError) -> UseGuard {
        if let obstacle = Sight.obstacle { throw obstacle }
        if let device = region.characterDevice(of: live) {
            try require(UseSearch.uses(of: [device])[live.device] ?? [], live, operation)
            return UseGuard(exclusive: nil)
        }
        guard let disk = region.disk(of: live) else { return UseGuard(exclusive: nil) }
        let held: ExclusiveOpen
        do {
            held = try ExclusiveOpen(block: disk, O_RDONLY, while: operation, device: live.device)
        } catch {
            guard error.kind == .busy else { throw error }
            let uses = UseSearch.uses(of: [UseSearch().block(disk, of: live.device)])[live.device]
            throw busy(live, uses ?? [.exclusive(disk)], operation)
        }
        // What claims a device exclusively cannot be there any more: loop devices and processes can.
        let stack = BlockStack(disk, loops: LoopDevices())
        let device = UseSearch.Device(
            namespace: live.device, name: disk, uses: stack.uses, nodes: stack.ownNodes)
        try require(UseSearch.uses(of: [device])[live.device] ?? [], live, operation)
        return UseGuard(exclusive: held)
    }

    private static func require(
        _ uses: [Holder], _ live: KernelRegion.Live, _ operation: String
    ) throws(HostError) {
        guard uses.isEmpty else { throw busy(live, uses, operation) }
    }

    private static func busy(
        _ live: KernelRegion.Live, _ uses: [Holder], _ operation: String
    ) -> HostError {
        HostError(
            .busy, while: operation, device: live.device, reason: uses.summary, advice: uses.advice,
            errno: EBUSY)
    }
}

extension KernelRegion {
    /// The character device of an active devdax namespace, with the kernel's uses of it; nil for other modes.
    package func characterDevice(of live: Live) -> UseSearch.Device? {
        guard live.claim?.hasPrefix("dax") == true,
            let device = SysfsNamespaceReader.characterDevice(of: live.running, directory)
        else { return nil }
        return UseSearch.character(device, below: live.running, of: live.device, directory)
    }

    /// A devdax namespace after a step, with what becomes of opening its device's node.
    ///
    /// Where `device_dax` is not loaded, udev loads it when the device appears: its driver is waited for.
    package func tried(_ namespace: Namespace) -> Namespace {
        var namespace = namespace
        guard let device = namespace.characterDevice else { return namespace }
        let claim = directory.text("\(namespace.device)/holder") ?? namespace.device
        var patience = 50
        while namespace.daxDevice?.mode == .disabled, namespace.daxDevice?.isStranded == false, patience > 0 {
            usleep(100_000)
            patience -= 1
            namespace.daxDevice = DaxDeviceReader.device(device, below: claim, directory)
        }
        if namespace.daxDevice?.mode == .devdax {
            namespace.daxDevice?.node = DaxDeviceReader.node(of: device, below: claim, directory)
        }
        return namespace
    }

    /// The block device of an active namespace; nil where it has none.
    package func disk(of live: Live) -> String? { directory.entries("\(live.running)/block").first }
}

extension Holder {
    /// A use that nothing but the refused exclusive open shows.
    package static func exclusive(_ disk: String) -> Holder {
        Holder(
            .exclusiveOpen, of: disk,
            "held exclusively by something that no list shows (a file system that was unmounted lazily, or a "
                + "storage target in the kernel)")
    }
}
