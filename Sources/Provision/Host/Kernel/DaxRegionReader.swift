import Glibc
package import ProvisionCore

/// Reads the dax regions and their devices from sysfs, each attribute once; what is known of drivers/dax/bus.c at Linux 6.1
/// to 7.3. Writes nothing.
package struct DaxRegionReader {
    private let places: KernelPlaces

    /// A reader of these places.
    package init(_ places: KernelPlaces) {
        self.places = places
    }

    /// The regions, sorted by number and path, and how the kernel takes memory in.
    ///
    /// An attribute that this user may not read is nil in them. A device or region that vanishes meanwhile is left out.
    package func read() -> (regions: [DaxRegion], hotplug: MemoryHotplug?) {
        guard let memory = SysfsDirectory.ifThere(places.memoryBlocks, places),
            var hotplug = MemoryBlocks.hotplug(memory)
        else { return (regions(), nil) }
        hotplug.policy = memory.text(SystemMemory.policyAttribute)
        var regions = regions()
        for region in regions.indices {
            for device in regions[region].devices.indices {
                let found = regions[region].devices[device]
                guard found.mode == .systemRAM || found.isStranded, let mappings = found.mappings else {
                    continue
                }
                regions[region].devices[device].memoryBlocks = MemoryBlocks.runs(
                    in: mappings.map(\.range), hotplug, memory)
            }
        }
        return (regions, hotplug)
    }

    /// The regions without their memory blocks.
    private func regions() -> [DaxRegion] {
        var regions = devicesByRegion().compactMap { path, devices in region(path, devices) }
        if regions.contains(where: Self.isIncomplete) {
            let entries = SystemMemoryRanges.entries(ProcText.lines(places.addressMap, places))
            for index in regions.indices { regions[index].complete(by: entries, places) }
        }
        regions.sort { ($0.id, $0.path) < ($1.id, $1.path) }
        if regions.contains(where: { $0.kind == .dynamic }) { giveRules(to: &regions) }
        return regions
    }

    /// Adds the rules for the rights of devices of dynamic regions.
    private func giveRules(to regions: inout [DaxRegion]) {
        let rules = DeviceRulesFile(places.rules).rules
        for region in regions.indices where regions[region].kind == .dynamic {
            for number in regions[region].devices.indices {
                let device = regions[region].devices[number]
                guard device.size > .zero, let mappings = device.mappings else { continue }
                regions[region].devices[number].rights.rule =
                    rules.rules[.memory(mappings.map(\.range))]?.rights
            }
        }
    }

    /// Whether the map of physical addresses can say more of a region: where it begins, or what of it is the kernel's memory
    /// though no driver of its devices made it so.
    private static func isIncomplete(_ region: DaxRegion) -> Bool {
        if region.devices.contains(where: { $0.driver == nil }) { return true }
        return region.kind == .dynamic && (region.start == nil || region.availableSize != .zero)
    }

    /// The names of the devices of each region, by the region's path. A region always has a device: the kernel does not
    /// remove the first one, `daxX.0`.
    private func devicesByRegion() -> [String: [String]] {
        guard let bus = SysfsDirectory.ifThere(places.daxDevices, places) else { return [:] }
        var devices: [String: [String]] = [:]
        for device in bus.entries() {
            // Such as ../../../devices/platform/hmem.0/dax0.0.
            let way = bus.destination(of: device)?.split(separator: "/") ?? []
            guard let root = way.firstIndex(of: "devices"), way.count > root + 2 else { continue }
            let path = way[(root + 1)..<(way.count - 1)].joined(separator: "/")
            devices["/\(path)", default: []].append(device)
        }
        return devices
    }

    private func region(_ path: String, _ devices: [String]) -> DaxRegion? {
        let names = devices.sorted { Sysfs.number($0) < Sysfs.number($1) }
        guard let first = names.first, let id = Self.regionID(of: first),
            let directory = SysfsDirectory.ifThere("\(places.sysfs)/devices\(path)", places),
            let size = directory.number("dax_region/size")
        else { return nil }
        let available = directory.number("dax_region/available_size")
        var region = DaxRegion(
            path: path, id: id, kind: available == nil ? .static : .dynamic, size: ByteCount(size))
        region.align = directory.number("dax_region/align").map(ByteCount.init)
        region.availableSize = available.map(ByteCount.init)
        region.start = start(of: region, directory)
        // All devices of a region have the region's nodes (drivers/dax/bus.c, `devm_create_dev_dax`).
        let targetNode = directory.number("\(first)/target_node").map(Int.init(clamping:))
        let numaNode = directory.number("\(first)/numa_node").map(Int.init(clamping:))
        for name in names {
            guard var device = device(name, of: region, directory) else { continue }
            device.targetNode = targetNode
            device.numaNode = numaNode
            region.devices.append(device)
        }
        if region.kind == .dynamic, region.start == nil {
            region.start = startByDevices(of: region, directory)
        }
        return region
    }

    /// The number of the region in a device's name: 3 of `dax3.1` (drivers/dax/bus.c, `devm_create_dev_dax`); nil for what
    /// is no device-dax device.
    private static func regionID(of device: String) -> Int? {
        let parts = device.split(separator: ".")
        guard parts.count == 2, parts[0].hasPrefix("dax"), Int(parts[1]) != nil else { return nil }
        return Int(parts[0].dropFirst("dax".count))
    }

    /// The first address of a region by its parent: the nvdimm device of a devdax namespace, or the CXL region that a
    /// `dax_regionN` belongs to. Nil for others.
    private func start(of region: DaxRegion, _ directory: borrowing SysfsDirectory) -> UInt64? {
        if region.kind == .static { return directory.number("resource") }
        return region.name.hasPrefix("dax_region") ? directory.number("../resource") : nil
    }

    /// The first address of a region by its devices: they fill it, or one has no memory. Such a one shows the region's
    /// address for its own (drivers/dax/bus.c, `dev_dax_resource`).
    private func startByDevices(
        of region: DaxRegion, _ directory: borrowing SysfsDirectory
    ) -> UInt64? {
        let ranges = region.devices.flatMap { $0.mappings ?? [] }.map(\.range)
        if region.availableSize == .zero, let first = ranges.map(\.lowerBound).min(),
            ranges.reduce(0, { $0 &+ UInt64($1.count) }) == region.size.bytes
        {
            return first
        }
        guard let empty = region.devices.first(where: { $0.mappings?.isEmpty == true }) else { return nil }
        return directory.number("\(empty.name)/resource").flatMap { $0 == 0 ? nil : $0 }
    }

    private func device(
        _ name: String, of region: DaxRegion, _ directory: borrowing SysfsDirectory
    ) -> DaxRegion.Device? {
        guard let size = directory.number("\(name)/size") else { return nil }
        var device = DaxRegion.Device(name: name, size: ByteCount(size))
        device.align = directory.number("\(name)/align").map(ByteCount.init)
        // No driver takes a device without memory (drivers/dax/bus.c, `dax_bus_probe`).
        device.driver = size == 0 ? nil : directory.linkTarget("\(name)/driver")
        if device.mode == .systemRAM {
            device.memmapOnMemory = MemmapAttribute.isInEffect(directory, "\(name)/")
        }
        device.mappings =
            region.kind == .static ? spanning(region, size) : mappings(of: name, size, directory)
        var status = stat()
        if unsafe lstat("\(places.dev)/\(name)", &status) != 0 {
            device.isNodeMissing = errno == ENOENT
        } else if region.kind == .dynamic, status.st_mode & S_IFMT == S_IFCHR {
            // The rights of a namespace's device are the namespace's.
            device.rights.node = NodeRights(status)
        }
        return device
    }

    /// The range of the one device of a static region: it is the region.
    private func spanning(_ region: DaxRegion, _ size: UInt64) -> [DaxRegion.Mapping]? {
        guard let start = region.start, start > 0, size > 0 else { return nil }
        let (end, overflow) = start.addingReportingOverflow(size)
        return overflow ? nil : [DaxRegion.Mapping(range: start..<end, pageOffset: 0)]
    }

    /// The ranges of a device in the order of their offsets; nil where one may not be read. They are numbered from 0 on,
    /// and together as long as the device. Where that is not so, the directory is read.
    private func mappings(
        of device: String, _ size: UInt64, _ directory: borrowing SysfsDirectory
    ) -> [DaxRegion.Mapping]? {
        var mappings: [DaxRegion.Mapping] = []
        var length: UInt64 = 0
        while length < size {
            guard let next = mapping("\(device)/mapping\(mappings.count)", directory) else {
                return listedMappings(of: device, directory)
            }
            mappings.append(next)
            length &+= UInt64(next.range.count)
        }
        return mappings.sorted { $0.pageOffset < $1.pageOffset }
    }

    private func listedMappings(
        of device: String, _ directory: borrowing SysfsDirectory
    ) -> [DaxRegion.Mapping]? {
        var mappings: [DaxRegion.Mapping] = []
        for entry in directory.entries(device) where entry.hasPrefix("mapping") && entry != "mapping" {
            guard let next = mapping("\(device)/\(entry)", directory) else { return nil }
            mappings.append(next)
        }
        return mappings.sorted { $0.pageOffset < $1.pageOffset }
    }

    private func mapping(_ entry: String, _ directory: borrowing SysfsDirectory) -> DaxRegion.Mapping? {
        guard let start = directory.number("\(entry)/start"), let last = directory.number("\(entry)/end"),
            let offset = directory.number("\(entry)/page_offset"), start <= last, last < 1 << 62
        else { return nil }
        return DaxRegion.Mapping(range: start..<(last + 1), pageOffset: offset)
    }
}

extension DaxRegion {
    /// Takes from the map of physical addresses what sysfs does not say: where the region begins, and what of it is the
    /// kernel's memory.
    fileprivate mutating func complete(by entries: [SystemMemoryRanges.Entry], _ places: KernelPlaces) {
        if kind == .dynamic, start == nil { start = startOfEntry(in: entries) }
        for index in devices.indices where devices[index].driver == nil {
            let ranges = devices[index].mappings?.map(\.range) ?? []
            devices[index].isStranded = !SystemMemoryRanges.used(of: ranges, by: entries, places)
                .isEmpty
        }
        // Without the ranges of what is memory, nothing can be told of the rest.
        guard kind == .dynamic, let range,
            devices.allSatisfy({ $0.mode != .systemRAM || $0.mappings != nil })
        else { return }
        let ours = devices.filter { $0.mode == .systemRAM }.flatMap { $0.mappings ?? [] }.map(\.range)
        strandedRanges = SystemMemoryRanges.used(of: range.subtracting(ours), by: entries, places)
            .sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The address of the entry that is the region: that of its platform device (`hmem.0`, Linux 6.1), or the soft-reserved
    /// memory of the same size that its devices lie in (later ones).
    private func startOfEntry(in entries: [SystemMemoryRanges.Entry]) -> UInt64? {
        let whole = entries.filter { UInt64($0.range.count) == size.bytes }
        if let entry = whole.first(where: { $0.name == name }) { return entry.range.lowerBound }
        guard let inside = devices.lazy.compactMap({ $0.mappings?.first?.range }).first else { return nil }
        return whole.first { $0.name == "Soft Reserved" && $0.range.overlaps(inside) }?.range.lowerBound
    }
}
