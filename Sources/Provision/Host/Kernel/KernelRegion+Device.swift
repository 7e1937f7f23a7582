package import ProvisionCore

/// The driver of a devdax namespace's device, and its memory blocks.
///
/// The kernel allows everything here, and some of it costs the memory until the next boot: unbinding `kmem` while one block of the
/// range is online leaves the whole range in use by nobody. So every block is read again right before that.
extension KernelRegion {
    /// Makes the device of an active devdax namespace what `use` says. Where that fails, it is put back as it was, as far as the
    /// kernel lets.
    package func configureDevice(
        _ target: NamespaceTarget, _ use: DeviceUse
    ) throws(OperationError) -> Namespace {
        let live = try live(target)
        let device = try device(of: live, target)
        let guarding: UseGuard? =
            try KernelDaxDevice.deviceDriver == device.driver ? .unused(live, in: self) : nil
        try device.use(as: use)
        _ = consume guarding
        return try readBack(target.device)
    }

    /// What lies on the device of an active devdax namespace outside its memory blocks.
    package func memoryMargins(_ target: NamespaceTarget) throws(OperationError) -> MemoryMargins? {
        try device(of: try live(target), target).margins()
    }

    /// The device of an active devdax namespace.
    func device(of live: Live, _ target: NamespaceTarget) throws(OperationError) -> KernelDaxDevice {
        guard live.isActive, let claim = live.claim, claim.hasPrefix("dax"),
            let name = SysfsNamespaceReader.characterDevice(of: claim, directory)
        else {
            throw OperationError(
                .changed, while: "look at the device of \(target.displayName)", device: target.device,
                reason: "it is no active devdax namespace", advice: "another tool changed it: plan again")
        }
        return try KernelDaxDevice.open(name, at: "\(directory.path)/\(claim)/\(name)", places)
    }
}
