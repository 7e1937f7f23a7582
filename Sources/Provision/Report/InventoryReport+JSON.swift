package import ProvisionCore

extension InventoryReport {
    /// The host as one JSON document with a newline at its end: everything in ``Observed``, under ndctl's own keys
    /// where ndctl has one. Equal hosts give equal bytes, but for `host_name` and `time`, which have a line each.
    ///
    /// What is not known has no key. `uuid` is, as in ndctl, the UUID of the info block and `raw_uuid` that of the
    /// label; `size` of a namespace is what ndctl calls so, the usable size.
    public var json: String { document.text() }

    /// The document before it becomes text.
    package var document: JSONValue {
        var root = JSONValue.object()
        root.set("format_version", InventoryReader.formatVersion)
        root.set("tool_version", ToolVersion.current)
        root.set("host_name", origin?.hostName)
        root.set("time", origin?.time)
        if let selection { root.set("selection", each: selection.words) { .string($0) } }
        let shown = shown
        root.set("buses", each: shown.buses, node)
        if !shown.daxRegions.isEmpty {
            let namespaces = shown.namespacesByCharacterDevice
            root.set("dax_regions", each: shown.daxRegions) { region in
                Self.node(region, of: region.namespace(among: namespaces))
            }
        }
        if !shown.cxlMemdevs.isEmpty { root.set("cxl_memdevs", each: shown.cxlMemdevs) { $0.json } }
        root.set("fsdev_dax", shown.hasFamfsDriver)
        root.set("soft_reserved_kept", shown.keepsSoftReserved)
        if let hotplug = shown.memoryHotplug { root.set("memory_hotplug", Self.node(hotplug)) }
        if let agents { root.set("memory_agents", MemoryAgentsText.json(agents.found, agents.effects)) }
        return root
    }

    private func node(_ bus: Bus) -> JSONValue {
        var node = JSONValue.object()
        node.set("provider", bus.provider)
        node.set("dev", bus.device)
        node.set("scrub_state", bus.scrubState?.rawValue)
        node.set("dimms", each: bus.dimms, Self.node)
        node.set("regions", each: bus.regions, self.node)
        return node
    }

    private static func node(_ dimm: Dimm) -> JSONValue {
        var node = JSONValue.object()
        node.set("dev", dimm.device)
        node.set("id", dimm.uniqueID)
        node.setFlag("id_of_memdev", if: dimm.isIdentifiedByMemdev)
        node.set("handle", dimm.handle)
        node.set("phys_id", dimm.physicalID)
        node.set("state", dimm.isEnabled ? "enabled" : "disabled")
        for flag in DimmFlag.allCases { node.setFlag(flag.key, if: dimm.flags.contains(flag)) }
        node.set("security", dimm.security?.rawValue)
        node.setFlag("security_frozen", if: dimm.isSecurityFrozen)
        if let area = dimm.labelArea { node.set("label_area", Self.node(area)) }
        node.setFlag("label_area_unread", if: dimm.isLabelAreaUnread)
        dimm.health?.set(inDimm: &node)
        return node
    }

    private static func node(_ area: LabelArea) -> JSONValue {
        var node = JSONValue.object()
        node.set("size", area.size)
        node.set("version", area.version?.rawValue)
        node.set("slots", area.slots)
        node.set("available_slots", area.availableSlots)
        return node
    }

    private func node(_ region: Region) -> JSONValue {
        var node = JSONValue.object()
        node.set("dev", region.device)
        node.set("size", region.size)
        node.set("align", region.align)
        node.set("available_size", region.availableSize)
        node.set("max_available_extent", region.maxAvailableExtent)
        node.set("type", "pmem")
        node.set("labels", region.labelling.word)
        node.set("resource", region.resource)
        node.set("numa_node", region.numaNode)
        node.set("target_node", region.targetNode)
        node.set("iset_id", region.interleaveSetID)
        node.set("interleave_ways", region.interleaveWays)
        node.set("mappings", each: region.mappings, Self.mappingNode)
        if let cxl = region.cxl { node.set("cxl", cxl.json) }
        node.set("state", region.isEnabled ? "enabled" : "disabled")
        node.set("read_only", region.isReadOnly)
        Self.setBadBlocks(region.badBlocks, in: &node)
        node.set("capabilities", each: region.capabilities, Self.node)
        node.set("persistence_domain", region.persistenceDomain.rawValue)
        node.set("seed", region.namespaceSeed)
        if let free = region.freeExtents { node.set("free_extents", each: free, Self.node) }
        node.set("namespaces", each: region.namespaces.filter { shows($0, in: region) }, Self.node)
        if !region.uninstantiated.isEmpty {
            node.set("uninstantiated_labels", each: region.uninstantiated, Self.node)
        }
        return node
    }

    /// A namespace as an object of the inventory document.
    static func node(_ namespace: Namespace) -> JSONValue {
        var node = JSONValue.object()
        let configuration = namespace.configuration
        node.set("dev", namespace.device)
        configuration.set(.mode, in: &node)
        node.set("configured_mode", namespace.recordedMode?.rawValue)
        node.set("state", namespace.isActive ? "active" : "disabled")
        node.set("unfinished", namespace.unfinished?.word)
        configuration.set(.map, in: &node)
        node.set("resource", namespace.resource)
        configuration.set(.rawSize, in: &node)
        node.set("size", namespace.usableSize)
        node.set("usable_size", namespace.usableSize)
        node.set("extents", namespace.extents)
        node.set("uuid", namespace.infoBlockUUID)
        node.set("raw_uuid", namespace.labelUUID)
        configuration.set(.sectorSize, in: &node)
        configuration.set(.align, in: &node)
        node.set("blockdev", namespace.blockDevice)
        node.set("chardev", namespace.characterDevice)
        if let device = namespace.daxDevice { node.set("device", Self.node(device)) }
        if namespace.rights != .none { node.set("rights", namespace.rights.json) }
        node.set("has_content", namespace.hasContent)
        configuration.set(.name, in: &node)
        node.set("numa_node", namespace.numaNode)
        node.set("target_node", namespace.targetNode)
        setBadBlocks(namespace.badBlocks, in: &node)
        return node
    }

    /// What holds a device-dax device, as an object.
    static func node(_ device: DaxDevice) -> JSONValue {
        var node = JSONValue.object()
        node.set("mode", device.mode.rawValue)
        node.set("driver", device.driver)
        setMemory(device.memory, in: &node)
        node.set("memmap_on_memory", device.memmapOnMemory)
        node.setFlag("system_memory", if: device.isStranded)
        node.setFlag("node_missing", if: device.node == .missing)
        return node
    }

    /// Adds a device's memory blocks under daxctl's keys, by daxctl's rule or by ours: daxctl says whether they are
    /// movable only where none of them is offline (daxctl/lib/libdaxctl.c, `memblock_find_zone`).
    static func setMemory(
        _ memory: DaxDevice.Memory?, in node: inout JSONValue, asDaxctl isDaxctls: Bool = false
    ) {
        guard let memory else { return }
        node.set("online_memblocks", memory.online)
        node.set("total_memblocks", memory.total)
        if !isDaxctls || memory.online == memory.total { node.set("movable", memory.isMovable) }
    }

    private static func node(_ label: UninstantiatedLabel) -> JSONValue {
        var node = Self.node(label.extent)
        node.set("raw_uuid", label.uuid)
        node.set("name", label.name)
        node.set("dimms", each: label.dimms) { .string($0) }
        return node
    }

    private static func node(_ capability: ModeCapability) -> JSONValue {
        var node = JSONValue.object()
        node.set("mode", capability.mode.rawValue)
        if capability.mode == .sector || !capability.sectorSizes.isEmpty {
            node.set("sector_sizes", each: capability.sectorSizes) { .number($0) }
        }
        if capability.mode != .sector || !capability.alignments.isEmpty {
            node.set("alignments", each: capability.alignments) { .number($0.bytes) }
        }
        return node
    }

    private static func node(_ extent: Extent) -> JSONValue {
        var node = JSONValue.object()
        node.set("offset", extent.offset)
        node.set("length", extent.length)
        return node
    }

    static func mappingNode(_ mapping: Mapping) -> JSONValue {
        var node = JSONValue.object()
        node.set("dimm", mapping.dimm)
        node.set("offset", mapping.offset)
        node.set("length", mapping.length)
        node.set("position", mapping.position)
        return node
    }

    /// Adds ndctl's `badblock_count` and `badblocks`; nothing where there are none.
    static func setBadBlocks(_ badBlocks: [BadBlocks], in node: inout JSONValue) {
        guard !badBlocks.isEmpty else { return }
        node.set("badblock_count", badBlocks.reduce(0) { $0 &+ UInt64($1.length) })
        node.set("badblocks", each: badBlocks) { range in
            var node = JSONValue.object()
            node.set("offset", range.offset)
            node.set("length", range.length)
            if !range.dimms.isEmpty { node.set("dimms", each: range.dimms) { .string($0) } }
            return node
        }
    }
}

extension DimmFlag {
    /// The key in ndctl's and daxprov's JSON.
    var key: String {
        switch self {
        case .failedMap: "flag_failed_map"
        case .failedSave: "flag_failed_save"
        case .failedArm: "flag_failed_arm"
        case .failedRestore: "flag_failed_restore"
        case .failedFlush: "flag_failed_flush"
        case .smartEvent: "flag_smart_event"
        }
    }
}

extension UnfinishedCreation {
    /// The word in the JSON document.
    var word: String {
        switch self {
        case .neverEnabled: "never_enabled"
        case .lacksInfoBlock: "lacks_info_block"
        }
    }
}
