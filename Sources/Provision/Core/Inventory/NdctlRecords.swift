/// The records of `ndctl list` (ndctl/json.c, ndctl/list.c) as parts of an observed host.
package enum NdctlRecords {
    package static func bus(_ node: JSONCursor) throws(JSONError) -> Bus {
        Bus(
            device: try node.required("dev").string(),
            provider: try node.required("provider").string(),
            scrubState: try node.optional("scrub_state")?.word(), dimms: [], regions: [])
    }

    package static func dimm(_ node: JSONCursor) throws(JSONError) -> Dimm {
        Dimm(
            device: try node.required("dev").string(),
            uniqueID: try node.optional("id")?.string(),
            handle: try node.toldNumber("handle"), physicalID: try node.toldNumber("phys_id"),
            isEnabled: try node.isEnabled(), flags: try node.flags(),
            security: try node.optional("security")?.word(),
            isSecurityFrozen: try node.optional("security_frozen")?.bool() ?? false, labelArea: nil,
            health: try DimmHealth.of(dimm: node))
    }

    package static func region(
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
            labelling: try node.optional("iset_id") == nil ? .labelLess : .labelled,
            badBlocks: try badBlocks(node, device, &limits),
            capabilities: try node.limitedList("capabilities", InventoryReader.capability))
        if region.labelling == .labelled, region.interleaveSetID == nil {
            limits.insert(.noInterleaveSetID(device))
        }
        if region.align == nil { limits.insert(.noRegionAlign(device)) }
        if region.align == .zero { throw try node.required("align").error("must not be 0") }
        for element in try node.optional("namespaces")?.limitedElements() ?? [] {
            guard let namespace = try namespace(element, in: region, &limits) else { continue }
            region.namespaces.append(namespace)
        }
        let isTold = region.namespaces.allSatisfy { !limits.contains(.noLabelUUID($0.device)) }
        if isTold, region.isSpannedWithoutLabel { region.labelling = .labelLess }
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

    /// A namespace; nil for an idle object without a size, which `-i` lists: each region's seed, a recycled object with a
    /// stale name, a failed creation with its UUID.
    ///
    /// ndctl prints the usable size as `size`, the info block's UUID as `uuid`, and a disabled one as raw, whatever it was
    /// configured as.
    package static func namespace(
        _ node: JSONCursor, in region: Region, _ limits: inout Set<InventoryLimit>
    ) throws(JSONError) -> Namespace? {
        let device = try node.required("dev").string()
        let printed = try node.optional("size")?.printedRange(&limits)
        guard printed?.upperBound != 0 else { return nil }
        let isActive = try node.state("active")
        let mode = isActive ? try mode(node) : nil
        let uuid = try node.toldUUID("uuid")
        let labelUUID = try node.toldUUID("raw_uuid")
        let isClaimed = isActive && mode != nil && mode != .raw && uuid != .none
        var namespace = Namespace(
            device: device, rawSize: .zero, mode: mode, recordedMode: isClaimed ? mode : nil,
            isActive: isActive)
        namespace.infoBlockUUID = isClaimed ? uuid.value : nil
        namespace.labelUUID = labelUUID.value ?? (isClaimed ? nil : uuid.value)
        namespace.map = mode?.isDirectAccess == true ? try map(node) : nil
        namespace.align = try node.optional("align")?.unit()
        let sectorSize: UInt32? = try node.optional("sector_size")?.integer()
        namespace.sectorSize = mode == .sector || mode == .raw ? sectorSize : nil
        namespace.name = try node.optional("name")?.string()
        namespace.blockDevice = try node.optional("blockdev")?.string()
        namespace.characterDevice = try characterDevice(node)
        namespace.daxDevice = isActive ? try daxDevice(node) : nil
        namespace.numaNode = try node.optional("numa_node")?.node() ?? region.numaNode
        namespace.targetNode = try node.optional("target_node")?.node() ?? region.targetNode
        namespace.badBlocks = mode == .sector ? [] : try badBlocks(node, device, &limits)
        let isNamed =
            namespace.labelUUID != nil || region.labelling == .labelLess
            || (uuid == .none && labelUUID == .none)
        if !isNamed { limits.insert(.noLabelUUID(device)) }
        NdctlRawSize.set(from: printed, isClaimed: isClaimed, on: &namespace, in: region, &limits)
        return namespace
    }

    /// The mode. Before version 60 ndctl said `memory`, `dax` and `safe`, as the kernel does.
    private static func mode(_ node: JSONCursor) throws(JSONError) -> NamespaceMode? {
        guard let mode = try node.optional("mode") else { return nil }
        switch try mode.string() {
        case "memory": return .fsdax
        case "dax": return .devdax
        case "safe": return .sector
        default: return try mode.word()
        }
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

    /// What holds the device of devdax, with `-X` or `-v`. ndctl names no driver, and calls every device devdax that is
    /// not system memory.
    private static func daxDevice(_ node: JSONCursor) throws(JSONError) -> DaxDevice? {
        let devices = try node.optional("daxregion")?.optional("devices")?.limitedElements() ?? []
        guard let device = devices.first, let mode = try device.optional("mode")?.string() else { return nil }
        if try device.optional("state")?.string() == "disabled" { return DaxDevice(.disabled) }
        guard mode == DaxDevice.Mode.systemRAM.rawValue else {
            return DaxDevice(mode == DaxDevice.Mode.devdax.rawValue ? .devdax : .other)
        }
        var found = DaxDevice(.systemRAM)
        if let total = try device.optional("total_memblocks")?.count() {
            found.memory = DaxDevice.Memory(
                online: try device.optional("online_memblocks")?.count() ?? 0, total: total,
                isMovable: try device.optional("movable")?.bool())
        }
        return found
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
package enum NdctlRawSize {
    /// Sets the raw size, and of an active namespace the usable size.
    package static func set(
        from printed: ClosedRange<UInt64>?, isClaimed: Bool, on namespace: inout Namespace,
        in region: Region, _ limits: inout Set<InventoryLimit>
    ) {
        guard let printed else {
            limits.insert(.noRawSize(namespace.device))
            return
        }
        let size = PrintedSize.roundest(printed)
        namespace.rawSize = size
        namespace.usableSize = namespace.isActive ? size : nil
        guard isClaimed, let layout = Layout(namespace.configuration) else { return }
        if let (raw, usable) = derived(from: printed, layout, in: region) {
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
        from printed: ClosedRange<UInt64>, _ layout: Layout, in region: Region
    ) -> (raw: ByteCount, usable: ByteCount)? {
        if region.labelling == .labelLess, region.size > .zero {
            return (region.size, PrintedSize.roundest(printed))
        }
        let grid = region.align ?? .mib(16)
        let stripe = layout.align.flatMap {
            AllocationUnit.size(regionAlign: grid, align: $0, ways: region.interleaveWays)
        }
        let ways = [LabelVersion.v1_2, .v1_1].map { ($0, stripe ?? grid) } + [(.v1_2, grid), (.v1_1, grid)]
        for (labels, unit) in ways {
            let raw = NamespaceGeometry.rawSize(
                of: layout, forUsable: ByteCount(printed.lowerBound), unit: unit, start: 0, labels: labels)
            guard let raw, raw <= JSONCursor.maximumSize else { continue }
            let usable = NamespaceGeometry.usableSize(of: layout, rawSize: raw, start: 0, labels: labels)
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
