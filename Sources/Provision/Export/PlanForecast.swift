import ProvisionCore

/// The host as a plan says that it will be: what a profile of it can tell, and no more.
struct PlanForecast {
    /// The host.
    private(set) var observed: Observed

    /// The host after this plan.
    init(_ plan: Plan, on observed: Observed) {
        self.observed = observed
        let steps = plan.stepsByChange
        for (index, change) in plan.changes.enumerated() {
            guard let first = steps[index].first?.step else { continue }
            let device = steps[index].lazy.compactMap(\.step.target).first?.device
            let use = steps[index].lazy.compactMap(\.step.deviceUse).last
            self.change(first.region) { Self.carryOut(change, on: device, usedAs: use, in: &$0) }
        }
    }

    private mutating func change(_ device: String, _ body: (inout Region) -> Void) {
        for bus in observed.buses.indices {
            for region in observed.buses[bus].regions.indices
            where observed.buses[bus].regions[region].device == device {
                body(&observed.buses[bus].regions[region])
            }
        }
    }

    /// Changes the namespace that the kernel calls `device`, or makes one where there is none.
    /// - Parameter use: what its device becomes; nil where the change does not say.
    private static func carryOut(
        _ change: Change, on device: String?, usedAs use: DeviceUse?, in region: inout Region
    ) {
        if change.kind == .initializeLabels {
            region.labelling = .labelled
            region.namespaces = []
            return
        }
        let index = region.namespaces.firstIndex { $0.device == device }
        switch (index, change.after) {
        case (let index?, let after?):
            region.namespaces[index] = namespace(after, as: region.namespaces[index], usedAs: use, in: region)
        case (let index?, nil): region.namespaces.remove(at: index)
        case (nil, let after?):
            let device = "new namespace \(region.namespaces.count)"
            region.namespaces.append(
                namespace(
                    after, as: Namespace(device: device, rawSize: after.rawSize), usedAs: use, in: region))
        case (nil, nil): break
        }
    }

    private static func namespace(
        _ summary: NamespaceSummary, as before: Namespace, usedAs use: DeviceUse?, in region: Region
    ) -> Namespace {
        var namespace = Namespace(
            device: before.device, resource: summary.resource, rawSize: summary.rawSize,
            extents: region.labelling == .labelled ? 1 : nil, recordedMode: summary.mode,
            isActive: summary.isActive, usableSize: summary.usableSize, labelUUID: summary.labelUUID,
            badBlocks: before.badBlocks)
        namespace.configuration = summary.configuration
        namespace.daxDevice =
            use.map(DaxDevice.init(forecast:)) ?? (summary.device == nil ? nil : before.daxDevice)
        namespace.rights = summary.rights
        return namespace
    }
}

extension Step {
    /// What it makes of a device; nil for any other step.
    fileprivate var deviceUse: DeviceUse? {
        guard case .configureDevice(_, let use) = self else { return nil }
        return use
    }
}

extension DaxDevice {
    /// A device that shows that it is used so. How many memory blocks there will be is not foretold.
    fileprivate init(forecast use: DeviceUse) {
        self.init(usedAs: use)
        guard case .systemRAM(let online, _) = use else { return }
        memory = Memory(
            online: online == .none ? 0 : 1, total: 1, isMovable: online == .none ? nil : online == .movable)
    }
}
