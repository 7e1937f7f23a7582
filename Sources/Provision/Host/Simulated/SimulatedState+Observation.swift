package import ProvisionCore

/// What an enumeration of the simulated host finds.
extension SimulatedState {
    /// The host as observed, without what its DIMMs' firmware tells.
    package var observed: Observed {
        var observed = observedWithHealth
        for bus in observed.buses.indices {
            for dimm in observed.buses[bus].dimms.indices { observed.buses[bus].dimms[dimm].health = nil }
        }
        return observed
    }

    /// The host as observed, with the health of its DIMMs.
    package var observedWithHealth: Observed {
        var numbers = (dimm: 0, region: 0)
        var list: [Bus] = []
        for (index, bus) in buses.enumerated() {
            let dimms = bus.dimms.indices.map { observedDimm(numbers.dimm + $0) }
            let regions = bus.regions.indices.map { observedRegion(numbers.region + $0) }
            numbers.dimm += dimms.count
            numbers.region += regions.count
            list.append(
                Bus(
                    device: "ndbus\(index)", provider: bus.provider, scrubState: bus.scrubState, dimms: dimms,
                    regions: regions))
        }
        let dax = daxRegions.sorted { ($0.id, $0.path) < ($1.id, $1.path) }
        var observed = Observed(buses: list, daxRegions: dax, memoryHotplug: memoryHotplug)
        observed.keepsSoftReserved = keepsSoftReserved
        return cxlTopology.map(observed.adding) ?? observed
    }

    /// What a CXL bus would say: its DIMMs are memory devices, and the id of each is its serial in decimal. Nil where no bus is
    /// CXL's.
    private var cxlTopology: CXLTopology? {
        guard buses.contains(where: { $0.provider == Bus.cxlProvider }) else { return nil }
        var topology = CXLTopology(memdevs: [], regions: [])
        for (number, region) in regions.enumerated() {
            guard let granularity = region.granularity else { continue }
            let targets = region.mappings.compactMap { mapping in
                UInt64(dimms[mapping.dimm].id).map {
                    CXLTarget(
                        memdev: "mem\(mapping.dimm)", serial: $0, offset: mapping.offset,
                        length: mapping.length)
                }
            }
            topology.regions.append(
                CXLTopology.Placed(
                    region: CXLRegion(
                        name: "region\(number)", decoder: "decoder0.0", granularity: granularity,
                        targets: targets),
                    resource: region.resource))
        }
        var number = 0
        for bus in buses {
            for dimm in bus.dimms {
                let name = "mem\(number)"
                number += 1
                guard bus.provider == Bus.cxlProvider, let serial = UInt64(dimm.id) else { continue }
                topology.memdevs.append(
                    CXLMemdev(
                        name: name, serial: serial, persistentSize: dimm.size,
                        regions: topology.regions(on: name)))
            }
        }
        return topology
    }

    private func observedDimm(_ number: Int) -> Dimm {
        let dimm = dimms[number]
        let area = dimm.labelAreaSize.map { size in
            LabelArea(
                size: size, version: dimm.labelVersion, slots: dimm.slots,
                availableSlots: dimm.isEnabled
                    ? dimm.slots.map { max($0 - labelCount(dimm: number) - 1, 0) } : nil)
        }
        return Dimm(
            device: "nmem\(number)", uniqueID: dimm.id, handle: dimm.handle, physicalID: dimm.physicalID,
            isEnabled: dimm.isEnabled, flags: dimm.flags, security: dimm.security, labelArea: area,
            health: dimm.health ?? DimmHealth(unread: .unsupported))
    }

    private func observedRegion(_ number: Int) -> Region {
        let region = regions[number]
        let namespaces = region.isEnabled ? region.namespaces.filter { $0.size > .zero } : []
        return Region(
            device: "region\(number)", size: region.size, align: region.align,
            availableSize: region.availableSize, maxAvailableExtent: region.maxAvailableExtent,
            resource: region.resource, interleaveSetID: region.interleaveSetID, numaNode: region.numaNode,
            targetNode: region.targetNode, persistenceDomain: region.persistenceDomain,
            mappings: region.mappings.enumerated().map { position, mapping in
                Mapping(
                    dimm: "nmem\(mapping.dimm)", offset: mapping.offset, length: mapping.length,
                    position: position)
            },
            isEnabled: region.isEnabled, isReadOnly: region.isReadOnly, labelling: region.labelling,
            badBlocks: region.badBlocks, capabilities: Self.capabilities,
            namespaceSeed: region.isEnabled ? region.seed.map { "namespace\(number).\($0)" } : nil,
            namespaces: namespaces.map { observedNamespace($0, region: number) })
    }

    private static let capabilities: [ModeCapability] = {
        let alignments = Alignment.declarable.map(\.size)
        return [
            ModeCapability(mode: .fsdax, alignments: alignments),
            ModeCapability(mode: .devdax, alignments: alignments),
            ModeCapability(mode: .sector, sectorSizes: SectorSize.supported),
        ]
    }()

    /// The namespace as observed.
    package func observedNamespace(_ namespace: SimulatedNamespace, region number: Int) -> Namespace {
        let region = regions[number]
        var observed = Namespace(
            device: "namespace\(number).\(namespace.number)",
            resource: region.resource + namespace.offset.bytes, rawSize: namespace.size,
            extents: region.labelling == .labelled ? 1 : nil, mode: namespace.holderClass?.mode,
            recordedMode: namespace.holderClass?.mode, isActive: namespace.isActive,
            name: namespace.name.isEmpty ? nil : namespace.name, labelUUID: namespace.uuid,
            numaNode: region.numaNode, targetNode: region.targetNode)
        if namespace.isActive, let personality = personality(of: namespace, in: region) {
            observed.describe(
                personality, namespace, region: number, blockSize: memoryBlock, memmapOnMemory)
            if personality.mode == .devdax {
                let rule = personality.infoBlock.flatMap { deviceRules[.infoBlock($0.uuid)] }
                observed.rights = DeviceRights(node: namespace.nodeRights ?? rule ?? .rootsAlone, rule: rule)
            }
            observed.badBlocks = badBlocks(of: personality, namespace, in: region)
            if personality.mode == .raw, region.labelling == .labelLess, !region.mappings.isEmpty {
                observed.hasContent = region.hasContent ? true : nil
            }
        }
        return observed
    }

    /// The region's media errors that lie in the namespace's data, from the data's start.
    private func badBlocks(
        of personality: SimulatedPersonality, _ namespace: SimulatedNamespace, in region: SimulatedRegion
    ) -> [BadBlocks] {
        guard personality.mode != .sector else { return [] }
        var offset: UInt64 = 0
        if let block = personality.infoBlock {
            let address = region.resource + namespace.offset.bytes
            guard let data = block.data(start: address, size: namespace.size) else { return [] }
            offset = data.offset
        }
        let start = (namespace.offset.bytes + offset) / 512
        let end = start + personality.usableSize.bytes / 512
        return region.badBlocks.compactMap { range in
            let first = max(range.offset, start)
            let last = min(range.offset + UInt64(range.length), end)
            return first < last ? BadBlocks(offset: first - start, length: UInt32(last - first)) : nil
        }
    }
}

extension SimulatedState {
    /// What a look at the namespace that spans a label-less region finds; nil where that is not an active raw one.
    package func contentLook(region number: Int) -> ContentLook? {
        let region = regions[number]
        guard region.labelling == .labelLess, let spanning = region.namespaces.first, spanning.isActive,
            personality(of: spanning, in: region)?.mode == .raw
        else { return nil }
        let read = ContentLook.places(in: region.size).reduce(ByteCount.zero) { $0 + $1.length }
        let blocks = infoBlocks.keys.filter {
            $0 >= region.resource && $0 < region.resource + region.size.bytes
        }
        let first = region.hasContent ? region.resource : blocks.min()
        return ContentLook(
            read: read, size: region.size, firstContent: first.map { ByteCount($0 - region.resource) })
    }
}

extension Namespace {
    /// The device and its memory blocks, which have this size.
    private func device(_ memory: OnlinePolicy, blockSize unit: ByteCount) -> DaxDevice {
        var device = DaxDevice(.systemRAM, driver: "kmem")
        let end = (resource ?? 0) + rawSize.bytes
        let start = end - (usableSize ?? .zero).bytes
        let first = (start + unit.bytes - 1) / unit.bytes
        let total = Int(max(first, end / unit.bytes) - first)
        device.memory = DaxDevice.Memory(
            online: memory == .none ? 0 : total, total: total,
            isMovable: memory == .none || total == 0 ? nil : memory == .movable)
        return device
    }

    /// Fills in what only an active namespace shows.
    fileprivate mutating func describe(
        _ personality: SimulatedPersonality, _ namespace: SimulatedNamespace, region number: Int,
        blockSize: ByteCount, _ support: MemmapOnMemory
    ) {
        let suffix = namespace.number == 0 ? "\(number)" : "\(number).\(namespace.number)"
        mode = personality.mode
        usableSize = personality.usableSize
        infoBlockUUID = personality.infoBlock?.uuid
        align = personality.infoBlock?.align?.size
        map = personality.mode.isDirectAccess ? personality.infoBlock?.map ?? .mem : nil
        switch personality.mode {
        case .devdax:
            characterDevice = "dax\(number).\(namespace.number)"
            if let memory = namespace.memory {
                daxDevice = self.device(memory, blockSize: blockSize)
                daxDevice?.memmapOnMemory = support == .absent ? nil : namespace.hasMemmapOnMemory
            }
        case .fsdax: blockDevice = "pmem\(suffix)"
        case .sector:
            blockDevice = "pmem\(suffix)s"
            sectorSize = personality.infoBlock?.sectorSize?.bytes
        case .raw:
            blockDevice = "pmem\(suffix)"
            sectorSize = namespace.sectorSize == 0 ? 512 : namespace.sectorSize
        }
    }
}
