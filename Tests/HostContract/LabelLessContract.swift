import ProvisionCore
import ProvisionHost

/// What every ``Host`` must do with a region without labels, whose DIMMs have label areas. The clauses follow upon each other on
/// one host: the last one gives the region labels.
package struct LabelLessContract: Sendable, CustomStringConvertible {
    package let description: String
    package let check: @Sendable (ContractRegion) throws -> Void

    private init(_ description: String, _ check: @escaping @Sendable (ContractRegion) throws -> Void) {
        self.description = description
        self.check = check
    }

    package static let clauses: [LabelLessContract] = [
        LabelLessContract("one namespace spans the region", oneNamespaceSpansIt),
        LabelLessContract("nothing else can be created", nothingElseIsCreated),
        LabelLessContract("what spans it cannot be destroyed", spanningIsNotDestroyed),
        LabelLessContract("it is looked at before it gets labels", contentIsLookedAt),
        LabelLessContract("it is disabled, and comes back", spanningComesBack),
        LabelLessContract("its mode changes, and its place does not", itsModeChanges),
        LabelLessContract("its device gets rights, and loses them", itsDeviceGetsRights),
        LabelLessContract("a range of its data is zeroed, and no more", itsDataIsZeroed),
        LabelLessContract("it is enabled again as it was", regionComesBack),
        LabelLessContract("it gets labels once", itGetsLabelsOnce),
    ]

    private static func spanning(_ region: ContractRegion) throws -> Namespace {
        let namespaces = try region.namespaces()
        try expect(namespaces.count == 1)
        return namespaces[0]
    }

    private static func oneNamespaceSpansIt(_ region: ContractRegion) throws {
        let found = try region.region()
        try expect(found.labelling == .labelLess)
        let namespace = try spanning(region)
        try expect(namespace.rawSize == found.size)
        try expect(namespace.resource == found.resource)
        try expect(namespace.labelUUID == nil)
        try expect(namespace.name == nil)
        try expect(namespace.mode == .raw)
        try expect(namespace.isActive)
    }

    private static func nothingElseIsCreated(_ region: ContractRegion) throws {
        let before = try region.region()
        let error = try region.failure(of: .create(region.placement(try region.layout("one", 64))))
        try expect(error.kind == .failed)
        try expect(try region.region() == before)
    }

    private static func spanningIsNotDestroyed(_ region: ContractRegion) throws {
        let target = region.target(try spanning(region))
        try region.perform(.disable(target))
        let before = try region.region()
        try expect(try region.failure(of: .destroy(target)).kind == .failed)
        try expect(try region.region() == before)
        try region.perform(.enable(target))
    }

    private static func contentIsLookedAt(_ region: ContractRegion) throws {
        let size = try region.region().size
        func look() throws -> ContentLook? {
            var query = UseQuery(targets: [])
            query.initializedRegions = [region.device]
            return try region.host.examine(query).contentLooks[region.device]
        }
        let before = try region.host.observe()
        let empty = try require(try look())
        try expect(empty.size == size)
        try expect(empty.read > .zero && empty.read <= size)
        try expect(empty.firstContent == nil)
        try expect(try region.host.observe() == before)
        let target = region.target(try spanning(region))
        try region.perform(.disable(target))
        try expect(try look() == nil)
        try region.perform(.enable(target))
    }

    private static func spanningComesBack(_ region: ContractRegion) throws {
        let before = try spanning(region)
        let target = region.target(before)
        let disabled = try require(try region.perform(.disable(target)))
        try expect(!disabled.isActive)
        try expect(try region.perform(.enable(target)) == before)
        try expect(try spanning(region) == before)
    }

    private static func itsModeChanges(_ region: ContractRegion) throws {
        let size = try region.region().size
        for layout in try ContractRegion.everyLayout(of: size) where layout.mode != .raw {
            var layout = layout
            layout.name = nil
            let target = region.target(try spanning(region))
            try region.perform(.disable(target))
            let identity = region.identity()
            let changed = try require(
                try region.host.perform(.reconfigure(target, layout), identity: identity))
            try expect(changed.mode == layout.mode)
            try expect(changed.map == layout.map)
            try expect(changed.infoBlockUUID == identity.infoBlock)
            try expect(changed.labelUUID == nil)
            try expect(changed.rawSize == size)
            var observed = try spanning(region)
            observed.daxDevice?.node = changed.daxDevice?.node
            try expect(observed == changed)
        }
    }

    /// Leaves it in the mode devdax.
    private static func itsDeviceGetsRights(_ region: ContractRegion) throws {
        let layout = Layout(
            name: nil, mode: .devdax, map: .dev, align: .huge, rawSize: try region.region().size)
        let target = region.target(try spanning(region))
        try region.perform(.disable(target))
        let changed = try require(try region.perform(.reconfigure(target, layout)))
        try expect(changed.rights == DeviceRights.none)
        let rights = DeviceRights(declared: NodeRights(owner: 7, permissions: 0o640))
        for given in [rights, DeviceRights.none] {
            try expect(try region.perform(.setRights(target, given))?.rights == given)
            try expect(try spanning(region).rights == given)
        }
    }

    private static func itsDataIsZeroed(_ region: ContractRegion) throws {
        let before = try spanning(region)
        let target = region.target(before)
        let start = before.dataRange.offset
        let places: [ByteCount] = [.mib(8), .mib(16)]
        try region.perform(.disable(target))
        try region.write([start + places[0]: 7, start + places[1]: 8], to: target)
        try region.perform(.enable(target))
        try expect(try spanning(region) == before)
        let sums: [UInt32?] = [Checksum.of(ContractRegion.page(7)), Checksum.of(ContractRegion.page(8))]
        try region.withDataArea(of: before) { area in
            try expect(area.size == before.usableSize)
            try expect(try area.sums(at: places) == sums)
            try area.zero(Extent(offset: places[0], length: MediaSample.page))
            try area.makeDurable()
            try expect(try area.sums(at: places) == [MediaSample.zeroPage, sums[1]])
        }
        try expect(try spanning(region) == before)
    }

    private static func regionComesBack(_ region: ContractRegion) throws {
        let before = try spanning(region)
        try require(region.hardware).disableRegion(region.device)
        try expect(try region.namespaces().isEmpty)
        try region.restoring().enableRegion(region.device)
        try region.requireSame([before])
    }

    private static func itGetsLabelsOnce(_ region: ContractRegion) throws {
        try expect(try region.perform(.initializeLabels(region: region.device)) == nil)
        let found = try region.region()
        try expect(found.isEnabled)
        try expect(found.labelling == .labelled)
        try expect(found.namespaces.isEmpty)
        try expect(found.availableSize == found.size)
        let again = try region.failure(of: .initializeLabels(region: region.device))
        try expect(again.kind == .changed)
        try expect(try region.region() == found)
        let images = try region.restoring().labelImages(of: region.device)
        try expect(images.count == found.mappings.count)
        try expect(images.allSatisfy { !$0.bytes.isEmpty })
        _ = try region.create("one", 64)
    }
}
