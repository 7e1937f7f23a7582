package import ProvisionCore

/// The steps, as sequences of stores. Each undoes what it had begun when one fails.
extension SimulatedHost {
    package func performStores(of step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace? {
        switch step {
        case .initializeLabels(let region):
            try initializeLabels(region)
            return nil
        case .disable(let target):
            let id = try resolve(target)
            try disable(id)
            return try readBack(id)
        case .destroy(let target):
            let id = try resolve(target)
            try releaseSeeds(of: id)
            try store(.size(id, .zero))
            return nil
        case .create(let placement):
            return try create(placement, identity)
        case .reconfigure(let target, let layout):
            return try reconfigure(resolve(target), layout, identity)
        case .rename(let target, let name):
            let id = try resolve(target)
            try releaseSeeds(of: id)
            try store(.name(id, name.text))
            return try readBack(id)
        case .enable(let target):
            return try enable(resolve(target))
        case .configureDevice(let target, let use):
            return try configureDevice(resolve(target), use)
        case .setRights(let target, let rights):
            let id = try resolve(target)
            try store(.rights(id, rights))
            return try readBack(id)
        case .zero(let target):
            let id = try resolve(target)
            if let namespace = try readBack(id) {
                try zeroData(of: namespace, in: target.region, counting: stores)
            }
            return try readBack(id)
        case .setDevice(let transition):
            try DeviceSequence(transition, by: SimulatedDaxRegion(host: self, identity: transition.region))
                .run()
            return nil
        }
    }

    /// Detaches the namespace from claim seeds that an interrupted step left configured: they make it busy.
    package func releaseSeeds(of id: SimulatedNamespaceID) throws(OperationError) {
        for kind in SimulatedClaimKind.allCases {
            guard state.regions[id.region].claims[kind]?.namespace == id.number else { continue }
            try store(.claimNamespace(SimulatedClaimID(region: id.region, kind: kind), nil))
        }
    }

    /// Memory blocks are offline whenever the driver changes.
    private func configureDevice(
        _ id: SimulatedNamespaceID, _ use: DeviceUse
    ) throws(OperationError) -> Namespace? {
        guard let namespace = state.namespace(id) else { return nil }
        if namespace.memory == nil { try requireUnused(id) }
        let was = namespace.use
        guard use != was else { return try readBack(id) }
        // The page map can be elsewhere only for another binding of the driver.
        var ways: [DeviceUse] = [was.offline]
        if was.isSystemRAM, use.isSystemRAM, was.hasMemmapOnMemory != use.hasMemmapOnMemory {
            ways.append(.devdax)
        }
        ways += [use.offline, use]
        let isBound = use.isSystemRAM && (!was.isSystemRAM || ways.contains(.devdax))
        return try holdingMemoryPolicy(if: isBound) { () throws(OperationError) in
            try self.change(id, was, through: ways)
        }
    }

    private func change(
        _ id: SimulatedNamespaceID, _ was: DeviceUse, through ways: [DeviceUse]
    ) throws(OperationError) -> Namespace? {
        try undoing { undo throws(OperationError) in
            var now = was
            for next in ways where next != now {
                try self.store(.deviceUse(id, next))
                if now == was { undo.add(.deviceUse(id, was)) }
                if now == .devdax, was != .devdax { undo.add(.deviceUse(id, .devdax)) }
                now = next
            }
            return try self.readBack(id)
        }
    }

    private func disable(_ id: SimulatedNamespaceID) throws(OperationError) {
        guard let namespace = state.namespace(id), namespace.isActive else { return }
        try requireUnused(id)
        try store(.disable(id))
    }

    /// Refuses a namespace that the state lists as in use.
    package func requireUnused(_ id: SimulatedNamespaceID) throws(OperationError) {
        guard let use = try use(of: id) else { return }
        throw OperationError(
            .busy, while: "disable \(id)", device: use.device, reason: use.text, advice: "end that use first")
    }

    /// What the state lists as the use of a namespace, under any of its names; nil where it lists none.
    package func use(of id: SimulatedNamespaceID) throws(OperationError) -> Holder? {
        guard let observed = try readBack(id) else { return nil }
        let names = [
            observed.name, observed.labelUUID?.description, observed.infoBlockUUID?.description,
            observed.device, observed.blockDevice, observed.characterDevice,
            observed.blockDevice.map { "/dev/\($0)" }, observed.characterDevice.map { "/dev/\($0)" },
        ]
        guard let holder = names.compactMap({ $0 }).compactMap({ state.busy[$0] }).first else {
            guard observed.daxDevice?.mode == .systemRAM, let device = observed.characterDevice else {
                return nil
            }
            return Holder(
                .systemMemory, of: device, "system memory", advice: "declare its device: devdax first")
        }
        return Holder(
            .exclusiveOpen, of: observed.blockDevice ?? observed.characterDevice ?? observed.device,
            "in use: \(holder)")
    }

    /// Name, sector size and holder class come before the UUID: without one, no label is written for them.
    private func create(
        _ placement: Placement, _ identity: FreshIdentity
    ) throws(OperationError) -> Namespace? {
        let id = try idleNamespace(of: placement.region)
        if state.namespace(id)?.uuid != nil { try store(.size(id, .zero)) }
        return try undoing { undo throws(OperationError) in
            try self.describe(id, placement.layout.ofNewNamespace, &undo)
            try self.store(.uuid(id, identity.labelUUID))
            undo.add(.size(id, .zero))
            try self.store(.size(id, placement.layout.rawSize))
            try self.requirePlace(id, placement)
            try self.wipeInfoBlocks(of: id, for: placement.layout, &undo)
            // The media of a devdax namespace is looked at before it is claimed.
            if placement.layout.mode == .devdax { try self.withRawAccess(to: id) {} }
            try self.claim(id, placement.layout, identity.infoBlock, &undo)
            return try self.readBack(id)
        }
    }

    private func reconfigure(
        _ id: SimulatedNamespaceID, _ layout: Layout, _ identity: FreshIdentity
    ) throws(OperationError) -> Namespace? {
        try requireInactive(id, while: "reconfigure \(id)")
        try releaseSeeds(of: id)
        guard let old = state.namespace(id) else { return nil }
        return try undoing { undo throws(OperationError) in
            if let uuid = old.uuid {
                try self.store(.uuid(id, identity.labelUUID))
                undo.add(.uuid(id, uuid))
            } else {
                try self.eraseInfoBlock(id, &undo)
            }
            try self.describe(id, layout, &undo)
            try self.wipeInfoBlocks(of: id, for: layout, &undo)
            try self.claim(id, layout, identity.infoBlock, &undo)
            return try self.readBack(id)
        }
    }

    /// A namespace that becomes raw keeps no info block, whoever wrote it.
    private func wipeInfoBlocks(
        of id: SimulatedNamespaceID, for layout: Layout, _ undo: inout StepUndo
    ) throws(OperationError) {
        guard layout.mode == .raw, let namespace = state.namespace(id) else { return }
        let start = state.regions[id.region].resource + namespace.offset.bytes
        let length = ByteCount(SimulatedGeometry.superBlock)
        guard state.infoBlocks.keys.contains(where: { $0 >= start && $0 < start + length.bytes }) else {
            return
        }
        let saved = state.media(from: start, length: length)
        try store(.media(address: start, [UInt8](repeating: 0, count: Int(length.bytes))))
        undo.add(.media(address: start, saved))
    }

    /// A label-less namespace has no UUID to disown its info block with, so the block must go.
    private func eraseInfoBlock(_ id: SimulatedNamespaceID, _ undo: inout StepUndo) throws(OperationError) {
        try store(.forceRaw(id, true))
        undo.add(.forceRaw(id, false))
        try store(.enable(id))
        undo.add(.disable(id))
        try store(.zeroInfoBlock(id))
        undo.lose("the info block of \(id) was erased")
        try store(.disable(id))
        undo.removeLast()
        try store(.forceRaw(id, false))
        undo.removeLast()
    }

    private func enable(_ id: SimulatedNamespaceID) throws(OperationError) -> Namespace? {
        guard let namespace = state.namespace(id) else { return nil }
        if namespace.isActive { return try readBack(id) }
        try releaseSeeds(of: id)
        if namespace.isForcedRaw { try store(.forceRaw(id, false)) }
        try store(.enable(id))
        return try readBack(id)
    }
}
