import ProvisionCore

/// What `daxctl list -DRiM` prints for the host: keys, types, conditions and layout of daxctl 76.1 and 81 (daxctl/list.c,
/// daxctl/json.c). daxctl lists regions and devices in the order of directories, which means nothing; here they are
/// sorted.
///
/// The memory blocks of a device with several ranges are those in its ranges. daxctl takes such a device for one range
/// and counts the blocks of others (daxctl/lib/libdaxctl.c, `memblock_in_dev`).
extension InventoryReport {
    /// The JSON array of the dax regions; empty where there is none, as daxctl then prints nothing.
    public var daxctlJSON: String {
        let regions = shown.daxRegions
        guard !regions.isEmpty else { return "" }
        return JSONValue.array(of: regions, Self.daxctlNode).text(.ndctl)
    }

    private static func daxctlNode(_ region: DaxRegion) -> JSONValue {
        var node = JSONValue.object()
        node.set("path", region.path)
        node.set("id", region.id)
        node.set("size", region.size)
        if let available = region.availableSize, available > .zero { node.set("available_size", available) }
        node.set("align", region.align)
        // libdaxctl leaves out a device without a node (daxctl/lib/libdaxctl.c, `add_dax_dev`).
        let devices = region.devices.filter { !$0.isNodeMissing }
        if !devices.isEmpty { node.set("devices", each: devices, daxctlNode) }
        return node
    }

    private static func daxctlNode(_ device: DaxRegion.Device) -> JSONValue {
        var node = JSONValue.object()
        setFacts(of: device, in: &node, asDaxctl: true)
        let mappings = (device.mappings ?? []).reversed()
        if !mappings.isEmpty { node.set("mappings", each: mappings) { Self.node($0) } }
        return node
    }
}
