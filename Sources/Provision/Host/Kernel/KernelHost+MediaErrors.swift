public import ProvisionCore

/// What the kernel says of media errors beyond an enumeration.
extension KernelHost {
    /// See ``Host/mediaErrorLists(of:)``. A block device's list counts from the start of the data, and can hold errors that the region's
    /// has no more, or never had.
    public func mediaErrorLists(of observed: Observed) throws(OperationError) -> MediaErrorLists {
        try places.checking { places throws(OperationError) in
            var lists = MediaErrorLists()
            for region in observed.regions where region.isEnabled {
                let directory = try places.nvdimmDevice(region.device)
                if let text = directory.text("badblocks"), SysfsText.isCut(text) {
                    lists.truncated.insert(region.device)
                }
                for namespace in region.namespaces where namespace.isActive {
                    Self.read(namespace, directory, into: &lists)
                }
            }
            return lists
        }
    }

    private static func read(
        _ namespace: Namespace, _ region: borrowing SysfsDirectory, into lists: inout MediaErrorLists
    ) {
        let device = namespace.device
        let running = region.text("\(device)/holder") ?? device
        if namespace.mode?.isDirectAccess == true, running != device {
            lists.dataAddresses[device] = region.number("\(running)/resource")
        }
        // The block device of sector mode has a list that nothing fills (drivers/nvdimm/btt.c).
        guard let disk = namespace.blockDevice, namespace.mode != .sector else { return }
        lists.blockDevices[device] = SysfsText.badBlocks(
            region.text("\(running)/block/\(disk)/badblocks") ?? "")
    }
}
