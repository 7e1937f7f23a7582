import Glibc
package import ProvisionCore

/// One store to a dynamic dax region of the simulated kernel. Devices go by the kernel's names, which are unique on a host.
package enum SimulatedDaxStore: Equatable, Sendable {
    /// `create` of the region that begins at an address.
    case create(start: UInt64)
    /// `delete` of the device's region.
    case delete(String)
    /// `align` of the device.
    case align(String, ByteCount)
    /// `size` of the device.
    case size(String, ByteCount)
    /// `mapping` of the device.
    case map(String, Range<UInt64>)
    /// The driver of the device, and the state of its memory blocks; nil: none.
    case driver(String, DeviceUse?)
    /// Zeroes written through a mapping of the device.
    case zero(String)
    /// The rights of the device's node.
    case rights(String, NodeRights)
    /// The rule for the device that has just this memory; nil: none.
    case rule([Range<UInt64>], NodeRights?)

    /// The device that the store goes to; nil: the region.
    package var device: String? {
        switch self {
        case .create, .rule: nil
        case .delete(let device), .align(let device, _), .size(let device, _), .map(let device, _),
            .driver(let device, _), .zero(let device), .rights(let device, _):
            device
        }
    }

    /// What is being done, as a verb phrase.
    package var operation: String {
        switch self {
        case .create: "make a device"
        case .delete(let device): "remove \(device)"
        case .align(let device, _): "set the alignment of \(device)"
        case .size(let device, let size): "set the size of \(device) to \(size)"
        case .map(let device, let range):
            "give \(device) \(ByteCount(UInt64(range.count))) at \(Hexadecimal.number(range.lowerBound))"
        case .driver(let device, nil): "unbind \(device)"
        case .driver(let device, let use?): "make \(device) \(use.text)"
        case .zero(let device): "fill \(device) with zeroes"
        case .rights(let device, let rights): "give the node of \(device) \(rights.text)"
        case .rule(let ranges, nil): "remove the rule for the memory at \(Self.text(ranges))"
        case .rule(let ranges, let rights?):
            "write the rule \(rights.text) for the memory at \(Self.text(ranges))"
        }
    }
}

extension SimulatedDaxStore {
    private static func text(_ ranges: [Range<UInt64>]) -> String {
        ranges.map { Hexadecimal.number($0.lowerBound) }.joined(separator: " and ")
    }
}

/// What a kernel of Linux 6.1 does with each (drivers/dax/bus.c), but for ``SimulatedDaxBinding``.
extension SimulatedState {
    package mutating func apply(_ store: SimulatedDaxStore) throws(SimulatedRefusal) {
        if case .create(let start) = store {
            guard let index = daxRegions.firstIndex(where: { $0.start == start }) else {
                throw SimulatedRefusal(ENODEV)
            }
            return try daxRegions[index].makeDevice()
        }
        if case .rule(let ranges, let rights) = store {
            deviceRules[.memory(ranges)] = rights
            return followRules()
        }
        guard let name = store.device,
            let index = daxRegions.firstIndex(where: { $0.devices.contains { $0.name == name } }),
            let number = daxRegions[index].devices.firstIndex(where: { $0.name == name })
        else { throw SimulatedRefusal(ENODEV) }
        let device = daxRegions[index].devices[number]
        switch store {
        case .create, .rule: return
        case .rights(_, let rights): daxRegions[index].devices[number].rights.node = rights
        case .driver(_, let use):
            if let use, device.driver == nil, daxBinding == .byID { bindOthers(besides: name, as: use) }
            try setDriver(use, ofDevice: number, inRegion: index)
        case .zero:
            guard device.mode == .devdax else { throw SimulatedRefusal(ENXIO) }
            for range in (device.mappings ?? []).map(\.range) { forgetPages(in: range) }
        case .delete:
            if device.driver != nil || device.size > .zero || device.isFirst { throw SimulatedRefusal(EBUSY) }
            daxRegions[index].devices.remove(at: number)
        case .align(_, let align):
            if device.driver != nil { throw SimulatedRefusal(EBUSY) }
            let isPossible = [ByteCount.kib(4), .mib(2), .gib(1)].contains(align)
            let fits = (device.mappings ?? []).allSatisfy {
                UInt64($0.range.count).isMultiple(of: align.bytes)
            }
            guard isPossible, fits else { throw SimulatedRefusal(EINVAL) }
            daxRegions[index].devices[number].align = align
        case .size(_, let size):
            if device.driver != nil { throw SimulatedRefusal(EBUSY) }
            try daxRegions[index].setSize(size, of: number)
        case .map(_, let range):
            let unit = max(device.align ?? .mib(2), .mib(2))
            if !UInt64(range.count).isMultiple(of: unit.bytes) { throw SimulatedRefusal(ENXIO) }
            try daxRegions[index].add(range, to: number)
        }
        daxRegions[index].count()
        followRules()
    }

    private mutating func setDriver(
        _ use: DeviceUse?, ofDevice number: Int, inRegion index: Int
    ) throws(SimulatedRefusal) {
        try bind(use, to: daxRegions[index].devices[number])
        daxRegions[index].devices[number].bind(use, memoryHotplug)
        if use?.isSystemRAM == true, memmapOnMemory != .absent {
            daxRegions[index].devices[number].memmapOnMemory = use?.hasMemmapOnMemory
        }
        if use != nil { daxRegions[index].devices[number].getRights(by: deviceRules) }
    }

    /// Gives every other device that has memory and no driver the driver of a use, in whatever region. One that the driver refuses stays
    /// without.
    private mutating func bindOthers(besides name: String, as use: DeviceUse) {
        let taken = use.isSystemRAM ? DeviceUse.systemRAM(.none) : use
        for index in daxRegions.indices {
            for number in daxRegions[index].devices.indices {
                let device = daxRegions[index].devices[number]
                guard device.name != name, device.driver == nil, device.size > .zero else { continue }
                try? setDriver(taken, ofDevice: number, inRegion: index)
            }
        }
    }

    private mutating func bind(_ use: DeviceUse?, to device: DaxRegion.Device) throws(SimulatedRefusal) {
        guard let use else { return }
        if device.size == .zero { throw SimulatedRefusal(ENXIO) }
        guard use.isSystemRAM else { return }
        try admit(use, insteadOf: device.holder.use)
        let blocks = device.mappings.flatMap { mappings in
            memoryHotplug.map { hotplug in mappings.flatMap { Array(hotplug.blocks(in: $0.range)) } }
        }
        guard device.targetNode != nil, let blocks, !blocks.isEmpty else { throw SimulatedRefusal(EINVAL) }
        guard use.isOnline, let unit = memoryHotplug?.blockSize.bytes else { return }
        for block in blocks { kernelWrites(to: block * unit..<(block + 1) * unit) }
    }
}

extension DaxRegion {
    fileprivate mutating func makeDevice() throws(SimulatedRefusal) {
        if availableSize == .zero { throw SimulatedRefusal(ENOSPC) }
        let numbers = Set(devices.map(\.number))
        guard let number = (0...devices.count).first(where: { !numbers.contains($0) }) else { return }
        var device = Device(name: "dax\(id).\(number)", size: .zero, align: align, mappings: [])
        device.targetNode = devices.first?.targetNode
        device.numaNode = devices.first?.numaNode
        devices.append(device)
        count()
    }

    /// Ends the device earlier, or gives it the lowest gaps.
    fileprivate mutating func setSize(_ size: ByteCount, of number: Int) throws(SimulatedRefusal) {
        let device = devices[number]
        let unit = max(device.align ?? .mib(2), .mib(2))
        guard size.isMultiple(of: unit) else { throw SimulatedRefusal(EINVAL) }
        var ranges = (device.mappings ?? []).map(\.range)
        if size <= device.size {
            ranges = ranges.prefix(bytes: size)
        } else {
            var missing = size - device.size
            for gap in freeRanges ?? [] where missing > .zero {
                let length = min(missing, ByteCount(UInt64(gap.count)))
                ranges.append(gap.lowerBound..<(gap.lowerBound + length.bytes))
                missing -= length
            }
            guard missing == .zero else { throw SimulatedRefusal(ENOSPC) }
            if ranges.count > 1, ranges[ranges.count - 2].upperBound == ranges[ranges.count - 1].lowerBound {
                ranges = Array(ranges.dropLast(2)) + ranges.suffix(2).joined
            }
        }
        devices[number].set(ranges)
    }

    fileprivate mutating func add(_ range: Range<UInt64>, to number: Int) throws(SimulatedRefusal) {
        guard let free = freeRanges, free.contains(where: { $0.clamped(to: range) == range }) else {
            throw SimulatedRefusal(ENOMEM)
        }
        devices[number].set((devices[number].mappings ?? []).map(\.range) + [range])
    }
}

extension DaxRegion.Device {
    /// Gives it ranges, in the order of their offsets.
    fileprivate mutating func set(_ ranges: [Range<UInt64>]) {
        size = ranges.size
        var offset: UInt64 = 0
        mappings = ranges.map { range in
            defer { offset += UInt64(range.count) / 4096 }
            return DaxRegion.Mapping(range: range, pageOffset: offset)
        }
    }

    fileprivate mutating func bind(_ use: DeviceUse?, _ hotplug: MemoryHotplug?) {
        memmapOnMemory = nil
        switch use {
        case nil: driver = nil
        case .devdax?: driver = "device_dax"
        case .systemRAM(let online, _)?:
            driver = "kmem"
            guard let hotplug else { return }
            setBlocks(
                hotplug, online: online == .none ? 0 : .max, zone: online == .kernel ? "Normal" : "Movable")
        }
    }
}

/// Stores as lines of JSON.
extension SimulatedDaxStore {
    /// Adds what tells it from others.
    package func describe(in node: inout JSONValue) {
        node.set("device", device)
        switch self {
        case .create(let start):
            node.set("store", "dax_create")
            node.set("start", start)
        case .delete: node.set("store", "dax_delete")
        case .align(_, let align):
            node.set("store", "dax_align")
            node.set("size", align)
        case .size(_, let size):
            node.set("store", "dax_size")
            node.set("size", size)
        case .map(_, let range):
            node.set("store", "dax_map")
            node.set("start", range.lowerBound)
            node.set("size", UInt64(range.count))
        case .driver(_, let use):
            node.set("store", "dax_driver")
            switch use {
            case nil: break
            case .devdax?: node.set("mode", DeviceMode.devdax.rawValue)
            case .systemRAM(let online, let memmapOnMemory)?:
                node.set("mode", DeviceMode.systemRAM.rawValue)
                node.set("online", online.rawValue)
                node.setFlag("memmap_on_memory", if: memmapOnMemory)
            }
        case .zero: node.set("store", "dax_zero")
        case .rights(_, let rights):
            node.set("store", "dax_rights")
            node.set("rights", rights.json)
        case .rule(let ranges, let rights):
            node.set("store", "dax_rule")
            node.set("ranges", each: ranges, DeviceLayout.node)
            if let rights { node.set("rights", rights.json) }
        }
    }

    /// Reads what ``describe(in:)`` writes; nil where the word is none of its.
    package init?(_ word: String, _ node: JSONCursor) throws(JSONError) {
        func device() throws(JSONError) -> String { try node.required("device").string() }
        func size() throws(JSONError) -> ByteCount { try node.required("size").byteCount() }
        switch word {
        case "dax_create": self = .create(start: try node.required("start").integer())
        case "dax_delete": self = .delete(try device())
        case "dax_align": self = .align(try device(), try size())
        case "dax_size": self = .size(try device(), try size())
        case "dax_map":
            let start: UInt64 = try node.required("start").integer()
            let (end, overflow) = start.addingReportingOverflow(try size().bytes)
            guard !overflow else { throw node.error("ends nowhere") }
            self = .map(try device(), start..<end)
        case "dax_driver":
            let mode: DeviceMode? = try node.value("mode") { mode throws(JSONError) in try mode.word() }
            let online: OnlinePolicy? = try node.value("online") { online throws(JSONError) in
                try online.word()
            }
            let isOn = try node.value("memmap_on_memory", default: false) { isOn throws(JSONError) in
                try isOn.bool()
            }
            self = .driver(
                try device(),
                mode.map {
                    $0 == .devdax ? .devdax : .systemRAM(online ?? .none, memmapOnMemory: isOn)
                })
        case "dax_zero": self = .zero(try device())
        case "dax_rights": self = .rights(try device(), try NodeRights(node.required("rights")))
        case "dax_rule":
            self = .rule(
                try node.limitedList("ranges", InventoryReader.range),
                try node.optional("rights").map { rights throws(JSONError) in try NodeRights(rights) })
        default: return nil
        }
    }
}
