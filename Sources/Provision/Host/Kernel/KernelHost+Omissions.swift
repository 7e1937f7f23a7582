package import ProvisionCore

/// What libndctl leaves out, and says nothing, where it cannot read an attribute (ndctl/lib/libndctl.c).
extension KernelHost {
    /// Refuses a listing in which a device is missing (`add_bus`, `add_region`, `add_dimm`). A plan without it would be
    /// wrong: without a DIMM, an interleave set seems to have fewer ways.
    /// - Parameter kinds: how the kernel names of the devices begin.
    package static func requireAll(
        _ kinds: [String], of directory: borrowing SysfsDirectory, in listed: Set<String>
    ) throws(OperationError) {
        let present = directory.entries().filter { entry in
            kinds.contains { entry.hasPrefix($0) } && entry.last?.isNumber == true
        }
        guard let missing = present.sorted().first(where: { !listed.contains($0) }) else { return }
        throw omission(of: missing, "libndctl left it out: an attribute of it cannot be read")
    }

    /// Refuses a bus of which a DIMM or a region is missing, or a region's share of a DIMM (`mappings_init`).
    package static func requireAll(of bus: borrowing NdctlBus, _ places: KernelPlaces) throws(OperationError)
    {
        var listed: Set<String> = []
        bus.forEachDimm { listed.insert($0.device) }
        bus.forEachRegion { listed.insert($0.device) }
        try requireAll(["region", "nmem"], of: try places.nvdimmDevice(bus.device), in: listed)
        try bus.forEachRegion { region throws(OperationError) in
            guard region.mappings.count != region.mappingCount else { return }
            throw omission(of: region.device, "libndctl left out one of its DIMMs")
        }
    }

    /// Refuses a DIMM without its identity (`populate_dimm_attributes`) or its commands (`parse_commands`): its labels
    /// would not be saved, or not be found again.
    package static func requireWhole(_ dimm: borrowing NdctlDimm, _ places: KernelPlaces)
        throws(OperationError)
    {
        let hasIdentity = dimm.uniqueID != nil
        let hasLabelArea = dimm.hasLabelArea
        guard !hasIdentity || !hasLabelArea else { return }
        let directory = try places.nvdimmDevice(dimm.device)
        if !hasIdentity, ["nfit/id", "papr/id", "cxl/id"].contains(where: { directory.exists($0) }) {
            throw omission(of: dimm.device, "libndctl has no identity of it, and the kernel has")
        }
        let commands = Set(directory.text("commands")?.split(separator: " ") ?? [])
        if !hasLabelArea, commands.isSuperset(of: ["get_size", "get_data", "set_data"]) {
            throw omission(
                of: dimm.device, "libndctl takes it for one without a label area, and the kernel does not")
        }
    }

    private static func omission(of device: String, _ reason: String) -> OperationError {
        OperationError(
            .failed, while: "enumerate the host", device: device, reason: reason,
            advice: "try again; if it stays so, see the kernel log (dmesg)")
    }
}
