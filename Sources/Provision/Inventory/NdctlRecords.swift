/// The records of `ndctl list` (ndctl/json.c, ndctl/list.c) as parts of an observed host.
enum NdctlRecords {
    static func bus(_ node: JSONCursor) throws(JSONError) -> Bus {
        Bus(
            device: try node.required("dev").string(),
            provider: try node.required("provider").string(),
            scrubState: try node.optional("scrub_state")?.word(), dimms: [], regions: [])
    }

    static func dimm(_ node: JSONCursor) throws(JSONError) -> Dimm {
        Dimm(
            device: try node.required("dev").string(),
            uniqueID: try node.optional("id")?.string(),
            handle: try node.optional("handle")?.hexadecimal(),
            physicalID: try node.optional("phys_id")?.hexadecimal(),
            isEnabled: try node.isEnabled(), flags: try node.flags(),
            security: try node.optional("security")?.word(),
            isSecurityFrozen: try node.optional("security_frozen")?.bool() ?? false, labelArea: nil)
    }

    static func region(
        _ node: JSONCursor, _ limits: inout Set<InventoryLimit>
    ) throws(JSONError) -> Region {
        let device = try node.required("dev").string()
        var region = Region(
            device: device, size: try node.required("size").printedSize(&limits),
            align: try node.optional("align")?.printedSize(&limits),
            availableSize: try node.required("available_size").printedSize(&limits),
            maxAvailableExtent: try node.optional("max_available_extent")?.printedSize(&limits),
            resource: nil,
            interleaveSetID: try node.optional("iset_id")?.interleaveSetID(),
            numaNode: try node.optional("numa_node")?.node(),
            targetNode: try node.optional("target_node")?.node(),
            persistenceDomain: try node.optional("persistence_domain")?.word() ?? .unknown,
            mappings: try mappings(node), isEnabled: try node.isEnabled(), isReadOnly: false,
            labelling: try node.optional("iset_id") == nil ? .labelless : .labelled,
            badBlocks: try badBlocks(node, device, &limits),
            capabilities: try node.limitedList("capabilities", InventoryReader.capability))
        if region.labelling == .labelled, region.interleaveSetID == nil {
            limits.insert(.noInterleaveSetID(device))
        }
        if region.align == .zero { throw try node.required("align").error("must not be 0") }
        for element in try node.optional("namespaces")?.limitedElements() ?? [] {
            region.namespaces.append(try namespace(element, in: region, &limits))
        }
        if region.isSpannedWithoutLabel { region.labelling = .labelless }
        return region
    }

    private static func mappings(_ node: JSONCursor) throws(JSONError) -> [Mapping] {
        let mappings = try node.limitedList("mappings") { mapping throws(JSONError) in
            Mapping(
                dimm: try mapping.required("dimm").string(),
                offset: ByteCount(try mapping.required("offset").hexadecimal(UInt64.self)),
                length: ByteCount(try mapping.required("length").hexadecimal(UInt64.self)),
                position: try mapping.optional("position")?.node())
        }
        for mapping in mappings
        where max(mapping.offset, mapping.length) > JSONCursor.maximumSize {
            throw try node.required("mappings").error("a mapping is larger than 1 PiB")
        }
        return mappings.sorted { ($0.position ?? .max, $0.dimm) < ($1.position ?? .max, $1.dimm) }
    }

    /// A namespace. ndctl prints the usable size as `size`, the info block's UUID as `uuid`, and a disabled one as
    /// raw, whatever it was configured as.
    static func namespace(
        _ node: JSONCursor, in region: Region, _ limits: inout Set<InventoryLimit>
    ) throws(JSONError) -> Namespace {
        let device = try node.required("dev").string()
        let isActive = try node.state("active")
        let mode: NamespaceMode? = isActive ? try node.optional("mode")?.word() : nil
        let uuid = try node.optional("uuid")?.uuid()
        let isClaimed = isActive && mode != nil && mode != .raw && uuid != nil
        var namespace = Namespace(
            device: device, rawSize: .zero, mode: mode, recordedMode: isClaimed ? mode : nil,
            isActive: isActive)
        let printed = try node.optional("size")?.printedRange(&limits)
        namespace.infoBlockUUID = isClaimed ? uuid : nil
        namespace.labelUUID = try node.optional("raw_uuid")?.uuid() ?? (isClaimed ? nil : uuid)
        namespace.map = mode?.isDirectAccess == true ? try map(node) : nil
        namespace.align = try node.optional("align")?.unit()
        let sectorSize: UInt32? = try node.optional("sector_size")?.integer()
        namespace.sectorSize = mode == .sector || mode == .raw ? sectorSize : nil
        namespace.name = try node.optional("name")?.string()
        namespace.blockDevice = try node.optional("blockdev")?.string()
        namespace.characterDevice = try characterDevice(node)
        namespace.numaNode = try node.optional("numa_node")?.node() ?? region.numaNode
        namespace.targetNode = try node.optional("target_node")?.node() ?? region.targetNode
        namespace.badBlocks = mode == .sector ? [] : try badBlocks(node, device, &limits)
        let isNamed = namespace.labelUUID != nil || uuid == nil || region.labelling == .labelless
        if !isNamed { limits.insert(.noLabelUUID(device)) }
        NdctlRawSize.set(from: printed, on: &namespace, in: region, &limits)
        return namespace
    }

    /// The page map's place; `none`, which a claim without one shows, is nil.
    private static func map(_ node: JSONCursor) throws(JSONError) -> MapLocation? {
        guard let map = try node.optional("map") else { return nil }
        return try map.string() == "none" ? nil : try map.word()
    }

    /// The device of devdax: `chardev`, or with `-X` and `-v` the one in `daxregion`.
    private static func characterDevice(_ node: JSONCursor) throws(JSONError) -> String? {
        if let device = try node.optional("chardev") { return try device.string() }
        let devices = try node.optional("daxregion")?.optional("devices")?.limitedElements() ?? []
        return try devices.first?.optional("chardev")?.string()
    }

    private static func badBlocks(
        _ node: JSONCursor, _ device: String, _ limits: inout Set<InventoryLimit>
    ) throws(JSONError) -> [BadBlocks] {
        let badBlocks = try node.limitedList("badblocks", InventoryReader.badBlocks)
        if badBlocks.isEmpty, try node.optional("badblock_count") != nil {
            limits.insert(.mediaErrorsNotListed(device))
        }
        return badBlocks
    }
}

/// Works a namespace's sizes out from the one that ndctl prints: the usable size of a claimed namespace, the raw size
/// of any other, disabled ones included.
enum NdctlRawSize {
    /// Sets the raw size, and of an active namespace the usable size.
    static func set(
        from printed: ClosedRange<UInt64>?, on namespace: inout Namespace, in region: Region,
        _ limits: inout Set<InventoryLimit>
    ) {
        guard let printed else {
            limits.insert(.noRawSize(namespace.device))
            return
        }
        let size = PrintedSize.roundest(printed)
        namespace.rawSize = size
        namespace.usableSize = namespace.isActive ? size : nil
        guard let mode = namespace.mode, mode != .raw, namespace.infoBlockUUID != nil else { return }
        if let (raw, usable) = derived(from: printed, mode, namespace, in: region) {
            namespace.rawSize = raw
            namespace.usableSize = usable
            limits.insert(.derivedRawSize(namespace.device))
        } else {
            limits.insert(.noRawSize(namespace.device))
        }
    }

    /// The least raw size whose usable size is what is printed, with the usable size: a multiple of the allocation
    /// unit that ndctl and daxprov create with, else of the region's alignment. The allocation is taken to start at a multiple of the namespace's alignment. Nil where none is.
    private static func derived(
        from printed: ClosedRange<UInt64>, _ mode: NamespaceMode, _ namespace: Namespace, in region: Region
    ) -> (raw: ByteCount, usable: ByteCount)? {
        if region.labelling == .labelless, region.size > .zero {
            return (region.size, PrintedSize.roundest(printed))
        }
        let align = namespace.align.flatMap { Alignment($0) }
        let sector = namespace.sectorSize.flatMap { SectorSize($0) }
        let grid = region.align ?? .mib(16)
        let stripe = align.flatMap {
            AllocationUnit.size(regionAlign: grid, align: $0, ways: region.interleaveWays)
        }
        let ways = [LabelVersion.v1_2, .v1_1].map { ($0, stripe ?? grid) } + [(.v1_2, grid), (.v1_1, grid)]
        for (labels, unit) in ways {
            let raw = NamespaceGeometry.rawSize(
                forUsable: ByteCount(printed.lowerBound), unit: unit, start: 0,
                mode: mode, map: namespace.map, align: align, sectorSize: sector, labels: labels)
            guard let raw, raw <= JSONCursor.maximumSize else { continue }
            let usable = NamespaceGeometry.usableSize(
                rawSize: raw, start: 0, mode: mode, map: namespace.map, align: align, sectorSize: sector,
                labels: labels)
            if let usable, printed.contains(usable.bytes) { return (raw, usable) }
        }
        return nil
    }
}

extension Region {
    /// Whether its one namespace has no UUID at all and leaves nothing free: ndctl prints the UUID of every label.
    fileprivate var isSpannedWithoutLabel: Bool {
        guard let namespace = namespaces.first, namespaces.count == 1 else { return false }
        return availableSize == .zero && namespace.rawSize == size && namespace.name == nil
            && namespace.labelUUID == nil && namespace.infoBlockUUID == nil
    }
}
