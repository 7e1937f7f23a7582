import Glibc
import Provision
import ProvisionCore
import ProvisionHost
import SystemPackage
import Testing

/// Every folder of Tests/Fixtures/plans is a case: a `profile.yaml`, the host as `host.json` (the state file of a
/// simulated host) or `observed.json` (a saved inventory, where a host cannot be simulated), and in `plan.txt` the
/// plan. With `RECORD_PLAN_FIXTURES` in the environment `plan.txt` (and `after.txt`, where there is one) is written,
/// and the tests fail.
///
/// A plan for a simulated host that nothing refuses is carried out there. The next plan must then be empty, at once
/// and after a reboot, unless `after.txt` says what it is.
@Suite struct PlanFixtureTests {
    static let isRecording = unsafe getenv("RECORD_PLAN_FIXTURES") != nil
    static let cases = TestFiles.names(in: "plans", endingWith: "").filter { !$0.hasPrefix(".") }

    @Test func thereAreCases() {
        #expect(Self.cases.count >= 40)
    }

    @Test(arguments: cases) func thePlanIsAsExpected(name: String) throws {
        let fixture = try PlanFixture(name)
        let text = fixture.text(of: fixture.plan)
        try fixture.expect(text, in: "plan.txt")
    }

    @Test(arguments: cases) func aPlanWithoutRefusalsIsCarriedOutWhole(name: String) throws {
        let fixture = try PlanFixture(name)
        guard let host = fixture.host, fixture.plan.refusals.isEmpty else { return }
        let application = Application(of: fixture.profile, to: host)
        let consent = Consent(allowDestroy: Set(fixture.plan.changes.map(\.address)))
        let ending = try application.carryOut(application.prepare(), consent: consent, recordingIn: nil)
        let next = try application.prepare().plan
        if fixture.has("after.txt") {
            try fixture.expect(fixture.text(of: next), in: "after.txt")
            return
        }
        #expect(ending.isSuccess, "\(ending)")
        #expect(next.isEmpty, "\(fixture.text(of: next))")
        try expectPredictions(of: fixture.plan, on: host)
        try host.reboot()
        let afterReboot = try application.prepare().plan
        // The kernel forgets what devices are used as.
        #expect(
            afterReboot.refusals.isEmpty && afterReboot.changes.allSatisfy { $0.kind == .configureDevice },
            "\(fixture.text(of: afterReboot))")
    }

    /// What the plan says of a namespace afterwards is what the host shows.
    private func expectPredictions(of plan: Plan, on host: SimulatedHost) throws {
        let found = try host.observe().regions.flatMap(\.namespaces)
        for after in plan.changes.compactMap(\.after) {
            let same = found.filter { $0.resource == after.resource && $0.rawSize == after.rawSize }
            let namespace = try #require(same.first, "nothing at \(after)")
            #expect(namespace.name == after.name)
            #expect(namespace.isActive)
            if after.mode != nil { #expect(namespace.mode == after.mode) }
            if after.usableSize != nil { #expect(namespace.usableSize == after.usableSize) }
        }
    }

    @Test func everyReasonToRefuseAndEveryKindOfChangeHasACase() throws {
        let plans = try Self.cases.map { try PlanFixture($0).plan }
        let codes = Set(plans.flatMap(\.refusals).map(\.code))
        let elsewhere: Set<Refusal.Code> = [
            .consentMissing, .consentUnknown, .busy, .hostChanged, .nothingToUndo, .stateDirectoryOnTarget,
            .systemMemory, .labelsWithoutIndex, .labelNotRestorable, .transactionUnreadable,
            .deviceRulesForeign, .namespaceDisabled, .clearImpossible, .scrubRunning, .cxlRegionChanged,
        ]
        #expect(Set(Refusal.Code.allCases).subtracting(codes) == elsewhere)
        #expect(Set(plans.flatMap(\.changes).map(\.kind)) == Set(Change.Kind.allCases))
    }
}

/// A case, read.
struct PlanFixture {
    let name: String
    let profile: Profile
    let observed: Observed
    /// The host to carry the plan out on; nil where there is an inventory alone.
    let host: SimulatedHost?

    init(_ name: String) throws {
        self.name = name
        profile = try ProfileReader.read(
            TestFiles.bytes("plans/\(name)/profile.yaml"), source: "profile.yaml")
        if let text = try? TestFiles.text("plans/\(name)/host.json") {
            let host = try SimulatedHost(json: text)
            self.host = host
            observed = try host.observe(health: true)
        } else {
            host = nil
            observed = try InventoryReader.read(TestFiles.bytes("plans/\(name)/observed.json"))
        }
    }

    var plan: Plan { Planner.plan(profile, on: observed) }

    func text(of plan: Plan) -> String { PlanReport(plan, of: profile, on: observed).text() }

    func has(_ file: String) -> Bool { (try? TestFiles.bytes("plans/\(name)/\(file)")) != nil }

    /// Compares the text with a file of the case, or records it there.
    func expect(_ text: String, in file: String) throws {
        let path = "plans/\(name)/\(file)"
        if PlanFixtureTests.isRecording {
            try ProfileFixtures.write(text, to: FilePath("\(TestFiles.directory)/\(path)"))
            Issue.record("recorded \(path)")
            return
        }
        #expect(try text == TestFiles.text(path))
    }
}

extension Application.Ending {
    /// Whether the host is as the profile says.
    var isSuccess: Bool {
        switch self {
        case .unchanged, .applied: true
        case .unproven, .refused, .stale, .incomplete, .unconfirmed, .undone, .partial: false
        }
    }
}
