import ProvisionCore
import ProvisionHost

/// Looking at one namespace, at users, and at a region that is disabled.
extension HostContract {
    static let looking: [HostContract] = [
        HostContract("a namespace is read alone as it is observed", oneIsReadAsObserved),
        HostContract("what is gone is not there to be read", whatIsGoneIsNotRead),
        HostContract("what nobody uses has no users", unusedHasNoUsers),
        HostContract("who uses a namespace is found, and keeps it online", usersAreFound),
        HostContract("examining changes nothing", examiningChangesNothing),
        HostContract("a disabled region shows no namespaces", disabledRegionShowsNoNamespaces),
        HostContract("in a disabled region no step does anything", disabledRegionTakesNoSteps),
        HostContract("a region that is enabled again has what it had", enabledRegionHasWhatItHad),
    ]

    private static func oneIsReadAsObserved(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let target = region.target(try region.create(layout))
            for step in [Step.disable(target), .enable(target)] {
                let read = try region.host.current(target)
                try expect(read == region.namespaces().first { $0.device == target.device })
                try expect(read?.labelUUID == target.labelUUID)
                try region.perform(step)
            }
        }
    }

    private static func whatIsGoneIsNotRead(_ region: ContractRegion) throws {
        let created = try region.create("one", 64)
        var other = region.target(created)
        other.labelUUID = region.identity().labelUUID
        // Whatever has the kernel name.
        try expect(try region.host.current(other)?.labelUUID == created.labelUUID)
        try region.destroy(created)
        try expect(try region.host.current(region.target(created)) == nil)
        other.device = "namespace0.77"
        try expect(try region.host.current(other) == nil)
    }

    private static func unusedHasNoUsers(_ region: ContractRegion) throws {
        var targets: [NamespaceTarget] = []
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            targets.append(region.target(try region.create(layout)))
        }
        try expect(try region.host.examine(UseQuery(targets: targets)).uses == [:])
        for target in targets { try region.perform(.disable(target)) }
        try expect(try region.host.examine(UseQuery(targets: targets)).uses == [:])
    }

    private static func usersAreFound(_ region: ContractRegion) throws {
        let hardware = try require(region.hardware)
        for mode in [NamespaceMode.fsdax, .sector, .raw] {
            let used = try region.create("\(mode)-used", 64, mode)
            let target = region.target(used)
            let unused = region.target(try region.create("\(mode)-unused", 64, mode))
            let stop = try hardware.use(used)
            defer { stop() }
            var query = UseQuery(targets: [target, unused])
            query.claimsDevices = true
            let found = try region.host.examine(query)
            try expect(found.uses[used.device]?.isEmpty == false)
            try expect(found.uses[unused.device] == nil)
            try expect(try region.failure(of: .disable(target)).kind == .busy)
            try expect(try region.host.current(target) == used)
            stop()
            try expect(try region.perform(.disable(target))?.isActive == false)
        }
    }

    private static func examiningChangesNothing(_ region: ContractRegion) throws {
        let active = try region.create("active", 64)
        let inactive = region.target(try region.create("inactive", 64))
        try region.perform(.disable(inactive))
        let before = try region.host.observe()
        var query = UseQuery(
            targets: [region.target(active), inactive], readsMemoryPolicy: true, readsSystemMemory: true)
        query.relabelled = query.targets
        _ = try region.host.examine(query)
        try expect(try region.host.observe() == before)
    }

    private static func disabledRegionShowsNoNamespaces(_ region: ContractRegion) throws {
        _ = try region.create("one", 64)
        try require(region.hardware).disableRegion(region.device)
        defer { try? region.restoring().enableRegion(region.device) }
        let found = try region.region()
        try expect(!found.isEnabled)
        try expect(found.namespaces.isEmpty)
        try expect(found.namespaceSeed == nil)
    }

    private static func disabledRegionTakesNoSteps(_ region: ContractRegion) throws {
        let target = region.target(try region.create("one", 64))
        let placement = region.placement(try region.layout("two", 64))
        let name = try require(NamespaceName("new"))
        try require(region.hardware).disableRegion(region.device)
        defer { try? region.restoring().enableRegion(region.device) }
        let before = try region.region()
        for step in [
            Step.create(placement), .disable(target), .enable(target), .destroy(target),
            .rename(target, name), .configureDevice(target, .devdax), .setRights(target, DeviceRights.none),
            .zero(target),
        ] {
            try expect([.changed, .failed].contains(try region.failure(of: step).kind))
        }
        try expect(try region.region() == before)
    }

    private static func enabledRegionHasWhatItHad(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) { try region.create(layout) }
        let before = try region.namespaces()
        try require(region.hardware).disableRegion(region.device)
        try region.restoring().enableRegion(region.device)
        try region.requireSame(before)
        // It is enabled already.
        try region.restoring().enableRegion(region.device)
        try region.requireSame(before)
    }
}

extension ContractRegion {
    /// Requires namespaces that are what others were, whatever the kernel calls them now.
    func requireSame(_ others: [Namespace]) throws {
        let now = try namespaces()
        try expect(now.count == others.count)
        for other in others { try expect(now.contains { $0.isSame(as: other) }) }
    }
}
