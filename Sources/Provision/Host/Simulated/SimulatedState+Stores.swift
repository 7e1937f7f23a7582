import Glibc
import ProvisionCore

/// What the kernel does with each store.
extension SimulatedState {
    /// Makes the store, or leaves everything as it was and says why; the one exception is a label that takes the
    /// last slot (see `writeLabel`).
    package mutating func apply(_ store: SimulatedStore) throws(SimulatedRefusal) {
        switch store {
        case .uuid, .name, .size, .sectorSize, .holderClass, .forceRaw:
            try applyAttribute(store)
        case .enable(let id): try enable(id)
        case .deviceUse(let id, let use): try setUse(use, of: id)
        case .rights(let id, let rights): try setRights(rights, of: id)
        case .removeRule(let uuid): deviceRules[.infoBlock(uuid)] = nil
        case .dax(let store): try apply(store)
        case .memoryPolicy(let policy): try setMemoryPolicy(policy)
        case .disable(let id):
            try change(id) {
                $0.isActive = false
                $0.use = .devdax
                $0.nodeRights = nil
            }
        case .zeroInfoBlock(let id): try zeroInfoBlock(id)
        case .media(let address, let bytes): write(bytes, at: address)
        case .zeroMedia(let address, let length): zeroMedia(from: address, length: length)
        case .clearErrors(let number, let range): clearErrors(region: number, range)
        case .claimUUID, .claimMap, .claimAlign, .claimSectorSize, .claimNamespace, .enableClaim:
            try applyClaim(store)
        case .enableRegion(let number): enableRegion(number)
        case .disableRegion(let number): disableRegion(number)
        case .enableDimm(let number): enableDimm(number)
        case .disableDimm(let number): try disableDimm(number)
        case .labelIndex(let number, let version): try writeIndex(dimm: number, version)
        }
    }

    /// Changes what becomes of new memory blocks, until the next boot (drivers/base/memory.c, `auto_online_blocks_store`).
    private mutating func setMemoryPolicy(_ policy: String) throws(SimulatedRefusal) {
        guard let now = memoryHotplug?.policy else { throw SimulatedRefusal(ENOENT) }
        guard ["offline", "online", "online_kernel", "online_movable"].contains(policy) else {
            throw SimulatedRefusal(EINVAL)
        }
        let atBoot = memoryPolicyAtBoot ?? now
        memoryHotplug?.policy = policy
        memoryPolicyAtBoot = policy == atBoot ? nil : atBoot
    }

    /// Binds the device of a devdax namespace to the driver, and brings its memory blocks on- or offline. What is online is
    /// written over by the kernel.
    private mutating func setUse(_ use: DeviceUse, of id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        guard let namespace = namespace(id), namespace.isActive,
            personality(of: namespace, in: regions[id.region])?.mode == .devdax
        else { throw SimulatedRefusal(ENODEV) }
        guard use.isSystemRAM else { return try change(id) { $0.use = use } }
        guard regions[id.region].targetNode != nil else {
            throw SimulatedRefusal(EINVAL, "the device has no memory node")
        }
        try admit(use, insteadOf: namespace.use)
        try change(id) { $0.use = use }
        guard use.isOnline, let range = deviceRange(of: id) else { return }
        let unit = memoryBlock.bytes
        let (first, end) = ((range.lowerBound + unit - 1) / unit * unit, range.upperBound / unit * unit)
        guard first < end else { return }
        kernelWrites(to: first..<end)
    }

    /// Refuses what the kernel does not do about page maps: turn it on where it has not been set up for it, and change it while the driver
    /// is bound (drivers/dax/bus.c, `memmap_on_memory_store`).
    func admit(_ use: DeviceUse, insteadOf now: DeviceUse?) throws(SimulatedRefusal) {
        guard use.hasMemmapOnMemory || now?.hasMemmapOnMemory == true else { return }
        if now?.isSystemRAM == true, now?.hasMemmapOnMemory != use.hasMemmapOnMemory {
            throw SimulatedRefusal(EBUSY)
        }
        switch memmapOnMemory {
        case .on: return
        case .off where use.hasMemmapOnMemory: throw SimulatedRefusal(EOPNOTSUPP)
        case .absent where use.hasMemmapOnMemory: throw SimulatedRefusal(ENOENT)
        case .off, .absent: return
        }
    }

    /// What the kernel does to memory that it uses.
    mutating func kernelWrites(to range: Range<UInt64>) {
        for address in pages.keys where range.contains(address) { pages[address] = Self.foreign }
        pages[range.lowerBound] = Self.foreign
    }

    /// Leaves zeroes.
    mutating func forgetPages(in range: Range<UInt64>) {
        for address in pages.keys where range.contains(address) { pages[address] = nil }
    }

    /// Gives the node of a devdax namespace's device rights, and writes its rule.
    private mutating func setRights(
        _ rights: DeviceRights, of id: SimulatedNamespaceID
    ) throws(SimulatedRefusal) {
        guard let namespace = namespace(id), namespace.isActive,
            let personality = personality(of: namespace, in: regions[id.region]), personality.mode == .devdax,
            let uuid = personality.infoBlock?.uuid
        else { throw SimulatedRefusal(ENODEV) }
        deviceRules[.infoBlock(uuid)] = rights.rule
        try change(id) { $0.nodeRights = rights.node }
    }

    /// What the kernel leaves on media that was its memory.
    private static let foreign: UInt64 = 0x6b6d_656d_6b6d_656d

    /// The namespace object; nil where there is none.
    package func namespace(_ id: SimulatedNamespaceID) -> SimulatedNamespace? {
        guard regions.indices.contains(id.region), regions[id.region].isEnabled else { return nil }
        let namespaces = regions[id.region].namespaces
        return namespaces.index(of: id.number).map { namespaces[$0] }
    }

    /// Changes the namespace object, or says that there is none.
    package mutating func change(
        _ id: SimulatedNamespaceID, _ body: (inout SimulatedNamespace) -> Void
    ) throws(SimulatedRefusal) {
        guard namespace(id) != nil else { throw SimulatedRefusal(ENODEV) }
        update(region: id.region) { region in
            if let index = region.namespaces.index(of: id.number) { body(&region.namespaces[index]) }
        }
    }

    /// Whether a claim seed holds the namespace: an enable of the seed failed, or was never tried.
    package func isClaimed(_ id: SimulatedNamespaceID) -> Bool {
        regions[id.region].claims.values.contains { $0.namespace == id.number }
    }

    private mutating func applyAttribute(_ store: SimulatedStore) throws(SimulatedRefusal) {
        switch store {
        case .uuid(let id, let uuid):
            guard !isLive(uuid) else { throw SimulatedRefusal(EINVAL, "another device has this UUID") }
            try writeLabel(id) { $0.uuid = uuid }
        case .name(let id, let name):
            guard name.utf8.count <= NamespaceName.maximumLength else { throw SimulatedRefusal(EINVAL) }
            try writeLabel(id) { $0.name = name }
        case .sectorSize(let id, let size):
            guard [512, 4096].contains(size) else { throw SimulatedRefusal(EINVAL) }
            try writeLabel(id) { $0.sectorSize = size }
        case .holderClass(let id, let kind):
            try writeLabel(id) { $0.holderClass = kind }
        case .forceRaw(let id, let raw):
            try requireIdle(id)
            try change(id) { $0.isForcedRaw = raw }
        case .size(let id, .zero): try delete(id)
        case .size(let id, let size): try allocate(id, size)
        default: break
        }
    }

    private func requireIdle(_ id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        guard let namespace = namespace(id) else { throw SimulatedRefusal(ENODEV) }
        if namespace.isActive { throw SimulatedRefusal(EBUSY, "the namespace is active") }
        if isClaimed(id) { throw SimulatedRefusal(EBUSY, "a seed device claims the namespace") }
    }

    /// Whether any device of the host has this UUID already, the namespace that is to get it included.
    private func isLive(_ uuid: UUID) -> Bool {
        regions.filter(\.isEnabled).contains { region in
            region.namespaces.contains { $0.uuid == uuid }
                || region.claims.values.contains { $0.uuid == uuid }
        }
    }
}

extension [SimulatedNamespace] {
    /// Where the object with a number is: they are in the order of their numbers, but a file that somebody wrote may have
    /// them otherwise.
    package func index(of number: Int) -> Int? {
        let place = partitionPoint { $0.number >= number }
        if place < count, self[place].number == number { return place }
        return firstIndex { $0.number == number }
    }
}

/// Labels and capacity.
extension SimulatedState {
    /// Changes an attribute of an idle namespace and, where it has a label, writes the label anew: that takes a free
    /// slot until the old one is released, for a moment.
    private mutating func writeLabel(
        _ id: SimulatedNamespaceID, _ body: (inout SimulatedNamespace) -> Void
    ) throws(SimulatedRefusal) {
        try requireIdle(id)
        let hasLabel = namespace(id).map { $0.uuid != nil && $0.size > .zero } ?? false
        if hasLabel, regions[id.region].labelling == .labelled, freeSlots(region: id.region) < 1 {
            throw SimulatedRefusal(ENXIO, "no label slot is free")
        }
        try change(id, body)
    }

    /// The fewest free label slots of any DIMM of the region.
    private func freeSlots(region number: Int) -> Int {
        let free = regions[number].mappings.map { mapping in
            (dimms[mapping.dimm].slots ?? 0) - labelCount(dimm: mapping.dimm)
        }
        return free.min() ?? 0
    }

    /// The number of labels on a DIMM, those of disabled regions included.
    package func labelCount(dimm: Int) -> Int {
        regions.filter { $0.labelling == .labelled && $0.mappings.contains { $0.dimm == dimm } }
            .reduce(0) { $0 + $1.namespaces.count { $0.uuid != nil && $0.size > .zero } }
    }

    /// Gives an idle namespace its capacity and writes its first label (drivers/nvdimm/namespace_devs.c,
    /// `__size_store`). A label that takes the last slot is on the media when the kernel reports that it failed.
    private mutating func allocate(_ id: SimulatedNamespaceID, _ size: ByteCount) throws(SimulatedRefusal) {
        try requireIdle(id)
        let region = regions[id.region]
        guard region.labelling == .labelled, let namespace = namespace(id) else {
            throw SimulatedRefusal(ENXIO, "the region has no labels")
        }
        guard namespace.uuid != nil else { throw SimulatedRefusal(ENXIO, "the namespace has no UUID") }
        guard size.isMultiple(of: region.align) else {
            throw SimulatedRefusal(
                EINVAL, "the size is no multiple of the region's alignment, \(region.align)")
        }
        guard namespace.size == .zero else { throw SimulatedRefusal(EOPNOTSUPP, "resizing is not simulated") }
        guard let offset = region.firstFit(size) else {
            throw SimulatedRefusal(ENOSPC, "the largest free extent is \(region.maxAvailableExtent)")
        }
        for mapping in region.mappings { try prepareIndex(dimm: mapping.dimm) }
        let free = freeSlots(region: id.region)
        guard free > 0 else { throw SimulatedRefusal(ENXIO, "no label slot is free") }
        try change(id) {
            $0.offset = offset
            $0.size = size
        }
        if free == 1 { throw SimulatedRefusal(ENXIO, "the last label slot is kept for updates") }
    }

    /// The kernel initialises an empty label area by itself before the first label.
    private mutating func prepareIndex(dimm number: Int) throws(SimulatedRefusal) {
        guard dimms[number].labelAreaSize != nil else {
            throw SimulatedRefusal(ENXIO, "a DIMM has no label area")
        }
        update(dimm: number) { dimm in
            if dimm.labelVersion == nil { dimm.labelVersion = .v1_2 }
        }
    }

    /// Deletes the label. The object survives as an idle one where it is number 0 or the seed, with its old name.
    private mutating func delete(_ id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        try requireIdle(id)
        guard regions[id.region].labelling == .labelled, let namespace = namespace(id), namespace.uuid != nil
        else {
            throw SimulatedRefusal(ENXIO, "there is no label to delete")
        }
        let survives = id.number == 0 || id.number == regions[id.region].seed || namespace.size == .zero
        update(region: id.region) { region in
            guard let index = region.namespaces.index(of: id.number) else { return }
            guard survives else {
                region.namespaces.remove(at: index)
                return
            }
            region.namespaces[index].uuid = nil
            region.namespaces[index].size = .zero
            region.namespaces[index].offset = .zero
        }
    }
}
