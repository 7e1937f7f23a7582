import ProvisionCore

/// A region on which plans are carried out by the plainest rules there are: a model to hold the planner against.
struct PlanModel {
    let hardware: RandomPlanning.Hardware
    var region: Region

    /// Whatever of the plan does not go as the plan says.
    enum Fault: Error {
        case noPlace(Step), misplaced(Step, UInt64?), overlap(Step), misaligned(Step), unmapped(Step)
        case noTarget(Step), staleTarget(Step), active(Step)
    }

    /// The smallest offset on the grid of the DIMMs' addresses at which this many free bytes begin; the very start
    /// where nothing is allocated.
    func firstFit(_ size: ByteCount) -> ByteCount? {
        let taken = region.namespaces.compactMap { region.extent(of: $0) }
        var offset = (hardware.grid - hardware.skew).bytes % hardware.grid.bytes
        let end = (hardware.capacity + hardware.skew).roundedDown(to: hardware.grid) - hardware.skew
        while offset + size.bytes <= end.bytes {
            let extent = Extent(offset: ByteCount(offset), length: size)
            if !taken.contains(where: { $0.overlaps(extent) }) {
                return taken.isEmpty ? .zero : extent.offset
            }
            offset += hardware.grid.bytes
        }
        return nil
    }

    /// Carries out a plan's steps.
    mutating func perform(_ plan: Plan, using generator: inout RandomObserved.Generator) throws(Fault) {
        for planned in plan.steps { try perform(planned.step, using: &generator) }
    }

    private mutating func perform(
        _ step: Step, using generator: inout RandomObserved.Generator
    ) throws(Fault) {
        switch step {
        case .create(let placement): try create(placement, step, .random(using: &generator))
        case .destroy(let target):
            let index = try index(of: target, step)
            guard !region.namespaces[index].isActive else { throw .active(step) }
            region.namespaces.remove(at: index)
        case .disable(let target): region.namespaces[try index(of: target, step)].isActive = false
        case .enable(let target): region.namespaces[try index(of: target, step)].isActive = true
        case .rename(let target, let name):
            region.namespaces[try index(of: target, step)].name = name.text
        case .reconfigure(let target, let layout):
            let index = try index(of: target, step)
            guard !region.namespaces[index].isActive else { throw .active(step) }
            try replace(index, layout, step, .random(using: &generator))
        case .configureDevice(let target, let use):
            region.namespaces[try index(of: target, step)].daxDevice = DaxDevice(usedAs: use)
        case .setRights(let target, let rights):
            region.namespaces[try index(of: target, step)].rights = rights
        case .zero(let target):
            guard region.namespaces[try index(of: target, step)].isActive else { throw .noTarget(step) }
        case .initializeLabels, .setDevice: throw .noTarget(step)
        }
    }

    private mutating func create(_ placement: Placement, _ step: Step, _ uuid: UUID) throws(Fault) {
        let size = placement.layout.rawSize
        guard let offset = firstFit(size) else { throw .noPlace(step) }
        let resource = RandomPlanning.start + offset.bytes
        guard placement.resource == resource else { throw .misplaced(step, resource) }
        let unit = AllocationUnit.size(
            regionAlign: hardware.grid, align: placement.layout.align ?? .page, ways: hardware.ways)
        guard let unit, size.isMultiple(of: unit) else { throw .misaligned(step) }
        let taken = region.namespaces.compactMap { region.extent(of: $0) }
        let extent = Extent(offset: offset, length: size)
        guard extent.end <= hardware.capacity, !taken.contains(where: { $0.overlaps(extent) }) else {
            throw .overlap(step)
        }
        let namespace = Namespace(
            placement.layout, device: "namespace0.\(100 + region.namespaces.count)-\(resource)",
            resource: resource, labels: hardware.labels, uuid: uuid)
        guard namespace.usableSize == placement.usableSize else { throw .unmapped(step) }
        region.namespaces.append(namespace)
    }

    private mutating func replace(
        _ index: Int, _ layout: Layout, _ step: Step, _ uuid: UUID?
    ) throws(Fault) {
        let old = region.namespaces[index]
        guard let resource = old.resource, let uuid, layout.rawSize == old.rawSize else {
            throw .noTarget(step)
        }
        region.namespaces[index] = Namespace(
            layout, device: old.device, resource: resource, labels: hardware.labels, uuid: uuid)
        guard region.namespaces[index].usableSize != nil else { throw .unmapped(step) }
    }

    private func index(of target: NamespaceTarget, _ step: Step) throws(Fault) -> Int {
        guard let index = region.namespaces.firstIndex(where: { $0.device == target.device }) else {
            throw .noTarget(step)
        }
        let found = region.namespaces[index]
        guard found.labelUUID == target.labelUUID, found.resource == target.resource,
            found.rawSize == target.rawSize
        else { throw .staleTarget(step) }
        return index
    }
}
