package import ProvisionCore

/// One store that a host makes to the simulated kernel: the unit that faults count.
package enum SimulatedStore: Equatable, Sendable {
    /// `namespaceX.Y/uuid`.
    case uuid(SimulatedNamespaceID, UUID)
    /// `namespaceX.Y/alt_name`.
    case name(SimulatedNamespaceID, String)
    /// `namespaceX.Y/size`; zero deletes the label.
    case size(SimulatedNamespaceID, ByteCount)
    /// `namespaceX.Y/sector_size`.
    case sectorSize(SimulatedNamespaceID, UInt32)
    /// `namespaceX.Y/holder_class`; nil: the empty word.
    case holderClass(SimulatedNamespaceID, SimulatedClaimKind?)
    /// `namespaceX.Y/force_raw`.
    case forceRaw(SimulatedNamespaceID, Bool)
    /// `bind` of the namespace: the kernel looks for a claim in its info blocks.
    case enable(SimulatedNamespaceID)
    /// The driver of the devdax namespace's device, and the state of its memory blocks.
    case deviceUse(SimulatedNamespaceID, DeviceUse)
    /// The rights of the node of the devdax namespace's device, and the rule for them.
    case rights(SimulatedNamespaceID, DeviceRights)
    /// Removes the rule for the rights of the devices of an info block.
    case removeRule(UUID)
    /// A store to a dynamic dax region or one of its devices.
    case dax(SimulatedDaxStore)
    /// `auto_online_blocks`: what becomes of new memory blocks.
    case memoryPolicy(String)
    /// `unbind` of the namespace or of the claim over it.
    case disable(SimulatedNamespaceID)
    /// Zeroes the first 8 KiB of the namespace, through its raw block device.
    case zeroInfoBlock(SimulatedNamespaceID)
    /// Writes saved media back, through the raw block device.
    case media(address: UInt64, [UInt8])
    /// Fills media with zeroes: whole pages.
    case zeroMedia(address: UInt64, ByteCount)
    /// Clears media errors of a range of the region: it is no longer listed, and the pages that it touches hold zeroes.
    case clearErrors(region: Int, Extent)
    /// `uuid` of the region's seed of that kind.
    case claimUUID(SimulatedClaimID, UUID)
    /// `mode` of the seed.
    case claimMap(SimulatedClaimID, MapLocation)
    /// `align` of the seed.
    case claimAlign(SimulatedClaimID, Alignment)
    /// `sector_size` of the seed.
    case claimSectorSize(SimulatedClaimID, SectorSize)
    /// `namespace` of the seed; nil: the empty word.
    case claimNamespace(SimulatedClaimID, Int?)
    /// `bind` of the seed: the kernel writes the info block where there is no valid one.
    case enableClaim(SimulatedClaimID)
    /// `bind` of the region.
    case enableRegion(Int)
    /// `unbind` of the region.
    case disableRegion(Int)
    /// `bind` of the DIMM.
    case enableDimm(Int)
    /// `unbind` of the DIMM.
    case disableDimm(Int)
    /// Writes the label area of the DIMM: an empty v1.2 index, or zeros.
    case labelIndex(dimm: Int, LabelVersion?)

    /// What is being done, as a verb phrase.
    package var operation: String {
        switch self {
        case .uuid(let id, _): "set the UUID of \(id)"
        case .name(let id, _): "set the name of \(id)"
        case .size(let id, .zero): "delete \(id)"
        case .size(let id, _): "set the size of \(id)"
        case .sectorSize(let id, _): "set the sector size of \(id)"
        case .holderClass(let id, _): "set the holder class of \(id)"
        case .forceRaw(let id, let raw): "\(raw ? "set" : "clear") raw mode of \(id)"
        case .enable(let id): "enable \(id)"
        case .deviceUse(let id, let use): "make the device of \(id) \(use.text)"
        case .rights(let id, let rights): "give the device node of \(id) \(rights.text)"
        case .removeRule(let uuid): "remove the rule for \(uuid)"
        case .dax(let store): store.operation
        case .memoryPolicy(let policy): "set the policy for new memory blocks to \(policy)"
        case .disable(let id): "disable \(id)"
        case .zeroInfoBlock(let id): "zero the info block of \(id)"
        case .media: "write saved media back"
        case .zeroMedia: "zero media"
        case .clearErrors(let number, _): "clear media errors of region\(number)"
        case .claimUUID(let id, _): "set the UUID of the \(id)"
        case .claimMap(let id, _): "set the page map's place of the \(id)"
        case .claimAlign(let id, _): "set the alignment of the \(id)"
        case .claimSectorSize(let id, _): "set the sector size of the \(id)"
        case .claimNamespace(let id, nil): "detach the namespace of the \(id)"
        case .claimNamespace(let id, _): "attach a namespace to the \(id)"
        case .enableClaim(let id): "enable the \(id)"
        case .enableRegion(let number): "enable region\(number)"
        case .disableRegion(let number): "disable region\(number)"
        case .enableDimm(let number): "enable nmem\(number)"
        case .disableDimm(let number): "disable nmem\(number)"
        case .labelIndex(let number, nil): "zero the label area of nmem\(number)"
        case .labelIndex(let number, _): "write a label index to nmem\(number)"
        }
    }

    /// The namespace object whose attribute or driver it is for; nil where it is for something else.
    package var namespace: SimulatedNamespaceID? {
        switch self {
        case .uuid(let id, _), .name(let id, _), .size(let id, _), .sectorSize(let id, _),
            .holderClass(let id, _), .forceRaw(let id, _), .enable(let id), .disable(let id),
            .zeroInfoBlock(let id), .deviceUse(let id, _), .rights(let id, _):
            id
        default: nil
        }
    }

    /// The device that the store goes to.
    package var device: String {
        switch self {
        case .uuid(let id, _), .name(let id, _), .size(let id, _), .sectorSize(let id, _),
            .holderClass(let id, _), .forceRaw(let id, _), .enable(let id), .disable(let id),
            .zeroInfoBlock(let id), .deviceUse(let id, _), .rights(let id, _):
            id.description
        case .removeRule(let uuid): uuid.description
        case .dax(let store): store.device ?? "the dax region"
        case .memoryPolicy: "memory"
        case .media(let address, _), .zeroMedia(let address, _): "\(Hexadecimal.number(address))"
        case .claimUUID(let id, _), .claimMap(let id, _), .claimAlign(let id, _),
            .claimSectorSize(let id, _), .claimNamespace(let id, _), .enableClaim(let id):
            "region\(id.region)"
        case .enableRegion(let number), .disableRegion(let number), .clearErrors(let number, _):
            "region\(number)"
        case .enableDimm(let number), .disableDimm(let number), .labelIndex(let number, _): "nmem\(number)"
        }
    }
}

/// Which namespace object: `namespaceX.Y`.
package struct SimulatedNamespaceID: Hashable, Sendable, CustomStringConvertible {
    package var region: Int
    package var number: Int

    package var description: String { "namespace\(region).\(number)" }
}

extension SimulatedNamespaceID {
    /// The object with a kernel name; nil where that is none.
    package init?(_ device: String) {
        let parts = device.dropFirst("namespace".count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let region = Int(parts[0]), let number = Int(parts[1]) else { return nil }
        self.init(region: region, number: number)
        guard description == device else { return nil }
    }
}

/// Names the claim seed of a kind (btt, pfn or dax) in a region.
package struct SimulatedClaimID: Hashable, Sendable, CustomStringConvertible {
    /// The region's number: R of `regionR`.
    package var region: Int
    /// The kind of claim that the seed makes.
    package var kind: SimulatedClaimKind

    package var description: String { "\(kind.rawValue) seed of region\(region)" }
}
