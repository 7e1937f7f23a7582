import Testing

@testable import ProvisionCore

/// What planning, reviews and undoing ask of a step and its kind. A new kind belongs in these tables.
@Suite struct StepKindTests {
    private static let address: UInt64 = 1 << 32
    private static let target = NamespaceTarget(
        Namespace(device: "namespace0.1", resource: address, rawSize: .mib(64), name: "wal"),
        region: "region0")
    private static let layout = Layout(
        name: NamespaceName("log"), mode: .devdax, map: .mem, align: .huge, rawSize: .mib(64))
    private static let placement = Placement(
        region: "region0", layout: layout, resource: address * 2, usableSize: .mib(62))

    /// One step of each kind that a plan can have, in the order of the kinds.
    private let steps: [Step]

    init() throws {
        let target = Self.target
        let memory = DeviceLayout(
            ranges: [Self.address * 4..<Self.address * 4 + 4096], align: .kib(4), use: .systemRAM(.movable))
        steps = [
            .initializeLabels(region: "region0"), .disable(target), .destroy(target),
            .create(Self.placement), .reconfigure(target, Self.layout),
            .rename(target, try #require(NamespaceName("log"))), .enable(target),
            .configureDevice(target, .systemRAM(.movable)), .setRights(target, .none), .zero(target),
            .setDevice(
                DeviceTransition(
                    region: DaxRegionIdentity(start: Self.address * 4, size: .gib(1)), regionName: "hmem.0",
                    name: "tier", before: nil, after: memory)),
        ]
    }

    private func kinds(_ isMeant: (StepKind) -> Bool) -> Set<StepKind> {
        Set(StepKind.allCases.filter(isMeant))
    }

    private func kindsOfSteps(_ isMeant: (Step) -> Bool) -> [StepKind] {
        steps.filter(isMeant).map(\.kind)
    }

    @Test func everyKindOfPlansIsAmongTheSteps() {
        let past: Set<StepKind> = [.clearErrors, .finishCreation]
        #expect(steps.map(\.kind) == StepKind.allCases.filter { !past.contains($0) })
    }

    @Test func eachEffectIsOfTheseKindsAlone() {
        let effects: [(StepKind.Effects, Set<StepKind>)] = [
            (.takesOffline, [.disable]),
            (.releasesPlace, [.destroy]),
            (.makesNamespace, [.create]),
            (.writesMedia, [.create, .reconfigure, .finishCreation]),
            (.changesLabel, [.destroy, .reconfigure, .rename]),
            (.takesDataAway, [.destroy, .reconfigure]),
            (.keepsLabel, [.finishCreation]),
            (.writesLabelIndexes, [.initializeLabels]),
            (.changesDevice, [.configureDevice]),
            (.changesRights, [.setRights]),
            (.changesDaxRegion, [.setDevice]),
            (.zeroesData, [.zero]),
            (.bringsOnline, [.create, .reconfigure, .enable, .finishCreation]),
        ]
        for (effect, expected) in effects {
            let found = kinds { $0.effects.contains(effect) }
            #expect(found == expected, "effect \(effect.rawValue)")
        }
        let all = StepKind.Effects(effects.map { $0.0 })
        for kind in StepKind.allCases { #expect(kind.effects.isSubset(of: all), "\(kind.rawValue)") }
    }

    @Test func whatFollowsFromTheEffects() {
        let takers = kinds { $0.takesFromUsers }
        #expect(takers == [.disable, .configureDevice])
        let settlers = kinds { $0.settlesSeed }
        #expect(settlers == [.destroy, .create, .reconfigure, .enable, .finishCreation])
        let ofDevices = kinds { $0.actsOnDaxDevice }
        #expect(ofDevices == [.configureDevice, .setRights])
        for kind in StepKind.allCases {
            #expect(kind.labelSlots == (kind == .create ? 1 : kind == .destroy ? -1 : 0), "\(kind.rawValue)")
        }
    }

    @Test func whatCanFollowACreation() {
        let found = kinds { $0.followsCreation }
        #expect(found == [.configureDevice, .setRights, .zero])
    }

    @Test func whatAStepActsOn() {
        let withoutTarget = kindsOfSteps({ $0.target == nil })
        #expect(withoutTarget == [.initializeLabels, .create, .setDevice])
        for step in steps {
            #expect(step.target == nil || step.target == Self.target)
            #expect(step.region == (step.kind == .setDevice ? "hmem.0" : "region0"))
        }
        let makers = kindsOfSteps({ $0.makesMemory })
        #expect(makers == [.configureDevice, .setDevice])
        let transitions = kindsOfSteps({ $0.transition != nil })
        #expect(transitions == [.setDevice])
    }

    /// A creation and a reconfiguration give a namespace a layout, each where its namespace lies.
    @Test func whatGivesALayoutSaysWhere() {
        for step in steps {
            let (made, kind) = (step.madeLayout, step.kind)
            let place: UInt64? =
                kind == .create ? Self.address * 2 : kind == .reconfigure ? Self.address : nil
            #expect(made?.layout == (place == nil ? nil : Self.layout), "\(kind.rawValue)")
            #expect(made?.resource == place, "\(kind.rawValue)")
        }
    }

    @Test func anotherTargetIsAllThatChanges() {
        let other = NamespaceTarget(
            Namespace(device: "namespace1.2", resource: 4096, rawSize: .mib(128), labelUUID: .null),
            region: "region1")
        for step in steps {
            let moved = step.retargeted { _ in other }
            let isMoved = step.target != nil
            #expect(moved.kind == step.kind && moved.target == (isMoved ? other : nil))
            #expect((moved == step) == !isMoved, "\(step.kind.rawValue)")
            let back = moved.retargeted { _ in Self.target }
            #expect(back == step, "\(step.kind.rawValue)")
        }
    }

    @Test func aStepForgetsAddressesAndNothingElse() {
        for step in steps {
            var bare = step
            bare.forgetAddress()
            #expect(bare.target?.resource == nil && bare.madeLayout?.resource == nil)
            var (target, placement) = (Self.target, Self.placement)
            (target.resource, placement.resource) = (nil, nil)
            let expected = step.retargeted({ _ in target }, placing: { _ in placement })
            #expect(bare == expected, "\(step.kind.rawValue)")
        }
    }

    // MARK: - Reviews that ask for these

    private func plan(_ steps: [Step]) -> Plan {
        Plan(
            changes: [], steps: steps.map { PlannedStep(change: 0, step: $0) }, unchanged: [], unmanaged: [],
            refusals: [])
    }

    /// What a plan takes from users: no namespace that the same plan makes has any.
    @Test func whatIsLookedAtForUsers() {
        let made = NamespaceTarget(Self.placement)
        #expect(plan(steps).disabled == [Self.target, Self.target])
        #expect(plan([.configureDevice(made, .devdax), .setRights(made, .none), .zero(made)]).disabled == [])
    }

    @Test(arguments: [StepKind.initializeLabels, .enable, .disable, .setRights, .zero, .destroy])
    func onlyWhatWritesIsKeptFromARegionThatLostTheLabelOfAProtectedNamespace(kind: StepKind) throws {
        let region = Region(
            device: "region0", size: .gib(1), resource: Self.address, interleaveSetID: 7,
            labelling: .labelLess)
        let bus = Bus(
            device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        let label = try #require(UUID("199cb51e-a8af-45c4-b80d-29c26f9dc084"))
        let mark = ProtectionMark(
            labelUUID: label, name: "wal", source: "test.yaml", region: RegionIdentity(region, on: bus))
        let step = try #require(steps.first { $0.kind == kind })
        let review = ProtectionReview(marks: [mark], on: Observed(buses: [bus]))
        let refusals = review.completed(plan([step])).refusals
        let isHarmless = [StepKind.enable, .disable, .setRights].contains(kind)
        #expect(refusals.map(\.code) == (isHarmless ? [] : [.protected]))
    }

    /// In the order of the bus, whatever the order of the shares, and without those that the bus does not list.
    @Test func theDimmsUnderARegion() {
        let shares = ["nmem2", "nmem0", "nmem9"].map { dimm in
            Mapping(dimm: dimm, offset: .zero, length: .gib(1), position: nil)
        }
        let region = Region(device: "region0", size: .gib(3), mappings: shares)
        let dimms = ["nmem0", "nmem1", "nmem2"].map { Dimm(device: $0) }
        let bus = Bus(
            device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: dimms, regions: [region])
        #expect(bus.dimms(under: region).map(\.device) == ["nmem0", "nmem2"])
        #expect(dimms.filter { region.lies(on: $0) }.map(\.device) == ["nmem0", "nmem2"])
        #expect(bus.dimms(under: Region(device: "region1", size: .gib(1))).isEmpty)
    }
}
