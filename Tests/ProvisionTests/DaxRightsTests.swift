import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Whose the nodes of devices of dynamic dax regions are.
///
/// What can happen between two lines, and between two runs:
/// - the program dies, or a store fails, between the rule, the node and the device's memory; the host boots, and the node is root's;
/// - a device grows, is cut, becomes memory, goes: the rule is for memory that another device has next;
/// - memory of a former owner is cleared while a rule is for it; a rule of a device that is gone is for what is made in its place;
/// - somebody changes the node by hand; other rules of udev give rights; the file of rules is not daxprov's;
/// - the account is not there; the device has more ranges than a rule can tell.
/// What must hold: a device has the rights that are declared or those that it had, no rule is for memory that is not that device's, and
/// nobody but root reaches memory that is not cleared yet. `Tests/VM/test_systemd.py` has udev itself.
@Suite struct DaxRightsTests {
    private typealias Bench = DaxDivisionTests.Bench

    private static let words = ["", ", owner: 7, permissions: \"0640\"", ", group: 8"]
    private static let rights = [nil, NodeRights(owner: 7, permissions: 0o640), NodeRights(group: 8)]

    private static func profile(_ devices: String, unmanaged: String? = nil) throws -> Profile {
        try DaxDivisionTests.profile(devices, unmanaged: unmanaged)
    }

    /// Every rule, and whether it is for a device that is there.
    private static func strayRules(_ bench: Bench) throws -> [DeviceKey] {
        let there = try bench.host.observe().daxRegions.flatMap(\.devices).compactMap { $0.layout?.ranges }
        return bench.host.state.deviceRules.keys.filter { key in !there.contains { .memory($0) == key } }
    }

    @Test(arguments: 0..<3, 0..<3)
    func allRightsBecomeAllOthersWithoutAQuestion(from: Int, to: Int) throws {
        let bench = try Bench()
        let others = "{name: other, size: 128 MiB}"
        let profiles = try Self.words.map { try Self.profile("\(others), {name: a, size: 256 MiB\($0)}") }
        try bench.applied(profiles[from])
        #expect(try bench.device("a").rights == DeviceRights(declared: Self.rights[from]))
        try bench.write(5, to: "a")
        bench.host.state.busy[try bench.device("a").name] = "a program"
        let plan = try bench.prepare(profiles[to]).plan
        #expect(plan.isEmpty == (from == to))
        #expect(plan.losses.isEmpty && plan.changes.allSatisfy { $0.reversibility == .lossless })
        try bench.applied(profiles[to])
        #expect(try bench.device("a").rights == DeviceRights(declared: Self.rights[to]))
        #expect(try bench.device("other").rights == .none)
        #expect(bench.host.state.deviceRules.count == (Self.rights[to] == nil ? 0 : 1))
        #expect(try bench.read("a") == [5, 5])
        guard from != to else { return }
        // It is still open.
        #expect(try bench.objections().isEmpty)
        _ = try bench.rollBack()
        #expect(try bench.device("a").rights == DeviceRights(declared: Self.rights[from]))
        #expect(try bench.prepare(profiles[from]).plan.isEmpty)
    }

    private static let changes = [
        (
            "{name: a, size: 256 MiB, owner: 7}, {name: b, size: 256 MiB, group: 8}",
            "{name: a, size: 128 MiB, owner: 7}, {name: b, size: 512 MiB, group: 9}, {name: c, size: 128 MiB, owner: 5}"
        ),
        (
            "{name: a, size: 256 MiB, owner: 7}, {name: b, size: 256 MiB}",
            "{name: a, size: 256 MiB, mode: system-ram}, {name: b, size: 256 MiB, owner: 7}"
        ),
        (
            "{name: a, size: 256 MiB, mode: system-ram}, {name: b, size: 256 MiB, owner: 7}",
            "{name: a, size: 256 MiB, owner: 7}, {name: c, size: 256 MiB, owner: 8}"
        ),
    ]

    @Test(arguments: changes)
    func rightsFollowTheDeviceThroughEveryChangeAndABoot(old: String, new: String) throws {
        var bench = try Bench()
        let (first, second) = try (Self.profile(old), Self.profile(new, unmanaged: "destroy"))
        try bench.applied(first)
        let before = try bench.layouts
        try bench.applied(second)
        let after = try bench.layouts
        #expect(try Self.strayRules(bench).isEmpty)
        try bench.host.reboot()
        bench.host = try SimulatedHost(json: bench.host.json)
        guard case .applied = try bench.restore() else {
            Issue.record("not restored")
            return
        }
        #expect(try bench.layouts == after)
        #expect(try bench.prepare(second).plan.isEmpty && Self.strayRules(bench).isEmpty)
        // Back without the boot.
        let other = try Bench()
        try other.applied(first)
        try other.applied(second)
        _ = try other.rollBack(agreeing: Set(other.observed.consentWords).intersection(["a", "b", "c"]))
        #expect(try other.layouts == before)
        #expect(try other.prepare(first).plan.isEmpty && Self.strayRules(other).isEmpty)
    }

    /// Wherever it dies, with or without a boot.
    @Test(arguments: changes, [false, true])
    func aCrashAtAnyStoreLeavesTheOldOrTheNewRights(_ change: (String, String), withReboot: Bool) throws {
        let (first, second) = try (Self.profile(change.0), Self.profile(change.1, unmanaged: "destroy"))
        for point in stride(from: withReboot ? 2 : 1, to: 300, by: CrashScale.every(10)) {
            let bench = try Bench()
            // What a former owner left, everywhere.
            try bench.host.write(
                9, toDevice: "dax0.0", at: stride(from: 0, to: 1 << 30, by: 1 << 26).map { ByteCount($0) })
            try bench.applied(first)
            let old = try bench.layouts
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(second) {
                #expect(point > 5)
                return
            }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            for device in try survivor.host.observe().daxRegions.flatMap(\.devices)
            where device.mode == .devdax && device.rights.node != .rootsAlone {
                let places = stride(from: 0, to: device.size.bytes, by: 1 << 26).map { ByteCount($0) }
                #expect(
                    survivor.host.read(device: device.name, at: places)?.allSatisfy { $0 == 0 } == true,
                    "\(point): \(device.name) shows others what it is not cleared of")
            }
            if withReboot { try survivor.host.reboot() }
            let outcome = try Recovery(
                host: survivor.host, store: survivor.store, consent: Consent(allowDestroy: ["a", "b", "c"])
            ).run()
            #expect(outcome.blocked.isEmpty, "\(point): \(outcome.blocked)")
            if withReboot { _ = try survivor.restore() }
            if outcome.recovered.first?.end == .committed {
                #expect(try survivor.prepare(second).plan.isEmpty, "\(point)")
            } else {
                #expect(try survivor.layouts == old, "\(point)")
            }
            #expect(try Self.strayRules(survivor).isEmpty, "\(point)")
        }
        Issue.record("there are more stores than are tried")
    }

    @Test(arguments: changes)
    func aFailureAtAnyStoreLeavesTheOldRights(old: String, new: String) throws {
        let (first, second) = try (Self.profile(old), Self.profile(new, unmanaged: "destroy"))
        for point in stride(from: 1, to: 300, by: CrashScale.every(10)) {
            let bench = try Bench()
            try bench.applied(first)
            let before = try bench.layouts
            bench.host.arm(SimulatedFault(.fail(errno: 5), atOperation: point))
            switch try bench.apply(second) {
            case .applied:
                #expect(point > 5)
                return
            case .undone:
                #expect(try bench.layouts == before, "\(point)")
                #expect(try Self.strayRules(bench).isEmpty, "\(point)")
            case let ending: Issue.record("\(point): \(ending)")
            }
        }
        Issue.record("there are more stores than are tried")
    }

    /// Rules of devices that another tool destroyed, or took: what lies there meanwhile nobody reaches, and in the end no such rule is left.
    @Test(arguments: [
        ("{name: b, size: 256 MiB}", "{name: b, size: 512 MiB, owner: 8}"),
        ("{name: b, size: 128 MiB}", "{name: b, size: 256 MiB}, {name: c, size: 256 MiB}"),
        (
            "{name: b, size: 128 MiB}",
            "{name: b, size: 256 MiB, mode: system-ram}, {name: c, size: 256 MiB, owner: 5}"
        ),
        ("{name: b, size: 256 MiB, mode: system-ram}", "{name: b, size: 256 MiB, owner: 7}"),
        ("{name: b, size: 256 MiB, mode: system-ram}", "{name: b, size: 512 MiB, owner: 7}"),
    ])
    func aRuleThatWasLeftGivesNobodyWhatIsNotCleared(old: String, new: String) throws {
        let (first, second) = try (Self.profile(old), Self.profile(new))
        for point in stride(from: 1, to: 300, by: CrashScale.every(4)) {
            let bench = try Bench()
            try bench.host.write(
                9, toDevice: "dax0.0", at: stride(from: 0, to: 1 << 30, by: 1 << 26).map { ByteCount($0) })
            try bench.applied(first)
            let start: UInt64 = 0x1_0000_0000
            for (from, to) in [(0, 256), (256, 512), (128, 256), (0, 512)] as [(UInt64, UInt64)] {
                bench.host.state.deviceRules[.memory([(start + from << 20)..<(start + to << 20)])] =
                    NodeRights(owner: 7)
            }
            bench.host.state.followRules()
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let ending = try? bench.apply(second)
            let now = try SimulatedHost(json: bench.host.json)
            for device in try now.observe().daxRegions.flatMap(\.devices)
            where device.mode == .devdax && device.rights.node != .rootsAlone && device.recordedName != "b" {
                let places = stride(from: 0, to: device.size.bytes, by: 1 << 26).map { ByteCount($0) }
                #expect(
                    now.read(device: device.name, at: places)?.allSatisfy { $0 == 0 } == true,
                    "\(point): \(device.name) shows others what it is not cleared of")
            }
            guard case .applied? = ending else { continue }
            #expect(try bench.prepare(second).plan.isEmpty)
            return
        }
        Issue.record("there are more stores than are tried")
    }

    /// What the record has and the profile does not any more, after a boot that forgot the device.
    @Test(arguments: [
        "{name: a, size: 256 MiB}", "{name: a, size: 128 MiB, owner: 7}", "{name: a, size: 384 MiB}",
        "{name: b, size: 256 MiB}", "{name: a, size: 256 MiB, zero: false}",
        "{name: a, size: 256 MiB, mode: system-ram}", "{name: a, size: 256 MiB, owner: 8}",
    ])
    func aBootLeavesNoRuleForOthers(new: String) throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB, owner: 7}"))
        try bench.host.reboot()
        let profile = try Self.profile(new, unmanaged: "destroy")
        try bench.applied(profile)
        #expect(try Self.strayRules(bench).isEmpty)
        for device in try bench.observed.daxRegions.flatMap(\.devices) where device.size > .zero {
            let isDeclared = device.recordedName == "a" && new.contains("owner")
            #expect((device.rights.rule == nil) == !isDeclared)
        }
    }

    /// An owner who changed in a transaction that a boot ended has nothing of it when the device comes back.
    @Test func aBootInTheMiddleGivesTheOldOwnerAlone() throws {
        let (first, second) = try (
            Self.profile("{name: a, size: 256 MiB, owner: 7}"),
            Self.profile("{name: a, size: 256 MiB, owner: 8}")
        )
        for point in 1..<20 {
            let bench = try Bench()
            try bench.applied(first)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(second) {
                #expect(point > 1)
                return
            }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            try survivor.host.reboot()
            let outcome = try Recovery(host: survivor.host, store: survivor.store).run()
            let isNew = outcome.recovered.first?.end == .committed
            let rules = survivor.host.state.deviceRules.values.map(\.owner)
            #expect(isNew || !rules.contains(8), "\(point)")
            _ = try survivor.restore()
            #expect(try survivor.device("a").rights.node.owner == (isNew ? 8 : 7), "\(point)")
        }
        Issue.record("there are more stores than are tried")
    }

    /// Who gave rights by hand, or by another rule, is left alone as long as the profile has none.
    @Test func rightsOfOthersStay() throws {
        let bench = try Bench()
        let profile = try Self.profile("{name: a, size: 256 MiB}")
        try bench.applied(profile)
        let device = try bench.device("a")
        try bench.host.store(.dax(.rights(device.name, NodeRights(permissions: 0o666))))
        #expect(try bench.prepare(profile).plan.isEmpty)
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: b, size: 128 MiB}"))
        #expect(try bench.device("a").rights.node == NodeRights(permissions: 0o666))
        _ = try bench.rollBack()
        #expect(try bench.device("a").rights.node == NodeRights(permissions: 0o666))
        // Also where the device itself is changed and changed back, before or after that.
        for isBefore in [true, false] {
            let name = try bench.device("a").name
            if !isBefore { try bench.host.store(.dax(.rights(name, .rootsAlone))) }
            try bench.applied(Self.profile("{name: a, size: 384 MiB}"))
            try bench.host.store(.dax(.rights(bench.device("a").name, NodeRights(permissions: 0o640))))
            #expect(try bench.objections().isEmpty)
            _ = try bench.rollBack()
            #expect(try bench.prepare(profile).plan.isEmpty)
        }
        // With a rule the profile decides.
        try bench.applied(Self.profile("{name: a, size: 256 MiB, owner: 7}"))
        try bench.host.store(.dax(.rights(device.name, NodeRights(permissions: 0o666))))
        let drift = try bench.prepare(Self.profile("{name: a, size: 256 MiB, owner: 7}")).plan
        #expect(drift.changes.map(\.kind) == [.configureDevice])
        let alone = drift.steps.compactMap { $0.step.transition?.changesRightsAlone }
        #expect(alone == [true])
    }

    @Test(arguments: [
        ("owner: nobody-here", Refusal.Code.accountUnknown), ("group: nobody-here", .accountUnknown),
    ])
    func anUnknownAccountIsRefused(words: String, code: Refusal.Code) throws {
        let bench = try Bench()
        let plan = try bench.prepare(Self.profile("{name: a, size: 256 MiB, \(words)}")).plan
        #expect(plan.refusals.map(\.code) == [code] && plan.steps.isEmpty)
    }

    @Test func memoryHasNoRights() throws {
        let error = #expect(throws: ProfileError.self) {
            try Self.profile("{name: a, size: 256 MiB, mode: system-ram, owner: 7}")
        }
        #expect(error?.description.contains("`owner`") == true)
    }

    @Test func rulesThatAreNotDaxprovsAreRefusedBeforeAnything() throws {
        let bench = try Bench()
        var findings = UseReport()
        findings.deviceRulesFault = "/etc/udev/rules.d/05-daxprov.rules: it is a link"
        let with = try bench.prepare(Self.profile("{name: a, size: 256 MiB, owner: 7}")).plan
        #expect(
            with.reviewed(by: findings.reviews(stateDirectory: nil)).refusals.map(\.code) == [
                .deviceRulesForeign
            ])
        let without = try bench.prepare(Self.profile("{name: a, size: 256 MiB}")).plan
        #expect(without.reviewed(by: findings.reviews(stateDirectory: nil)).refusals.isEmpty)
    }

    @Test func anExportedProfileHasThem() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB, owner: 7, permissions: \"0640\"}"))
        let observed = try bench.observed
        let export = ProfileExport(SavedInventory(observed: observed, limits: .none))
        #expect(
            export.text.contains(
                "{name: a, size: 256 MiB, align: 2 MiB, owner: 7, group: 0, permissions: \"0640\"}"))
        let again = try ProfileReader.read(Array(export.text.utf8), source: "export")
        #expect(Planner.plan(again, on: observed).isEmpty)
        let saved = try InventoryReader.read(JSONValue(parsing: Array(InventoryReport(observed).json.utf8)))
        #expect(saved == observed)
    }
}

extension DaxDivisionTests.Bench {
    /// Why the last transaction cannot be undone, but for consent.
    fileprivate func objections() throws -> [Refusal] {
        let log = try store.undoable(nil).0
        var query = UseQuery(targets: try RollbackReview.targets(of: log, on: observed))
        query.devices = try RollbackReview.devices(of: log, on: observed)
        let review = RollbackReview(
            of: log, on: try observed, later: [], consent: Consent(), findings: try host.examine(query))
        return review.refusals.filter { $0.code != .consentMissing }
    }
}
