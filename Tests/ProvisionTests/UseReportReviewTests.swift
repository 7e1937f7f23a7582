import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// What is found on devices, as a plan tells it.
@Suite struct UseReportReviewTests {
    private let plan: Plan
    private let device: String

    /// A plan that destroys one active namespace.
    init() throws {
        let host = try SimulatedHost(json: TestFiles.text("plans/unmanaged-destroy/host.json"))
        let profile = try ProfileReader.read(
            TestFiles.bytes("plans/unmanaged-destroy/profile.yaml"), source: "profile.yaml")
        plan = Planner.plan(profile, on: try host.observe())
        device = try #require(plan.disabled.first).device
    }

    private func reviewed(_ findings: UseReport, state: String? = nil) -> Plan {
        plan.reviewed(by: findings.reviews(stateDirectory: state.map { .init($0) }))
    }

    @Test func nothingFoundChangesNothing() {
        #expect(reviewed(UseReport()) == plan)
    }

    @Test func aUseIsANoteInAPlanAndARefusalOfAnApply() throws {
        let use = Holder(
            .process, of: "pmem0", "open in process 7 (sleep)", advice: "stop process 7", process: 7,
            command: "sleep")
        let found = reviewed(UseReport(uses: [device: [use]]))
        let note = try #require(found.notes.first)
        #expect(found.notes.count == 1 && note.code == .busy && note.holders == [use])
        #expect(note.message == "in use: pmem0: open in process 7 (sleep)" && note.advice == "stop process 7")
        #expect(found.refusals == plan.refusals)
        #expect(found.refusalsForUse.map(\.code) == [.busy])
        #expect(found.refusalsForUse.first?.holders == [use])
    }

    @Test func whoGoesUnseenIsANote() throws {
        let obstacle = OperationError(
            .unavailable, while: "see who uses the namespaces", reason: "/proc is not mounted",
            advice: "mount it")
        let found = reviewed(UseReport(obstacle: obstacle))
        let note = try #require(found.notes.first)
        #expect(found.notes.count == 1 && note.code == .usesUnknown && note.advice == "mount it")
        #expect(note.message.hasSuffix("apply refuses it: /proc is not mounted"))
        let nothing = Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: [])
        let reviews = UseReport(obstacle: obstacle).reviews(stateDirectory: nil)
        #expect(nothing.reviewed(by: reviews) == nothing)
    }

    @Test func aMissingNodeIsANoteOfThePlan() throws {
        let found = reviewed(UseReport(missingNodes: [device: "pmem0"]))
        #expect(found.notes.map(\.code) == [.nodeMissing])
        #expect(found.notes.first?.message.hasPrefix("/dev/pmem0 does not exist") == true)
        #expect(found.refusals == plan.refusals)
    }

    @Test func manyUsesAreCounted() {
        let uses = (1...7).map { Holder(.process, of: "pmem0", "open in process \($0) (x)") }
        #expect(uses.summary.hasSuffix("; and 2 more"))
        #expect(uses.advice == "stop what uses it")
    }

    @Test func theStateDirectoryOnTheDeviceIsAReasonOfItsOwn() {
        let mount = Holder(.mount, of: "dm-0", "mounted at /var/lib")
        let stacked = Holder(.stackedDevice, of: "pmem0", "part of dm-0")
        let findings = UseReport(uses: [device: [mount, stacked]], stateDevices: ["dm-0", "pmem0"])
        let found = reviewed(findings, state: "/var/lib/daxprov")
        #expect(found.refusals.map(\.code) == plan.refusals.map(\.code) + [.stateDirectoryOnTarget])
        var other = findings
        other.stateDevices = ["vda1", "vda"]
        #expect(reviewed(other, state: "/var/lib/daxprov").refusals == plan.refusals)
    }

    @Test func contentsAreToldWithTheChangeAndInTheRefusalForLackOfConsent() throws {
        let ext4 = Signature(.fileSystem, type: "ext4", label: "data", uuid: "1234-5678")
        let found = reviewed(UseReport(contents: [device: [ext4]]))
        let change = try #require(found.changes.first { $0.contents != nil })
        #expect(change.contents == [ext4])
        let refusal = try #require(Consent().refusals(for: found).first { $0.address == change.address })
        #expect(refusal.message.contains("ext4, label data, UUID 1234-5678"))
    }

    /// The plan that gives labels to a region, with what was found.
    private func labelled(_ findings: (NamespaceTarget) -> UseReport) throws -> Plan {
        let host = try SimulatedHost(json: TestFiles.text("plans/labels-init/host.json"))
        let profile = try ProfileReader.read(
            TestFiles.bytes("plans/labels-init/profile.yaml"), source: "profile.yaml")
        let plan = Planner.plan(profile, on: try host.observe())
        let target = try #require(plan.disabled.first)
        return plan.reviewed(by: findings(target).reviews(stateDirectory: nil))
    }

    @Test(arguments: [
        (nil, true, nil), (ContentLook(read: .gib(1), size: .gib(1)), false, nil),
        (ContentLook(read: .mib(12), size: .gib(1)), true, Note.Code.contentUnknown),
        (ContentLook(read: .gib(1), size: .gib(1), firstContent: .mib(900)), true, .contentFound),
    ])
    func labelIndexesNeedConsentUnlessAllOfTheRegionIsKnownToBeEmpty(
        look: ContentLook?, needsConsent: Bool, note: Note.Code?
    ) throws {
        let found = try labelled { _ in
            var findings = UseReport()
            findings.contentLooks["region0"] = look
            return findings
        }
        let change = try #require(found.changes.first { $0.kind == .initializeLabels })
        #expect(change.consent == (needsConsent ? "region0" : nil))
        #expect(found.notes.map(\.code) == [note].compactMap(\.self))
        #expect(found.steps.contains { $0.backup != nil } == needsConsent)
    }

    @Test func labelIndexesOverASignatureNeedConsent() throws {
        let raid = Signature(.member, type: "linux_raid_member")
        for (contents, consent) in [([], nil), ([raid], "region0")] {
            let found = try labelled { target in
                var findings = UseReport(contents: [target.device: contents])
                findings.contentLooks["region0"] = ContentLook(read: .gib(1), size: .gib(1))
                return findings
            }
            let change = try #require(found.changes.first { $0.kind == .initializeLabels })
            #expect(change.consent == consent)
        }
    }

    @Test func labelsWithoutAnIndexAreRefusedByTheirNames() throws {
        let found = try labelled { _ in
            var findings = UseReport()
            findings.strayLabels = [
                StrayLabels(region: "region0", dimm: "nmem0", names: ["a", "b", "c", "d", "e", "f"])
            ]
            return findings
        }
        let refusal = try #require(found.refusals.first)
        #expect(found.refusals.count == 1 && refusal.code == .labelsWithoutIndex)
        #expect(refusal.message.hasPrefix("nmem0 has namespace labels (a, b, c, d, and 2 more)"))
        #expect(refusal.advice?.contains("ndctl read-labels -o FILE nmem0") == true)
    }

    @Test func aLabelThatCannotBeWrittenBackLetsItsChangeBeRefusedAndNoOther() throws {
        let label = try #require(plan.relabelled.first?.labelUUID)
        var findings = UseReport()
        findings.labelLosses[label] = ["it is marked read-only (flag ROLABEL)"]
        let refused = reviewed(findings).refusals
        #expect(refused.map(\.code) == plan.refusals.map(\.code) + [.labelNotRestorable])
        #expect(refused.last?.message.contains("flag ROLABEL") == true)
        findings.labelLosses = [try #require(UUID("11111111-2222-4333-8444-00000000ffff")): ["its name"]]
        #expect(reviewed(findings).refusals == plan.refusals)
    }

    @Test(arguments: [("online_movable", true), ("offline", false)])
    func thePolicyForNewMemoryIsNotedWhereItTakesMemoryOnlineAtOnce(policy: String, isNoted: Bool) {
        let found = reviewed(UseReport(memoryPolicy: policy))
        #expect(found.notes.contains { $0.code == .memoryAutoOnline } == isNoted)
    }

    /// A plan that makes no memory has nothing to do with rules about memory.
    @Test func rulesThatBringMemoryOnlineAreNotedWhereMemoryIsMade() {
        var findings = UseReport(memoryPolicy: "offline")
        findings.memoryRules = ["/etc/udev/rules.d/40-memory.rules"]
        #expect(!reviewed(findings).notes.contains { $0.code == .memoryAutoOnline })
        let target = NamespaceTarget(
            Placement(
                region: "region0",
                layout: Layout(
                    name: NamespaceName("heap"), mode: .devdax, map: .mem, align: .huge, sectorSize: nil,
                    rawSize: .mib(256)), resource: nil, usableSize: .zero))
        var plan = plan
        plan.steps.append(
            PlannedStep(change: 0, step: .configureDevice(target, .systemRAM(.movable))))
        let noted = UseReview(findings: findings, stateDirectory: nil).completed(plan)
        let message = noted.notes.first { $0.code == .memoryAutoOnline }?.message
        #expect(message?.contains("40-memory.rules") == true)
    }
}
