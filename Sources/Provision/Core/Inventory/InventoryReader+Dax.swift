/// Reading dax regions. Ranges lie below 2^61, and no list of theirs is longer than others.
extension InventoryReader {
    static func daxRegion(_ node: JSONCursor) throws(JSONError) -> DaxRegion {
        var region = DaxRegion(
            path: try node.required("path").string(),
            id: try node.required("id").node(),
            kind: try node.required("type").word(),
            size: try node.required("size").size(),
            start: try node.optional("start")?.address(),
            align: try node.optional("align")?.unit(),
            availableSize: try node.optional("available_size")?.size(),
            devices: try node.limitedList("devices", device),
            strandedRanges: try node.limitedList("system_memory", range),
            recorded: try node.limitedList("recorded") { item throws(JSONError) in try RecordedDevice(item) })
        region.cxl = try node.optional("cxl").map { cxl throws(JSONError) in try CXLRegion(cxl) }
        return region
    }

    private static func device(_ node: JSONCursor) throws(JSONError) -> DaxRegion.Device {
        var device = try unchecked(node)
        device.memmapOnMemory = try node.optional("memmap_on_memory")?.bool()
        guard device.mappings.map({ $0.map(\.range).size.bytes < .max }) ?? true else {
            throw node.error("has more memory than there can be")
        }
        return device
    }

    private static func unchecked(_ node: JSONCursor) throws(JSONError) -> DaxRegion.Device {
        DaxRegion.Device(
            name: try node.required("chardev").string(),
            size: try node.required("size").size(),
            align: try node.optional("align")?.unit(),
            targetNode: try node.optional("target_node")?.node(),
            numaNode: try node.optional("numa_node")?.node(),
            driver: try node.optional("driver")?.string(),
            mappings: try node.optional("mappings")?.limitedList { item throws(JSONError) in
                DaxRegion.Mapping(
                    range: try range(item), pageOffset: try item.required("page_offset").address())
            },
            memoryBlocks: try node.optional("memory_blocks")?.limitedList(blocks),
            isStranded: try node.optional("system_memory")?.bool() ?? false,
            isNodeMissing: try node.optional("node_missing")?.bool() ?? false,
            rights: try node.optional("rights").map { rights throws(JSONError) in try DeviceRights(rights) }
                ?? .none,
            recordedName: try node.optional("name")?.string())
    }

    /// A range of addresses, whose end is in it, as daxctl writes it.
    package static func range(_ node: JSONCursor) throws(JSONError) -> Range<UInt64> {
        let start = try node.required("start").address()
        let end = try node.required("end")
        let last = try end.address()
        guard start <= last else { throw end.error("\(last) is before the start, \(start)") }
        return start..<(last + 1)
    }

    private static func blocks(_ node: JSONCursor) throws(JSONError) -> DaxRegion.BlockRun {
        let first = try node.required("first").address()
        let count = try node.required("count").integer(UInt32.self)
        return DaxRegion.BlockRun(
            numbers: first..<(first + UInt64(count)), state: try node.required("state").string(),
            zone: try node.optional("zone")?.string())
    }

    static func memoryHotplug(_ node: JSONCursor) throws(JSONError) -> MemoryHotplug {
        MemoryHotplug(
            blockSize: try node.required("block_size").unit(),
            policy: try node.optional("auto_online_blocks")?.string())
    }
}
