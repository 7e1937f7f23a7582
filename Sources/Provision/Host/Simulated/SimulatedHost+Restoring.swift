/// Undoing on the simulated host. Its media holds info blocks alone, so these are what is saved and written back.
extension SimulatedHost: RestoringHost {
    /// The info blocks in a range, as text.
    public func readMedia(of target: NamespaceTarget, _ range: Extent) throws(HostError) -> [UInt8] {
        let id = try resolve(target)
        try requireInactive(id, while: "save the media of \(id)")
        let start = (target.resource ?? 0) + range.offset.bytes
        return state.infoBlockBytes(from: start, length: range.length)
    }

    /// See ``RestoringHost/occupy(_:as:)``.
    public func occupy(_ placement: Placement, as label: UUID) throws(HostError) -> NamespaceTarget {
        let id = try idleNamespace(of: placement.region)
        if state.namespace(id)?.uuid != nil { try store(.size(id, .zero)) }
        let made = try undoing { undo throws(HostError) in
            try self.describe(id, placement.layout.ofNewNamespace, &undo)
            try self.store(.uuid(id, label))
            undo.add(.size(id, .zero))
            try self.store(.size(id, placement.layout.rawSize))
            try self.requirePlace(id, placement)
            try self.store(.forceRaw(id, true))
            undo.add(.forceRaw(id, false))
            try self.store(.enable(id))
            undo.add(.disable(id))
            try self.store(.disable(id))
            undo.removeLast()
            try self.store(.forceRaw(id, false))
            undo.removeLast()
            return try self.readBack(id)
        }
        guard let made else {
            throw HostError(.failed, while: "take a place", device: id.description, reason: "it is gone")
        }
        return NamespaceTarget(made, region: placement.region)
    }

    /// See ``RestoringHost/writeMedia(of:_:contents:)``.
    public func writeMedia(
        of target: NamespaceTarget, _ saved: [SavedRange],
        contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) {
        let id = try resolve(target)
        try requireInactive(id, while: "write the media of \(id) back")
        try write(saved, contents)
    }

    private func write(
        _ saved: [SavedRange], _ contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) {
        for range in saved {
            try store(.infoBlocks(address: range.address, length: range.length, try contents(range)))
        }
    }

    /// See ``RestoringHost/restore(_:contents:)``.
    public func restore(
        _ restoration: Restoration, contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) -> Namespace {
        let was = restoration.namespace
        let number = try region(restoration.region, while: "bring back \(was.displayName)")
        let id: SimulatedNamespaceID
        if let found = try present(restoration, number) {
            if restoration.saved.isEmpty, let there = try readBack(found), there == was { return there }
            id = found
        } else {
            id = try allocateAnew(restoration, number)
        }
        try releaseSeeds(of: id)
        if state.namespace(id)?.isActive == true {
            try requireUnused(id)
            try store(.disable(id))
        }
        try relabel(id, as: was)
        try write(restoration.saved, contents)
        if was.isActive { try store(.enable(id)) }
        guard let result = try readBack(id), result.mode == was.mode, result.resource == was.resource,
            result.infoBlockUUID == was.infoBlockUUID
        else {
            throw HostError(
                .failed, while: "bring back \(was.displayName)", device: id.description,
                reason: "it is not what it was")
        }
        return result
    }

    private func present(_ restoration: Restoration, _ number: Int) throws(HostError) -> SimulatedNamespaceID?
    {
        let region = state.regions[number]
        let was = restoration.namespace
        guard region.labelling == .labelled else {
            return region.namespaces.first.map { SimulatedNamespaceID(region: number, number: $0.number) }
        }
        for namespace in region.namespaces {
            guard let uuid = namespace.uuid, uuid == was.labelUUID || restoration.aliases.contains(uuid)
            else { continue }
            let id = SimulatedNamespaceID(region: number, number: namespace.number)
            if namespace.size == was.rawSize, region.resource + namespace.offset.bytes == was.resource {
                return id
            }
            guard namespace.size == .zero else {
                throw HostError(
                    .changed, while: "bring back \(was.displayName)", device: id.description,
                    reason: "a namespace with its UUID lies elsewhere")
            }
            try store(.size(id, .zero))
        }
        return nil
    }

    private func allocateAnew(
        _ restoration: Restoration, _ number: Int
    ) throws(HostError) -> SimulatedNamespaceID {
        let was = restoration.namespace
        let id = try idleNamespace(of: restoration.region)
        if state.namespace(id)?.uuid != nil { try store(.size(id, .zero)) }
        try store(.name(id, was.name ?? ""))
        if let uuid = was.labelUUID { try store(.uuid(id, uuid)) }
        try store(.size(id, was.rawSize))
        guard try readBack(id)?.resource == was.resource else {
            try store(.size(id, .zero))
            throw HostError(
                .changed, while: "bring back \(was.displayName)", device: id.description,
                reason: "the kernel put it elsewhere")
        }
        return id
    }

    private func relabel(_ id: SimulatedNamespaceID, as was: Namespace) throws(HostError) {
        guard let now = state.namespace(id) else { return }
        if let uuid = was.labelUUID, now.uuid != uuid { try store(.uuid(id, uuid)) }
        if state.regions[id.region].labelling == .labelled {
            if now.name != was.name ?? "" { try store(.name(id, was.name ?? "")) }
            let sectors = was.mode == .raw ? was.sectorSize ?? 512 : 512
            if max(now.sectorSize, 512) != sectors { try store(.sectorSize(id, sectors)) }
            let holder = was.recordedMode.flatMap { SimulatedClaimKind($0) }
            if now.holderClass != holder { try store(.holderClass(id, holder)) }
        }
        if now.isForcedRaw { try store(.forceRaw(id, false)) }
    }

    /// See ``RestoringHost/remove(_:from:)``.
    public func remove(_ label: UUID, from device: String) throws(HostError) {
        let number = try region(device, while: "remove \(label)")
        for namespace in state.regions[number].namespaces where namespace.uuid == label {
            let id = SimulatedNamespaceID(region: number, number: namespace.number)
            if namespace.isActive {
                try requireUnused(id)
                try store(.disable(id))
            }
            try releaseSeeds(of: id)
            try store(.size(id, .zero))
        }
    }

    /// Which DIMMs have an index: that is all that undoing an initialisation needs.
    public func labelImages(of device: String) throws(HostError) -> [LabelAreaImage] {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return [] }
        return state.regions[number].mappings.map { mapping in
            let dimm = state.dimms[mapping.dimm]
            let version: [UInt8] = dimm.labelVersion.map { Array($0.rawValue.utf8) } ?? []
            return LabelAreaImage(dimm: dimm.id, bytes: version)
        }
    }

    /// See ``RestoringHost/enableRegion(_:)``.
    public func enableRegion(_ device: String) throws(HostError) {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return }
        try store(.enableRegion(number))
    }

    /// See ``RestoringHost/restoreLabels(_:of:replacing:)``. Images hold no labels here, and no label is lost.
    public func restoreLabels(
        _ images: [LabelAreaImage], of device: String, replacing own: Set<UUID>
    ) throws(HostError) {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return }
        if state.regions[number].isEnabled { try store(.disableRegion(number)) }
        for mapping in state.regions[number].mappings {
            guard let image = images.first(where: { $0.dimm == state.dimms[mapping.dimm].id }) else {
                continue
            }
            let text = String(decoding: image.bytes, as: UTF8.self)
            try store(.labelIndex(dimm: mapping.dimm, LabelVersion(rawValue: text)))
            if state.dimms[mapping.dimm].isEnabled { try store(.disableDimm(mapping.dimm)) }
            try store(.enableDimm(mapping.dimm))
        }
        try store(.enableRegion(number))
    }
}

extension SimulatedState {
    /// The info blocks in a physical range, as a document.
    func infoBlockBytes(from start: UInt64, length: ByteCount) -> [UInt8] {
        var part = SimulatedState()
        part.infoBlocks = infoBlocks.filter { $0.key >= start && $0.key < start + length.bytes }
        return Array(part.json.text(.compact).utf8)
    }

    /// Replaces the info blocks in a physical range by those of a document.
    mutating func replaceInfoBlocks(from start: UInt64, length: ByteCount, with bytes: [UInt8]) {
        infoBlocks = infoBlocks.filter { $0.key < start || $0.key >= start + length.bytes }
        guard let value = try? JSONValue(parsing: bytes), let saved = try? SimulatedState(json: value) else {
            return
        }
        infoBlocks.merge(saved.infoBlocks) { _, saved in saved }
    }
}
