/// Reads the JSON document of ``InventoryReport/json`` back, exactly: a saved inventory, or the state file of a
/// simulated host.
///
/// The document is untrusted: sizes are limited to 1 PiB, addresses to 2^60 and lists to 4096 elements (65,536
/// namespaces and labels, and 1 EiB in all, in a region), so that no arithmetic on the result overflows. Keys that this version does not know are ignored.
public enum InventoryReader {
    /// The version of the document's shape. Keys may be added under the same number, never changed or removed.
    public static let formatVersion = 1

    /// Reads a document.
    public static func read(_ document: JSONValue) throws(JSONError) -> Observed {
        let root = JSONCursor(document)
        try root.requireFormatVersion(formatVersion)
        if let selection = try root.optional("selection") {
            throw selection.error("says that this is a part of a host: save the whole, without names")
        }
        var observed = Observed(
            buses: try root.required("buses").limitedList(bus),
            daxRegions: try root.limitedList("dax_regions", daxRegion),
            memoryHotplug: try root.optional("memory_hotplug").map(memoryHotplug))
        observed.cxlMemdevs = try root.limitedList("cxl_memdevs") { memdev throws(JSONError) in
            try CXLMemdev(memdev)
        }
        observed.hasFamfsDriver = try root.optional("fsdev_dax")?.bool()
        observed.keepsSoftReserved = try root.optional("soft_reserved_kept")?.bool()
        return observed
    }

    /// Where and when the inventory was taken; nil where it does not say.
    package static func origin(_ document: JSONValue) throws(JSONError) -> InventoryOrigin? {
        let root = JSONCursor(document)
        let origin = InventoryOrigin(
            hostName: try root.optional("host_name")?.line(), time: try root.optional("time")?.line())
        return origin.words == nil ? nil : origin
    }

    private static func bus(_ node: JSONCursor) throws(JSONError) -> Bus {
        Bus(
            device: try node.required("dev").string(),
            provider: try node.required("provider").string(),
            scrubState: try node.optional("scrub_state")?.word(),
            dimms: try node.limitedList("dimms", dimm),
            regions: try node.limitedList("regions", region))
    }

    private static func dimm(_ node: JSONCursor) throws(JSONError) -> Dimm {
        var dimm = Dimm(
            device: try node.required("dev").string(),
            uniqueID: try node.optional("id")?.string(),
            handle: try node.optional("handle")?.integer(),
            physicalID: try node.optional("phys_id")?.integer(),
            isEnabled: try node.isEnabled(),
            flags: try node.flags(),
            security: try node.optional("security")?.word(),
            isSecurityFrozen: try node.optional("security_frozen")?.bool() ?? false,
            labelArea: try node.optional("label_area").map(labelArea),
            isLabelAreaUnread: try node.optional("label_area_unread")?.bool() ?? false,
            health: try DimmHealth.of(dimm: node))
        dimm.isIdentifiedByMemdev = try node.optional("id_of_memdev")?.bool() ?? false
        return dimm
    }

    private static func labelArea(_ node: JSONCursor) throws(JSONError) -> LabelArea {
        LabelArea(
            size: try node.required("size").size(),
            version: try node.optional("version")?.word(),
            slots: try node.optional("slots")?.count(),
            availableSlots: try node.optional("available_slots")?.count())
    }

    private static func region(_ node: JSONCursor) throws(JSONError) -> Region {
        let region = Region(
            device: try node.required("dev").string(),
            size: try node.required("size").size(),
            align: try node.optional("align")?.unit(),
            availableSize: try node.required("available_size").size(),
            maxAvailableExtent: try node.optional("max_available_extent")?.size(),
            resource: try node.optional("resource")?.address(),
            interleaveSetID: try node.optional("iset_id")?.integer(),
            numaNode: try node.optional("numa_node")?.node(),
            targetNode: try node.optional("target_node")?.node(),
            persistenceDomain: try node.required("persistence_domain").word(),
            mappings: try node.limitedList("mappings", mapping),
            isEnabled: try node.isEnabled(),
            isReadOnly: try node.optional("read_only")?.bool() ?? false,
            labelling: try labelling(node.required("labels")),
            badBlocks: try node.limitedList("badblocks", badBlocks),
            capabilities: try node.limitedList("capabilities", capability),
            namespaceSeed: try node.optional("seed")?.string(),
            namespaces: try node.limitedList(
                "namespaces", upTo: JSONCursor.maximumNamespaces, namespace),
            uninstantiated: try node.limitedList(
                "uninstantiated_labels", upTo: JSONCursor.maximumNamespaces, label),
            cxl: try node.optional("cxl").map { cxl throws(JSONError) in try CXLRegion(cxl) })
        try node.requireSummable(region)
        return region
    }

    private static func labelling(_ node: JSONCursor) throws(JSONError) -> RegionLabelling {
        let word = try node.string()
        guard let labelling = RegionLabelling.allCases.first(where: { $0.word == word }) else {
            throw node.notOne(of: RegionLabelling.allCases.map(\.word), word)
        }
        return labelling
    }

    /// The namespace that an object describes.
    package static func namespace(_ node: JSONCursor) throws(JSONError) -> Namespace {
        let device = try node.required("dev").string()
        let configuration = try NamespaceConfiguration(node)
        var namespace = Namespace(
            device: device, resource: try node.optional("resource")?.address(),
            rawSize: configuration.rawSize,
            extents: try node.optional("extents")?.count(),
            recordedMode: try node.optional("configured_mode")?.word(),
            isActive: try node.state("active"),
            usableSize: try node.optional("usable_size")?.size(),
            labelUUID: try node.optional("raw_uuid")?.uuid(),
            infoBlockUUID: try node.optional("uuid")?.uuid(),
            blockDevice: try node.optional("blockdev")?.string(),
            characterDevice: try node.optional("chardev")?.string(),
            numaNode: try node.optional("numa_node")?.node(),
            targetNode: try node.optional("target_node")?.node(),
            hasContent: try node.optional("has_content")?.bool(),
            badBlocks: try node.limitedList("badblocks", badBlocks),
            daxDevice: try node.optional("device").map(daxDevice),
            rights: try node.optional("rights").map { rights throws(JSONError) in
                try DeviceRights(rights)
            } ?? .none)
        namespace.configuration = configuration
        return namespace
    }

    package static func daxDevice(_ node: JSONCursor) throws(JSONError) -> DaxDevice {
        var device = DaxDevice(
            try node.required("mode").word(), driver: try node.optional("driver")?.string(),
            isStranded: try node.optional("system_memory")?.bool() ?? false,
            node: try node.optional("node_missing")?.bool() == true ? .missing : nil)
        if let total = try node.optional("total_memblocks")?.count() {
            device.memory = DaxDevice.Memory(
                online: try node.optional("online_memblocks")?.count() ?? 0, total: total,
                isMovable: try node.optional("movable")?.bool())
        }
        device.memmapOnMemory = try node.optional("memmap_on_memory")?.bool()
        return device
    }

    package static func label(_ node: JSONCursor) throws(JSONError) -> UninstantiatedLabel {
        UninstantiatedLabel(
            extent: Extent(
                offset: try node.required("offset").size(), length: try node.required("length").size()),
            uuid: try node.required("raw_uuid").uuid(),
            name: try node.optional("name")?.string(),
            dimms: try node.limitedList("dimms") { dimm throws(JSONError) in try dimm.string() })
    }

    package static func mapping(_ node: JSONCursor) throws(JSONError) -> Mapping {
        Mapping(
            dimm: try node.required("dimm").string(),
            offset: try node.required("offset").size(),
            length: try node.required("length").size(),
            position: try node.optional("position")?.node())
    }

    package static func badBlocks(_ node: JSONCursor) throws(JSONError) -> BadBlocks {
        BadBlocks(
            offset: try node.required("offset").address(),
            length: try node.required("length").integer(),
            dimms: try node.limitedList("dimms") { dimm throws(JSONError) in try dimm.string() })
    }

    package static func capability(_ node: JSONCursor) throws(JSONError) -> ModeCapability {
        ModeCapability(
            mode: try node.required("mode").word(),
            alignments: try node.limitedList("alignments") { cursor throws(JSONError) in
                try cursor.unit()
            },
            sectorSizes: try node.limitedList("sector_sizes") { cursor throws(JSONError) in
                try cursor.integer()
            })
    }
}
