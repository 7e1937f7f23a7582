package import ProvisionCore

/// Turns the attributes of one namespace, and of what claims it, into a ``Namespace``: the one way that they are
/// read, for an inventory as for the read-back of a step. Each attribute is read once, but for a namespace that another
/// tool changes meanwhile.
package struct SysfsNamespaceReader {
    /// What the namespaces of the region have from it.
    package let region: RegionFacts

    /// The namespace with the given kernel name, or nil where it has no size (or is no more).
    package func namespace(_ device: String, in directory: borrowing SysfsDirectory) -> Namespace? {
        for _ in 1..<Self.attempts {
            guard let namespace = attributes(of: device, in: directory) else { return nil }
            if !isTorn(namespace) { return namespace }
        }
        return attributes(of: device, in: directory)
    }

    /// How often a namespace is read whose attributes are of different moments. What is still so then, is so.
    private static let attempts = 4

    /// Whether the attributes say what no moment had: a size and no extent, since the kernel gives and takes both under
    /// one lock (namespace_devs.c, `size_store`, `dpa_extents_show`), or a driver and no mode or no size.
    private func isTorn(_ namespace: Namespace) -> Bool {
        if region.labelling == .labelled, (namespace.extents ?? 0) == 0 { return true }
        return namespace.isActive && (namespace.mode == nil || namespace.usableSize == nil)
    }

    private func attributes(of device: String, in directory: borrowing SysfsDirectory) -> Namespace? {
        guard let size = directory.number("\(device)/size"), size > 0 else { return nil }
        var namespace = Namespace(device: device, rawSize: ByteCount(size))
        namespace.resource = region.mayReadAddresses ? directory.number("\(device)/resource") : nil
        namespace.recordedMode = directory.text("\(device)/holder_class").flatMap(Self.mode(recordedAs:))
        namespace.numaNode = region.numaNode
        namespace.targetNode = region.targetNode
        if region.labelling == .labelled { readLabel(into: &namespace, directory) }
        readRunningState(into: &namespace, directory)
        return namespace
    }

    private func readLabel(into namespace: inout Namespace, _ directory: borrowing SysfsDirectory) {
        let device = namespace.device
        namespace.name = directory.text("\(device)/alt_name")
        namespace.labelUUID = directory.text("\(device)/uuid").flatMap(UUID.init)
        namespace.extents = directory.number("\(device)/dpa_extents").map(extentsPerDimm)
    }

    /// The kernel counts the extents on all DIMMs together (namespace_devs.c, `dpa_extents_show`): a sound allocation
    /// has one on each. A count that cannot be even is never 1.
    private func extentsPerDimm(_ all: UInt64) -> Int {
        let (each, rest) = all.quotientAndRemainder(dividingBy: UInt64(max(region.interleaveWays, 1)))
        return Int(clamping: rest == 0 || each == 0 ? each : each + 1)
    }

    private func readRunningState(into namespace: inout Namespace, _ directory: borrowing SysfsDirectory) {
        let claim = directory.text("\(namespace.device)/holder")
        let running = claim ?? namespace.device
        namespace.isActive = directory.exists("\(running)/driver")
        guard namespace.isActive else {
            namespace.mode = namespace.recordedMode
            return
        }
        let mode = directory.text("\(namespace.device)/mode").flatMap(Self.mode(runningAs:))
        namespace.mode = mode
        namespace.usableSize = claim == nil ? namespace.rawSize : size(of: running, directory)
        if let claim { readClaim(claim, into: &namespace, directory) }
        if claim == nil, mode == .fsdax { namespace.map = .mem }
        if mode == .devdax {
            namespace.characterDevice = Self.characterDevice(of: running, directory)
            namespace.daxDevice = namespace.characterDevice.map {
                DaxDeviceReader.device($0, below: running, directory)
            }
            namespace.rights = rights(of: namespace, directory.places)
        } else {
            namespace.blockDevice = directory.entries("\(running)/block").first
        }
        if mode == .raw { namespace.sectorSize = rawSectorSize(namespace.device, directory) }
        namespace.badBlocks = badBlocks(of: namespace, running: running, directory)
    }

    private func rights(of namespace: Namespace, _ places: KernelPlaces) -> DeviceRights {
        DeviceRights(
            node: namespace.characterDevice.flatMap { KernelDaxDevice.rights(of: $0, places) } ?? .rootsAlone,
            rule: namespace.infoBlockUUID.flatMap { region.deviceRules.rules[.infoBlock($0)]?.rights })
    }

    private func readClaim(
        _ claim: String, into namespace: inout Namespace, _ directory: borrowing SysfsDirectory
    ) {
        namespace.infoBlockUUID = directory.text("\(claim)/uuid").flatMap(UUID.init)
        guard namespace.mode?.isDirectAccess == true else {
            namespace.sectorSize = directory.text("\(claim)/sector_size").flatMap(Self.selected)
            return
        }
        namespace.align = directory.number("\(claim)/align").map(ByteCount.init)
        switch directory.text("\(claim)/mode") {
        case "pmem": namespace.map = .dev
        case "ram": namespace.map = .mem
        default: break
        }
    }

    private func size(of claim: String, _ directory: borrowing SysfsDirectory) -> ByteCount? {
        directory.number("\(claim)/size").map(ByteCount.init)
    }

    /// The dax device below a dax claim: `dax0.1` of the claim and `dax0.0` of the device are numbered apart.
    package static func characterDevice(of claim: String, _ directory: borrowing SysfsDirectory) -> String? {
        directory.entries(claim).first { $0.hasPrefix("dax") && $0.dropFirst(3).first?.isNumber == true }
    }

    /// The sector size of a raw namespace. The kernel's pmem driver takes 512 where the label says nothing
    /// (drivers/nvdimm/namespace_devs.c, `pmem_sector_size`).
    private func rawSectorSize(_ device: String, _ directory: borrowing SysfsDirectory) -> UInt32 {
        guard region.labelling == .labelled else { return 512 }
        return directory.text("\(device)/sector_size").flatMap(Self.selected) ?? 512
    }

    private func badBlocks(
        of namespace: Namespace, running: String, _ directory: borrowing SysfsDirectory
    ) -> [BadBlocks] {
        guard !region.badBlocks.isEmpty, namespace.mode != .sector else { return [] }
        if let disk = namespace.blockDevice {
            let listed = SysfsText.badBlocks(directory.text("\(running)/block/\(disk)/badblocks") ?? "")
            return listed.map { told($0, dataAddress: directory.number("\(running)/resource")) }
        }
        guard let start = region.start, let size = namespace.usableSize,
            let data = directory.number("\(running)/resource"), data >= start
        else { return [] }
        return region.badBlocks.compactMap { $0.within(offset: data - start, length: size.bytes) }
    }

    /// A range of a block device's list with the DIMMs that the region's list has for it.
    private func told(_ range: BadBlocks, dataAddress: UInt64?) -> BadBlocks {
        guard let start = region.start, let data = dataAddress, data >= start else { return range }
        let place = Extent(
            offset: ByteCount(data - start) + range.bytes.offset, length: range.bytes.length)
        var range = range
        range.dimms = region.badBlocks.first { $0.bytes.overlaps(place) }?.dimms ?? []
        return range
    }

    /// The mode that `holder_class` records (namespace_devs.c, `holder_class_show`).
    package static func mode(recordedAs text: String) -> NamespaceMode? {
        switch text {
        case "pfn": .fsdax
        case "dax": .devdax
        case "btt": .sector
        default: nil
        }
    }

    /// The mode in the kernel's words (namespace_devs.c, `mode_show`).
    private static func mode(runningAs text: String) -> NamespaceMode? {
        switch text {
        case "memory": .fsdax
        case "dax": .devdax
        case "safe": .sector
        case "raw": .raw
        default: nil
        }
    }

    /// The number in brackets: the kernel lists what it supports and brackets what is set.
    package static func selected(_ list: String) -> UInt32? {
        guard let word = list.split(separator: " ").first(where: { $0.hasPrefix("[") }) else { return nil }
        return UInt32(word.dropFirst().dropLast())
    }
}

extension BadBlocks {
    /// The part of this range that lies in the `length` bytes from byte `offset`, from there; nil where none does.
    package func within(offset start: UInt64, length size: UInt64) -> BadBlocks? {
        let first = max(offset, start / 512)
        let end = min(offset + UInt64(length), (start + size) / 512)
        guard first < end else { return nil }
        return BadBlocks(
            offset: first - start / 512, length: UInt32(clamping: end - first), dimms: dimms)
    }
}
