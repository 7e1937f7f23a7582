import Glibc
package import ProvisionCore

/// What an enabled namespace runs as.
package struct SimulatedPersonality: Equatable {
    package var mode: NamespaceMode
    /// The info block that decided it; nil: none.
    package var infoBlock: SimulatedInfoBlock?
    package var usableSize: ByteCount
}

/// Enabling: the search for claims, and what configured claims write.
extension SimulatedState {
    /// What the namespace runs as when it is enabled; nil where the kernel refuses to enable it.
    ///
    /// The kernel asks BTT, pfn and dax in this order, each only where the holder class allows it, and ignores info
    /// blocks of another parent (drivers/nvdimm/pmem.c `nd_pmem_probe`, claim.c, btt_devs.c, pfn_devs.c). A BTT with
    /// a null parent is accepted everywhere.
    package func personality(of namespace: SimulatedNamespace, in region: SimulatedRegion)
        -> SimulatedPersonality?
    {
        let start = region.resource + namespace.offset.bytes
        for kind in [SimulatedClaimKind.btt, .pfn, .dax] where !namespace.isForcedRaw {
            guard namespace.holderClass == nil || namespace.holderClass == kind else { continue }
            guard let address = probedAddress(of: kind, namespace, in: region) else { continue }
            guard let block = infoBlocks[address], block.kind == kind else { continue }
            guard block.parent == namespace.uuid || kind == .btt && block.parent == nil else { continue }
            guard let size = usableSize(of: block, rawSize: namespace.size, start: start, in: region) else {
                return nil
            }
            return SimulatedPersonality(mode: kind.mode, infoBlock: block, usableSize: size)
        }
        let isMapped = region.labelling == .labelLess && region.mappings.isEmpty
        return SimulatedPersonality(
            mode: isMapped ? .fsdax : .raw, infoBlock: nil, usableSize: namespace.size)
    }

    /// Where the kernel looks for an info block of that kind. A BTT v2.0, which only v1.2 labels have, is at the
    /// namespace's start, and looked for only where the holder class says btt; every other block is at 4 KiB.
    private func probedAddress(
        of kind: SimulatedClaimKind, _ namespace: SimulatedNamespace, in region: SimulatedRegion
    ) -> UInt64? {
        let start = region.resource + namespace.offset.bytes
        let isSecondVersion = kind == .btt && namespace.holderClass == .btt && labels(of: region) == .v1_2
        return isSecondVersion ? start : start + 4096
    }

    /// The version of the region's labels; nil for a label-less region.
    package func labels(of region: SimulatedRegion) -> LabelVersion? {
        guard region.labelling == .labelled else { return nil }
        let versions = region.mappings.map { dimms[$0.dimm].labelVersion }
        return versions.contains(.v1_1) ? .v1_1 : .v1_2
    }

    private func usableSize(
        of block: SimulatedInfoBlock, rawSize: ByteCount, start: UInt64, in region: SimulatedRegion
    ) -> ByteCount? {
        switch block.kind {
        case .btt:
            return SimulatedGeometry.translated(
                size: rawSize.bytes, sector: UInt64(block.sectorSize?.bytes ?? 4096),
                isSecondVersion: labels(of: region) == .v1_2
            ).map { ByteCount($0) }
        case .pfn, .dax:
            return block.data(start: start, size: rawSize).map { ByteCount($0.length) }
        }
    }

    /// Binds the namespace's driver.
    package mutating func enable(_ id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        guard let namespace = namespace(id), namespace.size > .zero else { throw SimulatedRefusal(ENODEV) }
        if namespace.isActive { throw SimulatedRefusal(EBUSY, "the namespace is active") }
        if isClaimed(id) { throw SimulatedRefusal(EBUSY, "a seed device claims the namespace") }
        guard personality(of: namespace, in: regions[id.region]) != nil else {
            throw SimulatedRefusal(ENXIO, "its info block does not fit its place")
        }
        try activate(id)
    }

    /// Marks the namespace active, plants a new seed where it was the seed, and writes the page map.
    private mutating func activate(_ id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        try change(id) { $0.isActive = true }
        update(region: id.region) { $0.advanceSeed(after: id.number) }
        guard let namespace = namespace(id) else { return }
        let region = regions[id.region]
        let block = personality(of: namespace, in: region)?.infoBlock
        if block?.map == .dev { overwritePageMap(namespace, align: block?.align, in: region) }
    }

    /// The page map of `map: dev` is written on every enable: older info blocks under it are gone.
    private mutating func overwritePageMap(
        _ namespace: SimulatedNamespace, align: Alignment?, in region: SimulatedRegion
    ) {
        let start = region.resource + namespace.offset.bytes
        let data = SimulatedGeometry.pageMapped(
            start: start, size: namespace.size.bytes, isMapOnDevice: true,
            align: (align ?? .huge).size.bytes)
        guard let data else { return }
        let map = (start + SimulatedGeometry.superBlock)..<(start + data.offset)
        for address in infoBlocks.keys.filter(map.contains) { infoBlocks[address] = nil }
        for address in pages.keys.filter(map.contains) { pages[address] = nil }
        guard !map.isEmpty else { return }
        // The kernel's page structures, for all of the map.
        for address in [map.lowerBound, map.upperBound - UInt64(Self.page)] {
            pages[address] = Self.pageMapMark
        }
    }

    /// What a page of a page map holds here.
    private static let pageMapMark: UInt64 = 0x6d61_7020_6d61_7020

    /// Zeroes the namespace's first 8 KiB through its raw block device.
    package mutating func zeroInfoBlock(_ id: SimulatedNamespaceID) throws(SimulatedRefusal) {
        guard let namespace = namespace(id), namespace.isActive, namespace.isForcedRaw else {
            throw SimulatedRefusal(ENXIO, "the namespace is not enabled in raw mode")
        }
        if regions[id.region].isReadOnly { throw SimulatedRefusal(EROFS) }
        let start = regions[id.region].resource + namespace.offset.bytes
        write([UInt8](repeating: 0, count: 2 * Self.page), at: start)
    }
}

extension SimulatedInfoBlock {
    /// Where the data of a pfn or dax device lies in its namespace, in bytes; nil where the kernel does not enable it.
    package func data(start: UInt64, size: ByteCount) -> (offset: UInt64, length: UInt64)? {
        SimulatedGeometry.pageMapped(
            start: start, size: size.bytes, isMapOnDevice: map != .mem, align: (align ?? .huge).size.bytes)
    }
}

/// Claim seeds.
extension SimulatedState {
    /// Makes a store to a claim seed.
    package mutating func applyClaim(_ store: SimulatedStore) throws(SimulatedRefusal) {
        switch store {
        case .claimUUID(let id, let uuid): changeClaim(id) { $0.uuid = uuid }
        case .claimMap(let id, let map): changeClaim(id) { $0.map = map }
        case .claimAlign(let id, let align): changeClaim(id) { $0.align = align }
        case .claimSectorSize(let id, let size): changeClaim(id) { $0.sectorSize = size }
        case .claimNamespace(let id, let number): try attach(id, number)
        case .enableClaim(let id): try enableClaim(id)
        default: break
        }
    }

    private mutating func changeClaim(_ id: SimulatedClaimID, _ body: (inout SimulatedClaim) -> Void) {
        update(region: id.region) { body(&$0.claims[id.kind, default: SimulatedClaim()]) }
    }

    private mutating func attach(_ id: SimulatedClaimID, _ number: Int?) throws(SimulatedRefusal) {
        if let number {
            let namespaceID = SimulatedNamespaceID(region: id.region, number: number)
            guard let namespace = namespace(namespaceID) else { throw SimulatedRefusal(ENODEV) }
            guard namespace.size.bytes >= SimulatedGeometry.leastClaimed else {
                throw SimulatedRefusal(ENXIO, "the namespace is smaller than 16 MiB")
            }
            guard !namespace.isActive, !isClaimed(namespaceID) else { throw SimulatedRefusal(EBUSY) }
            guard regions[id.region].claims[id.kind]?.namespace == nil else { throw SimulatedRefusal(EBUSY) }
        }
        changeClaim(id) { $0.namespace = number }
    }

    /// Enables the seed: it takes over a valid info block with its own UUID, or writes a new one.
    private mutating func enableClaim(_ id: SimulatedClaimID) throws(SimulatedRefusal) {
        let region = regions[id.region]
        guard let claim = region.claims[id.kind], let uuid = claim.uuid, let number = claim.namespace,
            let namespace = namespace(SimulatedNamespaceID(region: id.region, number: number))
        else { throw SimulatedRefusal(ENXIO, "the seed is not configured") }
        let block = SimulatedInfoBlock(
            kind: id.kind, uuid: uuid, parent: namespace.uuid, map: id.kind == .btt ? nil : claim.map ?? .dev,
            align: id.kind == .btt ? nil : claim.align, sectorSize: id.kind == .btt ? claim.sectorSize : nil)
        try requireFit(block, namespace, in: region)
        if region.isReadOnly { throw SimulatedRefusal(ENXIO, "the region is read-only") }
        guard let address = probedAddress(of: id.kind, namespace, in: region) else { return }
        infoBlocks[address] = block
        pages[address] = nil
        update(region: id.region) { $0.claims[id.kind] = nil }
        try activate(SimulatedNamespaceID(region: id.region, number: number))
    }

    private func requireFit(
        _ block: SimulatedInfoBlock, _ namespace: SimulatedNamespace, in region: SimulatedRegion
    ) throws(SimulatedRefusal) {
        guard namespace.holderClass == nil || namespace.holderClass == block.kind else {
            throw SimulatedRefusal(ENXIO, "the holder class does not allow a \(block.kind.rawValue) device")
        }
        if block.kind == .btt, block.sectorSize == nil {
            throw SimulatedRefusal(ENXIO, "no sector size is set")
        }
        let start = region.resource + namespace.offset.bytes
        guard usableSize(of: block, rawSize: namespace.size, start: start, in: region) != nil else {
            throw SimulatedRefusal(ENXIO, "the namespace cannot hold data at this place and alignment")
        }
    }
}
