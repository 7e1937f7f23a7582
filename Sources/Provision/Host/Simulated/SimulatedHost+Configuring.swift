package import ProvisionCore

/// The part that create and reconfigure share.
extension SimulatedHost {
    /// Gives an idle namespace the name, the sector size and the holder class of the layout, where they differ. On a
    /// label-less region there is only the holder class.
    package func describe(
        _ id: SimulatedNamespaceID, _ layout: Layout, _ undo: inout StepUndo
    ) throws(OperationError) {
        guard let old = state.namespace(id) else { return }
        let isLabelled = state.regions[id.region].labelling == .labelled
        let name = layout.name?.text ?? ""
        if isLabelled, name != old.name {
            try store(.name(id, name))
            undo.add(.name(id, old.name))
        }
        if isLabelled, let size = Self.sectorSize(for: layout, replacing: old.sectorSize) {
            try store(.sectorSize(id, size))
            undo.add(.sectorSize(id, old.sectorSize == 0 ? 512 : old.sectorSize))
        }
        let kind = SimulatedClaimKind(layout.mode)
        if kind != old.holderClass {
            try store(.holderClass(id, kind))
            undo.add(.holderClass(id, old.holderClass))
        }
    }

    /// The sector size that the label must be given; nil where it has that. Sector mode keeps its own in the info
    /// block, and fsdax and devdax have none: a recycled object goes back to 512.
    private static func sectorSize(for layout: Layout, replacing current: UInt32) -> UInt32? {
        let effective = current == 0 ? 512 : current
        let wanted = layout.mode == .raw ? layout.sectorSize?.bytes ?? effective : 512
        return wanted == effective ? nil : wanted
    }

    /// Lets the seed of the layout's mode claim the namespace and enables it; a raw namespace has no claim.
    package func claim(
        _ id: SimulatedNamespaceID, _ layout: Layout, _ infoBlock: UUID, _ undo: inout StepUndo
    ) throws(OperationError) {
        guard let kind = SimulatedClaimKind(layout.mode) else { return try store(.enable(id)) }
        // A tool that died while it looked at the media has left it.
        if state.namespace(id)?.isForcedRaw == true { try store(.forceRaw(id, false)) }
        let claim = SimulatedClaimID(region: id.region, kind: kind)
        try configure(claim, layout, infoBlock)
        try store(.claimNamespace(claim, id.number))
        undo.add(.claimNamespace(claim, nil))
        try store(.enableClaim(claim))
    }

    private func configure(
        _ claim: SimulatedClaimID, _ layout: Layout, _ infoBlock: UUID
    ) throws(OperationError) {
        let left = state.regions[claim.region].claims[claim.kind]?.namespace
        if left != nil { try store(.claimNamespace(claim, nil)) }
        if claim.kind == .btt {
            try store(.claimSectorSize(claim, layout.sectorSize ?? .sectorModeDefault))
        } else {
            try store(.claimMap(claim, layout.map ?? .dev))
            try store(.claimAlign(claim, layout.align ?? .huge))
        }
        try store(.claimUUID(claim, infoBlock))
    }

    /// The idle namespace that a creation configures: number 0 where it is idle, else the seed.
    package func idleNamespace(of device: String) throws(OperationError) -> SimulatedNamespaceID {
        let number = try region(device, while: "create a namespace")
        let region = state.regions[number]
        let operation = "create a namespace in \(device)"
        guard region.labelling == .labelled else {
            throw OperationError(
                .failed, while: operation, device: device, reason: "the region has no labels",
                advice: "initialise labels first")
        }
        for candidate in [0, region.seed].compactMap({ $0 }) {
            let id = SimulatedNamespaceID(region: number, number: candidate)
            guard let namespace = state.namespace(id), !namespace.isActive else { continue }
            if namespace.size == .zero, !state.isClaimed(id) { return id }
        }
        let seed = region.seed.map { "namespace\(number).\($0)" } ?? "none"
        throw OperationError(
            .failed, while: operation, device: device,
            reason: "the region has no idle namespace: its seed, \(seed), was configured and never enabled",
            advice: "enable or destroy that namespace first")
    }

    /// Refuses a place other than the planned one, before anything is written to the media there.
    package func requirePlace(_ id: SimulatedNamespaceID, _ placement: Placement) throws(OperationError) {
        let resource = try readBack(id)?.resource
        guard let expected = placement.resource, let resource, expected != resource else { return }
        throw OperationError(
            .changed, while: "create \(id)", device: id.description,
            reason: "it was allocated at \(Hexadecimal.number(resource)), not at "
                + "\(Hexadecimal.number(expected)) as planned",
            advice: "plan again: somebody changed the region")
    }
}
