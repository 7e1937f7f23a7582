package import ProvisionCore

/// The dax regions of a state file.
extension SimulatedState {
    /// Reads `dax_regions`, `dax_binding`, `soft_reserved_kept` and `memory_hotplug`. Where there are regions, blocks of 128 MiB that stay offline are the default.
    package mutating func readDaxRegions(_ host: JSONCursor) throws(JSONError) {
        let elements = try host.elements("dax_regions")
        daxBinding = try host.value("dax_binding", default: .exact) { word throws(JSONError) in
            try word.word()
        }
        keepsSoftReserved = try host.value("soft_reserved_kept") { kept throws(JSONError) in try kept.bool() }
        if let cursor = try host.optional("memory_hotplug") {
            try cursor.allowOnly([
                "block_size", "auto_online_blocks", "auto_online_blocks_at_boot", "memmap_on_memory",
            ])
            memmapOnMemory = try cursor.value("memmap_on_memory", default: .absent) {
                word throws(JSONError) in
                try word.word()
            }
            let size = try cursor.required("block_size").writtenSize()
            guard size > .zero else { throw cursor.error("has blocks of no size") }
            memoryHotplug = MemoryHotplug(
                blockSize: size,
                policy: try cursor.value("auto_online_blocks") { word throws(JSONError) in try word.string() }
            )
            memoryPolicyAtBoot = try cursor.value("auto_online_blocks_at_boot") { word throws(JSONError) in
                try word.string()
            }
        } else if !elements.isEmpty {
            memoryHotplug = MemoryHotplug(blockSize: .mib(128), policy: "offline")
        }
        for (number, element) in elements.enumerated() {
            try element.allowOnly([
                "path", "id", "start", "size", "align", "numa_node", "target_node", "devices",
            ])
            daxRegions.append(try daxRegion(element, number))
        }
    }

    private func daxRegion(_ cursor: JSONCursor, _ number: Int) throws(JSONError) -> DaxRegion {
        var region = DaxRegion(
            path: try cursor.value("path", default: "/platform/hmem.\(number)") { path throws(JSONError) in
                try path.string()
            },
            id: try cursor.value("id", default: number) { id throws(JSONError) in try id.node() },
            kind: .dynamic, size: try cursor.required("size").writtenSize(),
            start: try cursor.required("start").writtenAddress())
        guard !daxRegions.contains(where: { $0.path == region.path }) else {
            throw cursor.error("has the path of another region, \(region.path)")
        }
        region.align = try cursor.value("align", default: .mib(2)) { size throws(JSONError) in
            try size.writtenSize()
        }
        let numaNode = try cursor.value("numa_node") { node throws(JSONError) in try node.node() }
        let targetNode = try cursor.value("target_node") { node throws(JSONError) in try node.node() }
        if let devices = try cursor.optional("devices") {
            for device in try devices.elements() { region.devices.append(try daxDevice(device, of: region)) }
        } else {
            region.makeSpanningDevice()
        }
        for index in region.devices.indices {
            region.devices[index].numaNode = numaNode
            region.devices[index].targetNode = targetNode
        }
        region.count()
        return region
    }

    private func daxDevice(_ cursor: JSONCursor, of region: DaxRegion) throws(JSONError) -> DaxRegion.Device {
        try cursor.allowOnly([
            "number", "driver", "align", "ranges", "online", "zone", "memmap_on_memory", "rights",
        ])
        let number = try cursor.required("number").integer(UInt16.self)
        var device = DaxRegion.Device(name: "dax\(region.id).\(number)", size: .zero)
        guard !region.devices.contains(where: { $0.name == device.name }) else {
            throw cursor.error("has the number of another device, \(number)")
        }
        device.align =
            try cursor.value("align") { size throws(JSONError) in try size.writtenSize() } ?? region.align
        device.driver = try cursor.value("driver") { driver throws(JSONError) in try driver.string() }
        var taken = region.devices.flatMap { $0.mappings ?? [] }.map(\.range)
        var mappings: [DaxRegion.Mapping] = []
        for item in try cursor.elements("ranges") {
            try item.allowOnly(["start", "size"])
            let start = try item.required("start").writtenAddress()
            let range = start..<(start + (try item.required("size").writtenSize()).bytes)
            guard !range.isEmpty, let whole = region.range, range.clamped(to: whole) == range else {
                throw item.error("does not lie in the region")
            }
            guard !taken.contains(where: { $0.overlaps(range) }) else {
                throw item.error("overlaps another range")
            }
            taken.append(range)
            mappings.append(DaxRegion.Mapping(range: range, pageOffset: device.size.bytes / 4096))
            device.size += ByteCount(UInt64(range.count))
        }
        device.mappings = mappings
        if let rights = try cursor.optional("rights") { device.rights.node = try NodeRights(rights) }
        guard device.mode == .systemRAM, let memoryHotplug else { return device }
        let online = try cursor.value("online", default: 0) { count throws(JSONError) in try count.count() }
        let zone = try cursor.value("zone", default: "Movable") { zone throws(JSONError) in try zone.string()
        }
        if memmapOnMemory != .absent {
            device.memmapOnMemory = try cursor.value("memmap_on_memory", default: false) {
                isOn throws(JSONError) in try isOn.bool()
            }
        }
        device.setBlocks(memoryHotplug, online: UInt64(online), zone: zone)
        return device
    }

    /// Leaves what a boot of Linux 6.1 makes of the regions: a device that spans each. Nothing of them is persistent.
    package mutating func rebootDaxRegions() {
        if let memoryPolicyAtBoot { memoryHotplug?.policy = memoryPolicyAtBoot }
        memoryPolicyAtBoot = nil
        for index in daxRegions.indices {
            let nodes = daxRegions[index].devices.first
            daxRegions[index].makeSpanningDevice()
            daxRegions[index].devices[0].numaNode = nodes?.numaNode
            daxRegions[index].devices[0].targetNode = nodes?.targetNode
            daxRegions[index].count()
        }
        followRules()
    }

    /// Adds what ``readDaxRegions(_:)`` reads.
    package func setDaxRegions(in host: inout JSONValue) {
        if !daxRegions.isEmpty { host.set("dax_regions", .array(of: daxRegions) { Self.daxJSON($0) }) }
        if daxBinding != .exact { host.set("dax_binding", daxBinding.rawValue) }
        host.set("soft_reserved_kept", keepsSoftReserved)
        guard let memoryHotplug else { return }
        var node = JSONValue.object()
        node.set("block_size", memoryHotplug.blockSize.description)
        node.set("auto_online_blocks", memoryHotplug.policy)
        node.set("auto_online_blocks_at_boot", memoryPolicyAtBoot)
        if memmapOnMemory != .absent { node.set("memmap_on_memory", memmapOnMemory.rawValue) }
        host.set("memory_hotplug", node)
    }

    private static func daxJSON(_ region: DaxRegion) -> JSONValue {
        var node = JSONValue.object()
        node.set("path", region.path)
        node.set("id", region.id)
        node.set("start", region.start.map(Hexadecimal.number))
        node.set("size", region.size.description)
        node.set("align", region.align?.description)
        node.set("numa_node", region.devices.first?.numaNode)
        node.set("target_node", region.devices.first?.targetNode)
        node.set("devices", .array(of: region.devices) { daxJSON($0) })
        return node
    }

    private static func daxJSON(_ device: DaxRegion.Device) -> JSONValue {
        var node = JSONValue.object()
        node.set("number", device.number)
        node.set("driver", device.driver)
        node.set("align", device.align?.description)
        node.set("ranges", json((device.mappings ?? []).map(\.range)))
        if device.rights != .none { node.set("rights", device.rights.node.json) }
        if let memory = device.memory, memory.online > 0 {
            node.set("online", memory.online)
            node.set("zone", device.memoryBlocks?.first?.zone)
        }
        node.setFlag("memmap_on_memory", if: device.memmapOnMemory == true)
        return node
    }
}

extension DaxRegion {
    /// The device that the kernel makes of a whole region at a boot.
    fileprivate mutating func makeSpanningDevice() {
        let mapping = range.map { Mapping(range: $0, pageOffset: 0) }
        devices = [
            Device(
                name: "dax\(id).0", size: size, align: align, driver: "device_dax",
                mappings: mapping.map { [$0] } ?? [])
        ]
    }

    /// Counts what is free.
    mutating func count() {
        availableSize = size - devices.reduce(.zero) { $0 + $1.size }
        devices.sort { $0.number < $1.number }
    }
}

extension DaxRegion.Device {
    /// The number behind the point of its name.
    var number: Int { name.split(separator: ".").last.flatMap { Int($0) } ?? 0 }

    /// Gives it its memory blocks, the first so many of them online in a zone.
    mutating func setBlocks(_ hotplug: MemoryHotplug, online: UInt64, zone: String) {
        var left = online
        var runs: [DaxRegion.BlockRun] = []
        for numbers in (mappings ?? []).map({ hotplug.blocks(in: $0.range) }) {
            let split = numbers.lowerBound + min(left, UInt64(numbers.count))
            left -= split - numbers.lowerBound
            if split > numbers.lowerBound {
                runs.append(.init(numbers: numbers.lowerBound..<split, state: "online", zone: zone))
            }
            if split < numbers.upperBound {
                runs.append(.init(numbers: split..<numbers.upperBound, state: "offline"))
            }
        }
        memoryBlocks = runs
    }
}
