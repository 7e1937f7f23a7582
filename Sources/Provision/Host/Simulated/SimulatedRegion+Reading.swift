package import ProvisionCore

/// Reading a region of the state file. What a person leaves out gets a plausible value.
extension SimulatedState {
    private static let firstAddress: UInt64 = 0x1_0000_0000

    package mutating func readRegion(_ cursor: JSONCursor, booted: Bool) throws(JSONError) {
        try cursor.allowOnly([
            "dimms", "mappings", "size", "resource", "align", "iset_id", "interleave_granularity",
            "numa_node", "target_node",
            "persistence_domain", "read_only", "badblocks", "has_content", "enabled", "labelling", "seed",
            "claims",
            "namespaces",
        ])
        let mappings = try readMappings(cursor)
        let size = try readSize(cursor, mappings)
        let resource = try cursor.value("resource", default: nextAddress) { address throws(JSONError) in
            try address.writtenAddress()
        }
        let align = SimulatedRegion.defaultAlign(size: size, ways: UInt64(max(mappings.count, 1)))
        var region = SimulatedRegion(resource: resource, size: size, align: align, mappings: mappings)
        try region.readPlatform(cursor, dimms: dimms)
        if booted { try region.readMemory(cursor) } else { region.isEnabled = false }
        let hasLabels = mappings.contains { dimms[$0.dimm].labelVersion != nil }
        region.labelling = booted ? region.labelling : hasLabels ? .labelled : .labelLess
        buses[buses.count - 1].regions.append(region)
        let number = regions.count - 1
        for (index, namespace) in try cursor.elements("namespaces").enumerated() {
            if booted {
                let read = try SimulatedNamespace(saved: namespace)
                update(region: number) { $0.namespaces.append(read) }
            } else {
                try readWrittenNamespace(namespace, index: index, region: number)
            }
        }
    }

    private var nextAddress: UInt64 {
        let ends = regions.map { $0.resource + $0.size.bytes }
        let end = ByteCount(ends.max() ?? Self.firstAddress)
        return end.roundedUp(to: .mib(16))?.bytes ?? end.bytes
    }

    private func readMappings(_ cursor: JSONCursor) throws(JSONError) -> [SimulatedMapping] {
        if try cursor.optional("mappings") != nil { return try readSavedMappings(cursor) }
        let numbers = try cursor.list("dimms") { dimm throws(JSONError) in try dimmNumber(dimm) }
        guard Set(numbers).count == numbers.count else { throw cursor.error("names a DIMM twice") }
        return try divide(numbers, cursor)
    }

    private func readSavedMappings(_ cursor: JSONCursor) throws(JSONError) -> [SimulatedMapping] {
        let mappings = try cursor.list("mappings") { mapping throws(JSONError) in
            try mapping.allowOnly(["dimm", "offset", "length"])
            return SimulatedMapping(
                dimm: try dimmNumber(mapping.required("dimm")),
                offset: try mapping.required("offset").writtenSize(),
                length: try mapping.required("length").writtenSize())
        }
        guard Set(mappings.map(\.length)).count <= 1 else {
            throw cursor.error("has mappings of unequal length")
        }
        return mappings
    }

    /// Gives the region the same length on each DIMM, behind what other regions have of them.
    private func divide(_ numbers: [Int], _ cursor: JSONCursor) throws(JSONError) -> [SimulatedMapping] {
        guard !numbers.isEmpty else { return [] }
        let used = numbers.map { number in
            regions.flatMap(\.mappings).filter { $0.dimm == number }.reduce(.zero) {
                max($0, $1.offset + $1.length)
            }
        }
        let free = zip(numbers, used).map { max(dimms[$0].size, $1) - $1 }.min() ?? .zero
        let asked = try cursor.value("size") { size throws(JSONError) in try size.writtenSize() }
        let length = asked.map { $0 / UInt64(numbers.count) } ?? free
        guard length > .zero, length <= free else {
            throw cursor.error("needs more capacity than its DIMMs have left, \(free) each")
        }
        return zip(numbers, used).map { SimulatedMapping(dimm: $0, offset: $1, length: length) }
    }

    private func dimmNumber(_ cursor: JSONCursor) throws(JSONError) -> Int {
        let id = try cursor.string()
        guard let number = dimms.firstIndex(where: { $0.id == id }) else {
            throw cursor.error("is no DIMM of this file: \(id)")
        }
        return number
    }

    private func readSize(_ cursor: JSONCursor, _ mappings: [SimulatedMapping]) throws(JSONError) -> ByteCount
    {
        let total = mappings.reduce(.zero) { $0 + $1.length }
        guard mappings.isEmpty else { return total }
        let size = try cursor.required("size").writtenSize()
        guard size > .zero else { throw cursor.error("has no capacity") }
        return size
    }
}

extension SimulatedRegion {
    /// What the platform says about the region.
    fileprivate mutating func readPlatform(_ cursor: JSONCursor, dimms: [SimulatedDimm]) throws(JSONError) {
        let cookie = mappings.isEmpty ? nil : Self.cookie(of: mappings.map { dimms[$0.dimm].id })
        interleaveSetID = try cursor.value("iset_id", default: cookie) { id throws(JSONError) in
            try id.hexadecimal()
        }
        granularity = try cursor.value("interleave_granularity") { size throws(JSONError) in
            try size.writtenSize()
        }
        numaNode = try cursor.value("numa_node") { node throws(JSONError) in try node.integer() }
        targetNode = try cursor.value("target_node") { node throws(JSONError) in try node.integer() }
        persistenceDomain = try cursor.value("persistence_domain", default: .unknown) {
            domain throws(JSONError) in
            try domain.word()
        }
        let isUnarmed = mappings.contains { dimms[$0.dimm].flags.contains(.failedArm) }
        isReadOnly = try cursor.value("read_only", default: isUnarmed) { flag throws(JSONError) in
            try flag.bool()
        }
        hasContent = try cursor.value("has_content", default: false) { flag throws(JSONError) in
            try flag.bool()
        }
        badBlocks = try cursor.list("badblocks") { range throws(JSONError) in
            try range.allowOnly(["offset", "length"])
            return BadBlocks(
                offset: try range.required("offset").integer(), length: try range.required("length").integer()
            )
        }
    }

    /// What only the kernel's memory holds.
    fileprivate mutating func readMemory(_ cursor: JSONCursor) throws(JSONError) {
        align = try cursor.required("align").writtenSize()
        guard align > .zero, align.isMultiple(of: ByteCount(ways)) else {
            throw cursor.error("has an align that its \(ways) DIMMs do not divide")
        }
        isEnabled = try cursor.required("enabled").bool()
        labelling = try cursor.required("labelling").word()
        seed = try cursor.value("seed") { seed throws(JSONError) in try seed.integer() }
        for claim in try cursor.elements("claims") {
            claims[try claim.required("kind").word()] = try SimulatedClaim(claim)
        }
    }

    /// A cookie that follows from the DIMMs: FNV-1a over their ids.
    private static func cookie(of ids: [String]) -> UInt64 {
        ids.joined(separator: ",").utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension SimulatedClaim {
    fileprivate init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.allowOnly(["kind", "uuid", "map", "align", "sector_size", "namespace"])
        self.init()
        uuid = try cursor.value("uuid") { uuid throws(JSONError) in try uuid.uuid() }
        map = try cursor.value("map") { map throws(JSONError) in try map.word() }
        align = try cursor.alignment("align") ?? .huge
        sectorSize = try cursor.sectorSize("sector_size")
        namespace = try cursor.value("namespace") { number throws(JSONError) in try number.integer() }
    }
}
