package import ProvisionCore

/// Reading a namespace of the state file.
extension SimulatedNamespace {
    /// A namespace as the simulator saved it.
    package init(saved cursor: JSONCursor) throws(JSONError) {
        try cursor.allowOnly([
            "number", "uuid", "name", "offset", "size", "holder_class", "sector_size", "force_raw", "active",
            "written", "memory", "memmap_on_memory", "node_rights",
        ])
        self.init(number: try cursor.required("number").integer())
        uuid = try cursor.value("uuid") { uuid throws(JSONError) in try uuid.uuid() }
        name = try cursor.value("name", default: "") { name throws(JSONError) in try name.string() }
        offset = try cursor.value("offset", default: .zero) { offset throws(JSONError) in
            try offset.writtenSize()
        }
        size = try cursor.value("size", default: .zero) { size throws(JSONError) in try size.writtenSize() }
        holderClass = try cursor.value("holder_class") { kind throws(JSONError) in try kind.word() }
        sectorSize = try cursor.value("sector_size", default: 0) { size throws(JSONError) in
            try size.integer()
        }
        isForcedRaw = try cursor.value("force_raw", default: false) { raw throws(JSONError) in try raw.bool()
        }
        isActive = try cursor.value("active", default: false) { active throws(JSONError) in try active.bool()
        }
        isWritten = try cursor.value("written", default: false) { written throws(JSONError) in
            try written.bool()
        }
        memory = try cursor.value("memory") { memory throws(JSONError) in try memory.word() }
        hasMemmapOnMemory = try cursor.value("memmap_on_memory", default: false) { isOn throws(JSONError) in
            try isOn.bool()
        }
        nodeRights = try cursor.value("node_rights") { rights throws(JSONError) in
            try NodeRights(rights)
        }
    }
}

extension SimulatedState {
    /// A namespace as a person writes it: it is given a place, a label and an info block.
    package mutating func readWrittenNamespace(
        _ cursor: JSONCursor, index: Int, region number: Int
    ) throws(JSONError) {
        try cursor.allowOnly([
            "name", "uuid", "size", "offset", "mode", "recorded_mode", "map", "align", "sector_size",
            "info_block_uuid", "active",
        ])
        let region = regions[number]
        var namespace = SimulatedNamespace(number: index)
        if region.labelling == .labelled {
            try readLabel(cursor, &namespace, region: number)
        } else {
            namespace.size = region.size
            guard index == 0 else {
                throw cursor.error("is too many: a label-less region holds one namespace")
            }
        }
        namespace.isActive = try cursor.value("active", default: true) { active throws(JSONError) in
            try active.bool()
        }
        try writeInfoBlock(cursor, &namespace, region: number)
        update(region: number) { $0.namespaces.append(namespace) }
    }

    private func readLabel(
        _ cursor: JSONCursor, _ namespace: inout SimulatedNamespace, region number: Int
    ) throws(JSONError) {
        var region = regions[number]
        let name = try cursor.value("name") { name throws(JSONError) in try name.string() }
        if let name, NamespaceName(name) == nil { throw cursor.error("has a name that no label can hold") }
        namespace.name = name ?? ""
        let uuid = Self.identity(region: number, index: namespace.number, variant: 0)
        namespace.uuid = try cursor.value("uuid", default: uuid) { uuid throws(JSONError) in try uuid.uuid() }
        namespace.size = try cursor.required("size").writtenSize()
        guard namespace.size > .zero, namespace.size.isMultiple(of: region.align) else {
            throw cursor.error("has a size that is no multiple of the region's alignment, \(region.align)")
        }
        region.isEnabled = true
        let offset = try cursor.value("offset") { offset throws(JSONError) in try offset.writtenSize() }
        guard let place = offset ?? region.firstFit(namespace.size) else {
            throw cursor.error("does not fit: the largest free extent is \(region.maxAvailableExtent)")
        }
        namespace.offset = place
        try requireFree(cursor, namespace, in: region)
    }

    private func requireFree(
        _ cursor: JSONCursor, _ namespace: SimulatedNamespace, in region: SimulatedRegion
    ) throws(JSONError) {
        let extent = Extent(offset: namespace.offset, length: namespace.size)
        guard let end = namespace.offset.adding(namespace.size), end <= region.size else {
            throw cursor.error("ends behind the region's end")
        }
        for other in region.namespaces where Extent(offset: other.offset, length: other.size).overlaps(extent)
        {
            throw cursor.error("overlaps the namespace at offset \(other.offset)")
        }
        if regions.flatMap(\.namespaces).contains(where: { $0.uuid == namespace.uuid }) {
            throw cursor.error("has the UUID of another namespace")
        }
    }

    private mutating func writeInfoBlock(
        _ cursor: JSONCursor, _ namespace: inout SimulatedNamespace, region number: Int
    ) throws(JSONError) {
        let region = regions[number]
        let mode = try cursor.value("mode", default: NamespaceMode.raw) { mode throws(JSONError) in
            try mode.word()
        }
        let kind = SimulatedClaimKind(mode)
        let recorded = try cursor.value("recorded_mode", default: mode) { mode throws(JSONError) in
            try mode.word()
        }
        if labels(of: region) == .v1_2 { namespace.holderClass = SimulatedClaimKind(recorded) }
        guard let kind else { return }
        let uuid = Self.identity(region: number, index: namespace.number, variant: 1)
        let map = try cursor.value("map", default: MapLocation.dev) { map throws(JSONError) in try map.word()
        }
        let align = try cursor.alignment("align") ?? .huge
        let sectorSize = try cursor.sectorSize("sector_size") ?? .sectorModeDefault
        let block = SimulatedInfoBlock(
            kind: kind,
            uuid: try cursor.value("info_block_uuid", default: uuid) { uuid throws(JSONError) in
                try uuid.uuid()
            },
            parent: namespace.uuid, map: kind == .btt ? nil : map, align: kind == .btt ? nil : align,
            sectorSize: kind == .btt ? sectorSize : nil)
        let start = region.resource + namespace.offset.bytes
        infoBlocks[kind == .btt && labels(of: region) == .v1_2 ? start : start + 4096] = block
    }

    /// The UUID of a namespace for which the file gives none: from its place in the file.
    private static func identity(region: Int, index: Int, variant: UInt8) -> UUID {
        var place = SimulatedPlace(state: UInt64(variant) << 56 | UInt64(region) << 32 | UInt64(index))
        return .random(using: &place)
    }
}

/// A generator that spreads one number: what it gives follows from that number alone (SplitMix64).
private struct SimulatedPlace: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
