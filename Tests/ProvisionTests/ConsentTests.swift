import Testing

@testable import Provision

@Suite struct ConsentTests {
    private func change(_ address: String, _ kind: Change.Kind, consent: String?) -> Change {
        Change(
            address: address, kind: kind, before: nil, after: nil, reasons: [], reversibility: .irreversible,
            reversibilityReason: "", consent: consent)
    }

    private func plan(_ changes: [Change]) -> Plan {
        Plan(changes: changes, steps: [], unchanged: [], unmanaged: [], refusals: [])
    }

    @Test func creatingNeedsNoConsent() {
        let plan = plan([change("region0/wal", .create, consent: nil)])
        #expect(Consent().refusals(for: plan).isEmpty)
    }

    @Test func destructionNeedsItsOwnName() {
        let plan = plan([change("region0/wal", .replace, consent: "wal")])
        #expect(Consent().refusals(for: plan).map(\.code) == [.consentMissing])
        #expect(Consent(allowDestroy: ["heap"]).refusals(for: plan).count == 1)
        #expect(Consent(allowDestroy: ["wal"]).refusals(for: plan).isEmpty)
        #expect(Consent(allowDestroy: ["region0/wal"]).refusals(for: plan).isEmpty)
    }

    @Test func aNameThatTwoChangesShareConsentsToNeither() {
        let plan = plan([
            change("region0/wal", .destroy, consent: "wal"), change("region1/wal", .destroy, consent: "wal"),
        ])
        #expect(Consent(allowDestroy: ["wal"]).refusals(for: plan).count == 2)
        #expect(Consent(allowDestroy: ["region1/wal"]).refusals(for: plan).map(\.address) == ["region0/wal"])
    }
}
