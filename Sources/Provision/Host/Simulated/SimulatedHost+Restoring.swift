public import ProvisionCore

/// Undoing on the simulated host.
extension SimulatedHost: RestoringHost {
    /// The number of the boot.
    public var bootID: String? { "\(state.boots)" }

    /// What the state has, though nothing brings simulated memory online by itself.
    public var memoryPolicy: String? { state.memoryHotplug?.policy }

    /// See ``RestoringHost/setMemoryPolicy(_:)``.
    public func setMemoryPolicy(_ policy: String) throws(OperationError) {
        try requireAlive(while: "set the policy for new memory blocks")
        try store(.memoryPolicy(policy))
    }

    /// Binds the driver of memory while new memory blocks stay offline, as the kernel host does: by another policy they would come online in
    /// a zone of the kernel's choice. Where that fails, the policy is given back; a host that crashed cannot do that.
    package func holdingMemoryPolicy<Result>(
        if isHeld: Bool, _ body: () throws(OperationError) -> Result
    ) throws(OperationError) -> Result {
        guard isHeld, let policy = memoryPolicy, policy != "offline" else { return try body() }
        try setMemoryPolicy("offline")
        let result: Result
        do throws(OperationError) {
            result = try body()
        } catch {
            guard isAlive else { throw error }
            do throws(OperationError) { try setMemoryPolicy(policy) } catch let undo {
                throw error.adding(undoFailures: [undo])
            }
            throw error
        }
        try setMemoryPolicy(policy)
        return result
    }

    /// See ``RestoringHost/readMedia(of:_:_:)``.
    public func readMedia(
        of target: NamespaceTarget, _ ranges: [Extent], _ receive: (Int, [UInt8]?) -> Bool
    ) throws(OperationError) {
        let id = try resolve(target)
        try requireInactive(id, while: "look at the media of \(id)")
        let start = try start(of: id)
        try withRawAccess(to: id) { () throws(OperationError) in
            for (index, range) in ranges.enumerated() {
                let bytes = state.media(from: start + range.offset.bytes, length: range.length)
                guard receive(index, bytes) else { return }
            }
        }
    }

    /// Enables a namespace past any info block meanwhile.
    package func withRawAccess(
        to id: SimulatedNamespaceID, _ body: () throws(OperationError) -> Void
    ) throws(OperationError) {
        try releaseSeeds(of: id)
        try undoing { undo throws(OperationError) in
            try self.store(.forceRaw(id, true))
            undo.add(.forceRaw(id, false))
            try self.store(.enable(id))
            undo.add(.disable(id))
            try body()
            try self.store(.disable(id))
            undo.removeLast()
            try self.store(.forceRaw(id, false))
        }
    }

    private func start(of id: SimulatedNamespaceID) throws(OperationError) -> UInt64 {
        guard let namespace = state.namespace(id) else {
            throw OperationError(.changed, while: "find \(id)", device: id.description, reason: "it is gone")
        }
        return state.regions[id.region].resource + namespace.offset.bytes
    }

    /// See ``RestoringHost/readPages(of:at:)``.
    public func readPages(of target: NamespaceTarget, at offsets: [ByteCount]) throws(OperationError)
        -> [[UInt8]]?
    {
        let id = try resolve(target)
        guard let start = state.dataStart(of: id) else { return nil }
        return state.dataPages(of: id, from: start, at: offsets)
    }

    /// See ``RestoringHost/isUnwritten(_:)``. The kernel counts writes to what is active only where it was told to,
    /// which raw access does.
    public func isUnwritten(_ target: NamespaceTarget) throws(OperationError) -> Bool? {
        state.namespace(try resolve(target)).flatMap {
            $0.isActive && !$0.isForcedRaw ? nil : !$0.isWritten
        }
    }

    /// See ``RestoringHost/isUnusedTable(of:logs:)``. The logs are not simulated; which tables were written through is kept apart.
    public func isUnusedTable(of target: NamespaceTarget, logs: [Extent]) throws(OperationError) -> Bool {
        let id = try resolve(target)
        try requireInactive(id, while: "look at the translation table of \(id)")
        let table = state.table(of: id)
        try withRawAccess(to: id) {}
        return table.map { !state.writtenTables.contains($0) } ?? false
    }

    /// See ``RestoringHost/sample(ofCreated:in:)``.
    public func sample(
        ofCreated namespace: Namespace, in region: String
    ) throws(OperationError) -> MediaSample? {
        let target = NamespaceTarget(namespace, region: region)
        if let size = namespace.usableSize {
            let range = Extent(offset: .zero, length: size)
            if let pages = try readPages(of: target, at: MediaSample.offsets(in: range)) {
                return MediaSample(view: .device, range: range, pages: pages)
            }
        }
        let id = try resolve(target)
        let start = try start(of: id)
        guard let live = state.namespace(id) else { return nil }
        let range = state.writableRange(of: live, in: state.regions[id.region])
        let pages = MediaSample.offsets(in: range).map {
            state.media(from: start + $0.bytes, length: MediaSample.page)
        }
        return MediaSample(view: .media, range: range, pages: pages)
    }

    /// See ``RestoringHost/memoryMargins(of:)``.
    public func memoryMargins(of target: NamespaceTarget) throws(OperationError) -> MemoryMargins? {
        let id = try resolve(target)
        guard let namespace = state.namespace(id), namespace.isActive, namespace.memory == nil,
            let range = state.deviceRange(of: id)
        else { return nil }
        let offsets = MemoryMargins.offsets(in: range, blockSize: state.memoryBlock)
        guard !offsets.isEmpty else { return nil }
        return MemoryMargins(
            pages: offsets.map {
                Checksum.of(state.media(from: range.lowerBound + $0.bytes, length: MediaSample.page))
            })
    }

    /// See ``RestoringHost/occupy(_:as:)``.
    public func occupy(_ placement: Placement, as label: UUID) throws(OperationError) -> NamespaceTarget {
        let id = try idleNamespace(of: placement.region)
        if state.namespace(id)?.uuid != nil { try store(.size(id, .zero)) }
        let made = try undoing { undo throws(OperationError) in
            try self.describe(id, placement.layout.ofNewNamespace, &undo)
            try self.store(.uuid(id, label))
            undo.add(.size(id, .zero))
            try self.store(.size(id, placement.layout.rawSize))
            try self.requirePlace(id, placement)
            try self.withRawAccess(to: id) {}
            return try self.readBack(id)
        }
        guard let made else {
            throw OperationError(.failed, while: "take a place", device: id.description, reason: "it is gone")
        }
        return NamespaceTarget(made, region: placement.region)
    }

    /// See ``RestoringHost/writeMedia(of:_:)``.
    public func writeMedia(of target: NamespaceTarget, _ pieces: [MediaPiece]) throws(OperationError) {
        let id = try resolve(target)
        try requireInactive(id, while: "write the media of \(id) back")
        let start = try start(of: id)
        try withRawAccess(to: id) { () throws(OperationError) in
            for piece in pieces { try store(.media(address: start + piece.offset.bytes, try piece.bytes())) }
        }
    }

    /// See ``RestoringHost/reinstate(_:on:)``.
    public func reinstate(_ was: Namespace, on target: NamespaceTarget) throws(OperationError) -> Namespace {
        let id = try resolve(target)
        try requireInactive(id, while: "bring back \(was.displayName)")
        try releaseSeeds(of: id)
        if let uuid = was.labelUUID {
            for other in state.regions[id.region].namespaces
            where other.uuid == uuid && other.number != id.number && other.size == .zero {
                try store(.size(SimulatedNamespaceID(region: id.region, number: other.number), .zero))
            }
        }
        try relabel(id, as: was)
        if was.isActive { try store(.enable(id)) }
        guard let result = try readBack(id), result.isSame(as: was) else {
            throw OperationError(
                .failed, while: "bring back \(was.displayName)", device: id.description,
                reason: "it is not what it was")
        }
        return result
    }

    private func relabel(_ id: SimulatedNamespaceID, as was: Namespace) throws(OperationError) {
        guard let now = state.namespace(id) else { return }
        if state.regions[id.region].labelling == .labelled {
            if now.name != was.name ?? "" { try store(.name(id, was.name ?? "")) }
            let sectors = was.mode == .raw ? was.sectorSize ?? 512 : 512
            if max(now.sectorSize, 512) != sectors { try store(.sectorSize(id, sectors)) }
            let holder = was.recordedMode.flatMap { SimulatedClaimKind($0) }
            if now.holderClass != holder { try store(.holderClass(id, holder)) }
        }
        // It tells undoing that the rest of the label is back.
        if let uuid = was.labelUUID, now.uuid != uuid { try store(.uuid(id, uuid)) }
        if now.isForcedRaw { try store(.forceRaw(id, false)) }
    }

    /// See ``RestoringHost/removeRules(for:)``.
    public func removeRules(for devices: [DeviceKey]) throws(OperationError) {
        for key in devices where state.deviceRules[key] != nil {
            switch key {
            case .infoBlock(let uuid): try store(.removeRule(uuid))
            case .memory(let ranges): try store(.dax(.rule(ranges, nil)))
            }
        }
    }

    /// See ``RestoringHost/remove(_:from:)``.
    public func remove(_ label: UUID, from device: String) throws(OperationError) {
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
    public func labelImages(of device: String) throws(OperationError) -> [LabelAreaImage] {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return [] }
        return state.regions[number].mappings.map { mapping in
            let dimm = state.dimms[mapping.dimm]
            let version: [UInt8] = dimm.labelVersion.map { Array($0.rawValue.utf8) } ?? []
            return LabelAreaImage(dimm: dimm.id, bytes: version)
        }
    }

    /// See ``RestoringHost/labelsDisagree(in:)``. A cut of the power between the label writes of two DIMMs is not simulated.
    public func labelsDisagree(in device: String) throws(OperationError) -> Bool { false }

    /// See ``RestoringHost/enableRegion(_:)``.
    public func enableRegion(_ device: String) throws(OperationError) {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return }
        try store(.enableRegion(number))
    }

    /// See ``RestoringHost/restoreLabels(_:of:replacing:)``. Images hold no labels here: those of a DIMM that has its index are
    /// left as they are.
    public func restoreLabels(
        _ images: [LabelAreaImage], of device: String, replacing own: Set<UUID>
    ) throws(OperationError) {
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else { return }
        if state.regions[number].isEnabled { try store(.disableRegion(number)) }
        for mapping in state.regions[number].mappings {
            guard let image = images.first(where: { $0.dimm == state.dimms[mapping.dimm].id }) else {
                continue
            }
            let text = String(decoding: image.bytes, as: UTF8.self)
            let version = LabelVersion(rawValue: text)
            if state.dimms[mapping.dimm].labelVersion != version {
                try store(.labelIndex(dimm: mapping.dimm, version))
            }
            if state.dimms[mapping.dimm].isEnabled { try store(.disableDimm(mapping.dimm)) }
            try store(.enableDimm(mapping.dimm))
        }
        try store(.enableRegion(number))
    }
}
