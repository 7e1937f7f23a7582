import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The words for programs that docs/json.md and docs/safety.md promise, each with what it is about and the object that its sentence names,
/// for a profile and a host of Tests/Fixtures/plans.
@Suite struct PlanCodeTests {
    /// What is found: a refusal or a note.
    struct Finding: Sendable, CustomTestStringConvertible {
        var fixture: String
        var code: String
        var address: String
        /// What the sentence names.
        var named: String

        init(_ fixture: String, _ code: String, _ address: String, named: String) {
            self.fixture = fixture
            self.code = code
            self.address = address
            self.named = named
        }

        var testDescription: String { "\(code) of \(fixture)" }
    }

    @Test(arguments: [
        Finding("labels-unknown", "labels_unknown", "region0", named: "nmem0"),
        Finding("identity-missing", "identity_missing", "region0", named: "region0"),
        Finding("identity-ambiguous", "identity_ambiguous", "region0/a", named: "region0"),
        Finding("identity-ambiguous", "identity_ambiguous", "region0/c", named: "already means c"),
        Finding("name-in-another-region", "name_in_use", "region0/wal", named: "region1"),
        Finding("name-of-an-unmanaged-namespace", "name_in_use", "region0/a", named: "region0"),
        Finding("allocation-broken", "allocation_broken", "region0/x", named: "namespace0.0"),
        Finding("label-slots-exhausted", "no_label_slot", "nmem0", named: "nmem0"),
        Finding("dimm-locked", "dimm_locked", "nmem0", named: "region0"),
        Finding("dimm-failed-map", "dimm_failed_map", "nmem0", named: "region0"),
    ])
    func aRefusalHasItsWord(_ finding: Finding) throws {
        let refusals = try PlanFixture(finding.fixture).plan.refusals
        let found = refusals.filter { $0.code.rawValue == finding.code && $0.address == finding.address }
        #expect(found.count == 1, "\(refusals)")
        #expect(found.allSatisfy { $0.message.contains(finding.named) }, "\(found)")
    }

    @Test(arguments: [
        Finding("dimm-notes", "dimm_failed_save", "nmem0", named: "region0"),
        Finding("dimm-notes", "dimm_failed_arm", "nmem0", named: "region0"),
        Finding("dimm-notes", "dimm_failed_restore", "nmem0", named: "region0"),
        Finding("dimm-notes", "dimm_failed_flush", "nmem0", named: "region0"),
        Finding("dimm-notes", "dimm_smart_event", "nmem0", named: "region0"),
        Finding(
            "uuid-nowhere-and-nothing-lost", "uuid_not_found", "region0/wal",
            named: "11111111-2222-4333-8444-000000000009"),
        Finding("rename-done-before", "rename_without_effect", "region0/new", named: "region0"),
        Finding("name-in-other-bytes", "name_spelled_differently", "region0/café", named: "its label"),
    ])
    func aNoteHasItsWord(_ finding: Finding) throws {
        let notes = try PlanFixture(finding.fixture).plan.notes
        let found = notes.filter { $0.code.rawValue == finding.code && $0.address == finding.address }
        #expect(found.count == 1, "\(notes)")
        #expect(found.allSatisfy { $0.message.contains(finding.named) }, "\(found)")
    }

    /// Protection needs a label to be kept by, and that is said where there is none.
    @Test func protectionThatNoMarkKeepsIsSaid() throws {
        let fixture = try PlanFixture("label-less-protected")
        let host = try #require(fixture.host)
        let scratch = try ScratchDirectory()
        let plan = try Application(
            of: fixture.profile, to: host, safeguards: Safeguards(reading: scratch.store)
        ).prepare().plan
        let notes = plan.notes.filter { $0.code.rawValue == "protection_not_kept" }
        #expect(notes.map(\.address) == ["region0"])
        #expect(notes.allSatisfy { $0.message.contains("its namespace has no label") })
    }
}
