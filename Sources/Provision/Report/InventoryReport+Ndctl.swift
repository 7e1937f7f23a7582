import ProvisionCore

/// What `ndctl list -BDRNv` prints for the host: keys, types, conditions and layout of ndctl 76.1 (ndctl/list.c,
/// ndctl/json.c, daxctl/json.c).
///
/// With one `-v` ndctl adds the media errors (as `-M`), the dax regions of devdax namespaces (as `-X`), the nodes and
/// `raw_uuid`, and leaves out whatever is disabled.
extension InventoryReport {
    /// The JSON array of the buses, with the health of DIMMs that were asked for it, as with `-H`; empty where there is no bus, as ndctl then prints nothing.
    public var ndctlJSON: String {
        var shown = self.shown
        for bus in shown.buses.indices {
            for region in shown.buses[bus].regions.indices {
                let whole = shown.buses[bus].regions[region]
                shown.buses[bus].regions[region].namespaces = whole.namespaces.filter { shows($0, in: whole) }
            }
        }
        guard !shown.buses.isEmpty else { return "" }
        return JSONValue.array(of: shown.buses, Self.ndctlNode).text(.ndctl)
    }

    private static func ndctlNode(_ bus: Bus) -> JSONValue {
        var node = JSONValue.object()
        node.set("provider", bus.provider)
        node.set("dev", bus.device)
        node.set("scrub_state", bus.scrubState?.rawValue)
        let dimms = bus.dimms.filter(\.isEnabled)
        if !dimms.isEmpty { node.set("dimms", each: dimms, ndctlNode) }
        let regions = bus.regions.filter(\.isEnabled)
        if !regions.isEmpty {
            let enabled = Set(dimms.map(\.device))
            node.set("regions", each: regions) { ndctlNode($0, enabledDimms: enabled) }
        }
        return node
    }

    private static func ndctlNode(_ dimm: Dimm) -> JSONValue {
        var node = JSONValue.object()
        node.set("dev", dimm.device)
        node.set("id", dimm.isIdentifiedByMemdev ? nil : dimm.uniqueID)
        node.set("handle", dimm.handle)
        node.set("phys_id", dimm.physicalID)
        for flag in DimmFlag.allCases { node.setFlag(flag.key, if: dimm.flags.contains(flag)) }
        node.set("security", dimm.security?.rawValue)
        node.setFlag("security_frozen", if: dimm.isSecurityFrozen)
        if let health = dimm.health?.ndctlJSON { node.set("health", health) }
        return node
    }

    private static func ndctlNode(_ region: Region, enabledDimms: Set<String>) -> JSONValue {
        var node = JSONValue.object()
        node.set("dev", region.device)
        node.set("size", region.size)
        node.set("align", region.align)
        node.set("available_size", region.availableSize)
        let largest = region.maxAvailableExtent ?? (region.labelling == .labelLess ? .zero : nil)
        node.set("max_available_extent", largest)
        node.set("type", "pmem")
        node.set("numa_node", region.numaNode)
        node.set("target_node", region.targetNode)
        if region.labelling == .labelled { node.set("iset_id", region.interleaveSetID ?? 0) }
        let mappings = region.mappings.filter { enabledDimms.contains($0.dimm) }
        if !mappings.isEmpty { node.set("mappings", each: mappings, mappingNode) }
        if region.resource != nil { setNdctlBadBlocks(region.badBlocks, of: region, &node) }
        node.set("persistence_domain", region.persistenceDomain.rawValue)
        let namespaces = region.namespaces.filter(\.isActive)
        if !namespaces.isEmpty { node.set("namespaces", each: namespaces) { ndctlNode($0, in: region) } }
        return node
    }

    private static func ndctlNode(_ namespace: Namespace, in region: Region) -> JSONValue {
        var node = JSONValue.object()
        node.set("dev", namespace.device)
        node.set("mode", namespace.mode?.rawValue)
        if namespace.mode?.isDirectAccess == true {
            node.set("map", (namespace.map ?? .mem).rawValue)
        }
        node.set("size", namespace.usableSize)
        setNdctlUUIDs(of: namespace, in: &node)
        if namespace.mode == .devdax, namespace.characterDevice != nil {
            node.set("daxregion", ndctlDaxRegion(of: namespace, in: region))
        }
        if namespace.mode != .devdax { node.set("sector_size", namespace.sectorSize ?? 512) }
        node.set("align", namespace.align)
        node.set("blockdev", namespace.blockDevice)
        node.set("name", namespace.name)
        node.set("numa_node", namespace.numaNode)
        node.set("target_node", namespace.targetNode)
        setNdctlBadBlocks(of: namespace, in: region, &node)
        return node
    }

    /// A claimed namespace shows its info block's UUID as `uuid` and its label's as `raw_uuid`; an unclaimed one its
    /// label's as `uuid`, and none on a label-less region.
    private static func setNdctlUUIDs(of namespace: Namespace, in node: inout JSONValue) {
        if let uuid = namespace.infoBlockUUID {
            node.set("uuid", uuid)
            node.set("raw_uuid", namespace.labelUUID.flatMap { $0.isNull ? nil : $0 })
        } else {
            node.set("uuid", namespace.labelUUID)
        }
    }

    /// The dax region that the namespace's device-dax lies in: one device that spans it, its id the region's number.
    private static func ndctlDaxRegion(of namespace: Namespace, in region: Region) -> JSONValue {
        var node = JSONValue.object()
        node.set("id", Int(region.device.drop { !$0.isNumber }))
        node.set("size", namespace.usableSize)
        node.set("align", namespace.align)
        node.set("devices", each: [namespace]) { namespace in
            var device = JSONValue.object()
            device.set("chardev", namespace.characterDevice)
            device.set("size", namespace.usableSize)
            device.set("target_node", namespace.targetNode)
            device.set("align", namespace.align)
            // Whatever is not kmem is devdax to daxctl, without a driver as well (daxctl/json.c, `util_daxctl_dev_to_json`).
            let isMemory = namespace.daxDevice?.mode == .systemRAM
            device.set("mode", isMemory ? "system-ram" : "devdax")
            setMemory(namespace.daxDevice?.memory, in: &device, asDaxctl: true)
            if namespace.daxDevice?.mode == .disabled { device.set("state", "disabled") }
            return device
        }
        return node
    }

    /// Sector mode shows a count without ranges, and an unclaimed namespace the region's ranges, as in ndctl.
    private static func setNdctlBadBlocks(
        of namespace: Namespace, in region: Region, _ node: inout JSONValue
    ) {
        if namespace.mode == .sector {
            let count = region.badBlockCount(within: namespace)
            if count > 0 { node.set("badblock_count", count) }
        } else if region.resource == nil {
            if namespace.mode != .devdax { setBadBlocks(namespace.badBlocks, in: &node) }
        } else if namespace.infoBlockUUID != nil {
            setNdctlBadBlocks(namespace.badBlocks, of: region, &node)
        } else if !region.badBlocks.isEmpty {
            setNdctlBadBlocks(region.badBlocks, of: region, &node)
        } else {
            setBadBlocks(namespace.badBlocks, in: &node)
        }
    }

    /// The ranges with the DIMM that holds them: the region's only one, or what the firmware says.
    private static func setNdctlBadBlocks(
        _ badBlocks: [BadBlocks], of region: Region, _ node: inout JSONValue
    ) {
        let only = region.mappings.count == 1 ? region.mappings.map(\.dimm) : []
        setBadBlocks(
            badBlocks.map { range in
                BadBlocks(
                    offset: range.offset, length: range.length, dimms: only.isEmpty ? range.dimms : only)
            }, in: &node)
    }
}

extension Region {
    /// The number of its bad 512-byte units that lie in the namespace, metadata included; 0 where it is not known.
    func badBlockCount(within namespace: Namespace) -> UInt64 {
        guard let extent = extent(of: namespace) else { return 0 }
        let first = extent.offset.bytes >> 9
        let end = extent.end.bytes >> 9
        return badBlocks.reduce(0) { count, range in
            let start = max(first, range.offset)
            let stop = min(end, range.offset &+ UInt64(range.length))
            return stop > start ? count + (stop - start) : count
        }
    }
}
