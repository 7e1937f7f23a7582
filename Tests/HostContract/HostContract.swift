import ProvisionCore

/// What every ``Host`` must do, whatever is behind it. Each clause gets a host with an enabled, labelled, empty region
/// of at least 1 GiB, and may leave namespaces behind.
///
/// Some members of ``Host`` and ``RestoringHost`` have no clause, or one for a part of what they do, because a simulated host and a kernel
/// have no more in common there:
/// - `measure`: a simulated host has no memory to map, and answers with that reason.
/// - `startScrub`: a simulated scrub ends at once and finds nothing, and the virtual machines of the contract have no scrub.
/// - `observeWithHealth`: what a DIMM answers is its own. Only the rest of the observation can be compared.
/// - `mediaErrorLists`: a simulated host has no lists but its regions'. Only a host without errors can be asked.
/// - `clearErrors` and `clearingUnit` of a devdax namespace or a free range: the kernel needs firmware for that, which these machines do
///   not have. In sector mode the kernel looks for sectors that it cannot read, and a simulated host has none.
/// - `memoryMargins` of what is no active devdax namespace: the kernel host refuses it, a simulated host has none.
/// - `memoryPolicy` where there is no memory hotplug; and what a policy does to memory that other tools make.
/// - `requireAlone` of a data area: whoever opens it must be another process for the kernel, and that it is held keeps nobody out of a
///   simulated device. That nobody else uses it can be asked.
/// - `sample(ofCreated:in:)` of devdax: the kernel host takes its sample while it creates the namespace, of what lay there before.
/// - `labelsDisagree`: nothing but a cut of the power makes labels disagree, which is not simulated.
/// - Memory in the kernel's own zone: the kernel need not give it back.
package struct HostContract: Sendable, CustomStringConvertible {
    package let description: String
    package let check: @Sendable (ContractRegion) throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (ContractRegion) throws -> Void) {
        self.description = description
        self.check = check
    }

    /// Every clause.
    package static let clauses: [HostContract] = [
        steps, looking, restoring, devices, zeroing, clearing, machine,
    ].flatMap(\.self)

    private static let steps: [HostContract] = [
        HostContract("every mode reads back as it was asked for", everyModeReadsBack),
        HostContract("observing changes nothing", observingChangesNothing),
        HostContract("namespaces fill the region from its start", namespacesFillFromTheStart),
        HostContract("the first gap that is large enough is taken", theFirstGapIsTaken),
        HostContract("a disabled namespace comes back as it was", disabledComesBack),
        HostContract("disabling and enabling twice does no harm", disablingTwiceIsHarmless),
        HostContract("a rename keeps the identity", renameKeepsIdentity),
        HostContract("a reconfiguration keeps the extent", reconfigurationKeepsTheExtent),
        HostContract("an active namespace is not destroyed", activeIsNotDestroyed),
        HostContract("a target that changed is refused", changedTargetIsRefused),
        HostContract("a creation elsewhere than planned leaves nothing", misplacedCreationLeavesNothing),
        HostContract("a creation that does not fit leaves nothing", oversizedCreationLeavesNothing),
        HostContract("a creation that the region refuses leaves nothing", misalignedCreationLeavesNothing),
        HostContract("enabling brings back what was disabled", enablingBringsBackWhatWasDisabled),
    ]

    private static func everyModeReadsBack(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let created = try region.create(layout)
            try expect(created.name == layout.name?.text)
            try expect(created.mode == layout.mode)
            try expect(created.map == layout.map)
            try expect(created.align == layout.align?.size)
            try expect(created.rawSize == layout.rawSize)
            try expect(created.extents == 1)
            try expect(created.isActive)
            try expect(created.unfinished == nil)
            try expect(created.usableSize == region.usableSize(of: created, layout))
            // What became of opening its node is known of the step alone.
            var observed = created
            observed.daxDevice?.node = nil
            try expect(try region.namespaces().contains(observed))
        }
    }

    private static func observingChangesNothing(_ region: ContractRegion) throws {
        _ = try region.create("one", 64)
        let before = try region.host.observe()
        try expect(try region.host.observe() == before)
    }

    private static func namespacesFillFromTheStart(_ region: ContractRegion) throws {
        let start = try region.region().resource
        let first = try region.create("first", 64)
        let second = try region.create("second", 64)
        try expect(first.resource == start)
        try expect(second.resource == start.map { $0 + first.rawSize.bytes })
        try expect(first.labelUUID != second.labelUUID)
    }

    private static func theFirstGapIsTaken(_ region: ContractRegion) throws {
        let first = try region.create("first", 64)
        let second = try region.create("second", 128)
        _ = try region.create("third", 64)
        try region.destroy(first)
        try region.destroy(second)
        _ = try region.create("fourth", 64)
        let fifth = try region.create("fifth", 128)
        try expect(fifth.resource == second.resource)
    }

    private static func disabledComesBack(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let created = try region.create(layout)
            let disabled = try require(try region.perform(.disable(region.target(created))))
            try expect(!disabled.isActive)
            try expect(disabled.mode == (layout.mode == .raw ? nil : layout.mode))
            try expect(disabled.usableSize == nil)
            try expect(disabled.labelUUID == created.labelUUID)
            try expect(try region.perform(.enable(region.target(disabled))) == created)
        }
    }

    private static func disablingTwiceIsHarmless(_ region: ContractRegion) throws {
        let target = try region.target(region.create("one", 64))
        let disabled = try region.perform(.disable(target))
        try expect(try region.perform(.disable(target)) == disabled)
        let enabled = try region.perform(.enable(target))
        try expect(try region.perform(.enable(target)) == enabled)
    }

    private static func renameKeepsIdentity(_ region: ContractRegion) throws {
        let created = try region.create("old", 64)
        let target = region.target(created)
        _ = try region.perform(.disable(target))
        let name = try require(NamespaceName("new"))
        let renamed = try require(try region.perform(.rename(target, name)))
        try expect(renamed.name == "new")
        var expected = created
        expected.name = "new"
        try expect(try region.perform(.enable(target)) == expected)
    }

    private static func reconfigurationKeepsTheExtent(_ region: ContractRegion) throws {
        var current = try region.create("one", 64)
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let target = region.target(current)
            _ = try region.perform(.disable(target))
            let identity = region.identity()
            let changed = try require(
                try region.host.perform(.reconfigure(target, layout), identity: identity))
            try expect(changed.mode == layout.mode)
            try expect(changed.map == layout.map)
            try expect(changed.resource == current.resource)
            try expect(changed.rawSize == current.rawSize)
            try expect(changed.labelUUID == identity.labelUUID)
            try expect(changed.infoBlockUUID == (layout.mode == .raw ? nil : identity.infoBlock))
            try expect(changed.unfinished == nil)
            current = changed
        }
        try expect(try region.namespaces() == [current])
    }

    private static func activeIsNotDestroyed(_ region: ContractRegion) throws {
        let created = try region.create("one", 64)
        let error = try region.failure(of: .destroy(region.target(created)))
        try expect(error.kind == .busy)
        try expect(try region.namespaces() == [created])
    }

    private static func changedTargetIsRefused(_ region: ContractRegion) throws {
        let created = try region.create("one", 64)
        let good = region.target(created)
        var targets = [good, good, good, good]
        targets[0].labelUUID = region.identity().labelUUID
        targets[1].rawSize += .mib(16)
        targets[2].resource = created.resource.map { $0 + 4096 }
        targets[3].device = "namespace0.77"
        for target in targets {
            for step in [Step.disable(target), .destroy(target), .enable(target)] {
                try expect(try region.failure(of: step).kind == .changed)
            }
        }
        try expect(try region.namespaces() == [created])
    }

    private static func misplacedCreationLeavesNothing(_ region: ContractRegion) throws {
        let before = try region.region()
        var placement = try region.placement(region.layout("one", 64))
        placement.resource = before.resource.map { $0 + (1 << 26) }
        try expect(try region.failure(of: .create(placement)).kind == .changed)
        try expect(try region.region() == before)
    }

    private static func oversizedCreationLeavesNothing(_ region: ContractRegion) throws {
        let before = try region.region()
        var layout = try region.layout("one", 64)
        layout.rawSize = before.size + before.size
        let error = try region.failure(of: .create(region.placement(layout)))
        try expect(error.kind == .failed)
        try expect(error.undoFailures == [])
        try expect(try region.region() == before)
    }

    private static func misalignedCreationLeavesNothing(_ region: ContractRegion) throws {
        let before = try region.region()
        var layout = try region.layout("one", 64)
        layout.rawSize += .kib(4)
        try expect(try region.failure(of: .create(region.placement(layout))).kind == .failed)
        try expect(try region.region() == before)
    }

    private static func enablingBringsBackWhatWasDisabled(_ region: ContractRegion) throws {
        for layout in try ContractRegion.everyLayout(of: region.size(64)) {
            let created = try region.create(layout)
            let target = region.target(created)
            _ = try region.perform(.disable(target))
            try expect(try region.perform(.enable(target)) == created)
        }
    }
}
