import ProvisionCore

/// Dax regions in the inventory document: daxctl's keys and words where daxctl has them (daxctl/json.c).
extension InventoryReport {
    /// - Parameter namespace: the namespace that a static region is the memory of; nil where none is known.
    static func node(_ region: DaxRegion, of namespace: Namespace?) -> JSONValue {
        var node = JSONValue.object()
        node.set("path", region.path)
        node.set("id", region.id)
        node.set("type", region.kind.rawValue)
        node.set("namespace", namespace?.device)
        if let cxl = region.cxl { node.set("cxl", cxl.json) }
        node.set("start", region.start)
        node.set("size", region.size)
        node.set("available_size", region.availableSize)
        node.set("align", region.align)
        node.set("devices", each: region.devices, Self.node)
        if !region.strandedRanges.isEmpty {
            node.set("system_memory", each: region.strandedRanges, Self.node)
        }
        if !region.recorded.isEmpty { node.set("recorded", each: region.recorded) { $0.json } }
        return node
    }

    private static func node(_ device: DaxRegion.Device) -> JSONValue {
        var node = JSONValue.object()
        setFacts(of: device, in: &node)
        node.set("memmap_on_memory", device.memmapOnMemory)
        node.set("name", device.recordedName)
        node.set("driver", device.driver)
        node.set("numa_node", device.numaNode)
        if let mappings = device.mappings { node.set("mappings", each: mappings, Self.node) }
        if let blocks = device.memoryBlocks { node.set("memory_blocks", each: blocks, Self.node) }
        node.setFlag("system_memory", if: device.isStranded)
        node.setFlag("node_missing", if: device.isNodeMissing)
        if device.rights != .none { node.set("rights", device.rights.json) }
        return node
    }

    /// Adds what daxctl says of a device, but for its ranges; whether its blocks are movable by its rule or by ours.
    ///
    /// Whatever is not kmem is devdax to daxctl, without a driver as well (daxctl/json.c, `util_daxctl_dev_to_json`).
    static func setFacts(
        of device: DaxRegion.Device, in node: inout JSONValue, asDaxctl isDaxctls: Bool = false
    ) {
        node.set("chardev", device.name)
        node.set("size", device.size)
        node.set("target_node", device.targetNode)
        node.set("align", device.align)
        node.set("mode", device.mode == .systemRAM ? "system-ram" : "devdax")
        setMemory(device.memory, in: &node, asDaxctl: isDaxctls)
        if device.driver == nil { node.set("state", "disabled") }
    }

    /// A range of a device, in daxctl's words.
    static func node(_ mapping: DaxRegion.Mapping) -> JSONValue {
        var node = JSONValue.object()
        node.set("page_offset", mapping.pageOffset)
        setRange(mapping.range, in: &node)
        return node
    }

    /// A range as an object.
    static func node(_ range: Range<UInt64>) -> JSONValue {
        var node = JSONValue.object()
        setRange(range, in: &node)
        return node
    }

    /// Adds a range as daxctl writes one: the last address is in it.
    private static func setRange(_ range: Range<UInt64>, in node: inout JSONValue) {
        node.set("start", range.lowerBound)
        node.set("end", range.upperBound - 1)
        node.set("size", UInt64(range.count))
    }

    private static func node(_ run: DaxRegion.BlockRun) -> JSONValue {
        var node = JSONValue.object()
        node.set("first", run.numbers.lowerBound)
        node.set("count", run.numbers.count)
        node.set("state", run.state)
        node.set("zone", run.zone)
        return node
    }

    static func node(_ hotplug: MemoryHotplug) -> JSONValue {
        var node = JSONValue.object()
        node.set("block_size", hotplug.blockSize)
        node.set("auto_online_blocks", hotplug.policy)
        return node
    }
}
