import Glibc
package import ProvisionCore

/// The proof that nobody uses an active namespace, and for a block device the means to keep it so: while this
/// lives, the device cannot be mounted, swapped on or stacked.
package struct UseGuard: ~Copyable {
    private let exclusive: ExclusiveOpen?

    private init(exclusive: consuming ExclusiveOpen) {
        descriptor = exclusive.descriptor
        self.exclusive = consume exclusive
    }

    /// Of what has no block device.
    private init() {
        descriptor = nil
        exclusive = nil
    }

    /// The descriptor of the block device that is held; nil where there is no block device.
    package let descriptor: Int32?

    /// Looks for users of a namespace; throws ``OperationError/Kind/busy`` with their names, and refuses where somebody could
    /// go unseen (``Sight``).
    /// - Parameters:
    ///   - flags: how a block device is opened.
    ///   - operation: what it must be unused for, for messages.
    package static func unused(
        _ live: KernelRegion.Live, in region: borrowing KernelRegion, _ flags: Int32 = O_RDONLY,
        for operation: String = "disable"
    ) throws(OperationError) -> UseGuard {
        if let obstacle = Sight.obstacle(region.places) { throw obstacle }
        if let device = region.characterDevice(of: live) {
            try require(UseSearch.uses(of: [device], region.places)[live.device] ?? [], live, operation)
            return UseGuard()
        }
        guard let disk = region.disk(of: live) else { return UseGuard() }
        let held: ExclusiveOpen
        do {
            held = try ExclusiveOpen(
                block: disk, flags, region.places, while: operation, device: live.device)
        } catch {
            guard error.kind == .busy else { throw error }
            throw claimed(disk, live, region.places, operation)
        }
        // What claims a device exclusively cannot be there any more: loop devices and processes can.
        try requireNoOthers(of: disk, live, region.places, operation)
        return UseGuard(exclusive: held)
    }

    /// Holds the block device of a namespace that a failing step made or brought online. It throws only if somebody has claimed the device:
    /// udev opens every new one for a moment.
    package static func unclaimed(
        _ live: KernelRegion.Live, in region: borrowing KernelRegion, for operation: String = "disable"
    ) throws(OperationError) -> UseGuard {
        guard let disk = region.disk(of: live) else { return UseGuard() }
        do {
            return UseGuard(
                exclusive: try ExclusiveOpen(
                    block: disk, O_RDONLY, region.places, while: operation, device: live.device))
        } catch {
            guard error.kind == .busy else { return UseGuard() }
            throw claimed(disk, live, region.places, operation)
        }
    }

    /// The error of an exclusive open that the kernel refused: it names who has the block device.
    private static func claimed(
        _ disk: String, _ live: KernelRegion.Live, _ places: KernelPlaces, _ operation: String
    ) -> OperationError {
        let uses = UseSearch.uses(
            of: [UseSearch(places).block(disk, of: live.device)], places)[live.device]
        return busy(live, uses ?? [.exclusive(disk)], operation)
    }

    /// Throws where a process or a loop device uses the namespace, which can come while this lives: nothing keeps these out.
    package static func requireNoOthers(
        of live: KernelRegion.Live, in region: borrowing KernelRegion, for operation: String
    ) throws(OperationError) {
        if let device = region.characterDevice(of: live) {
            return try require(
                UseSearch.uses(of: [device], region.places)[live.device] ?? [], live, operation)
        }
        if let disk = region.disk(of: live) {
            try requireNoOthers(of: disk, live, region.places, operation)
        }
    }

    private static func requireNoOthers(
        of disk: String, _ live: KernelRegion.Live, _ places: KernelPlaces, _ operation: String
    ) throws(OperationError) {
        let stack = BlockStack(disk, loops: LoopDevices(places), places)
        let device = UseSearch.Device(
            namespace: live.device, name: disk, uses: stack.uses, nodes: stack.ownNodes)
        try require(UseSearch.uses(of: [device], places)[live.device] ?? [], live, operation)
    }

    private static func require(
        _ uses: [Holder], _ live: KernelRegion.Live, _ operation: String
    ) throws(OperationError) {
        guard uses.isEmpty else { throw busy(live, uses, operation) }
    }

    private static func busy(_ live: KernelRegion.Live, _ uses: [Holder], _ operation: String)
        -> OperationError
    {
        OperationError(
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
