import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

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

    /// What a step left is not to be seen while its region is disabled, and can be asked for all the same.
    @Test func whatAStepLeftIsKnownByItsName() throws {
        let label = try #require(UUID("0f2f9b50-02ff-082c-f222-ae958a319a54"))
        var made = Namespace(device: "namespace1.0", rawSize: .mib(64))
        (made.name, made.labelUUID) = ("new", label)
        let header = JournalHeader(
            id: "000001-20261130T120000Z", time: 0, toolVersion: "0", source: "", before: Observed(buses: []),
            steps: [
                JournalStep(
                    kind: .create, region: "region1", phrase: "", reversibility: .lossless,
                    reversibilityReason: "")
            ])
        let begun: [JournalRecord] = [.begin(header), .intent(step: 0, .none)]
        #expect(try #require(TransactionLog(begun)).consentWords.isEmpty)
        let log = try #require(TransactionLog(begun + [.done(step: 0, StepResult(namespace: made))]))
        #expect(log.consentWords == ["new", "region1/new", label.description])
    }

    @Test func destructionNeedsItsOwnName() {
        let plan = plan([change("region0/wal", .replace, consent: "wal")])
        #expect(Consent().refusals(for: plan).map(\.code) == [.consentMissing])
        #expect(Consent(allowDestroy: ["heap"]).refusals(for: plan).count == 1)
        #expect(Consent(allowDestroy: ["wal"]).refusals(for: plan).isEmpty)
        #expect(Consent(allowDestroy: ["region0/wal"]).refusals(for: plan).isEmpty)
    }

    /// What a plan says of consent works: for a name of two regions, for one that a shell would take apart, for one that
    /// a terminal does not show.
    @Test func theWordOfThePlanWorks() throws {
        let label = try #require(UUID("0f2f9b50-02ff-082c-f222-ae958a319a54"))
        var hidden = change("region0/a\u{7}", .destroy, consent: "a\u{7}")
        hidden.before = NamespaceSummary(
            name: "a\u{7}", mode: .raw, rawSize: .mib(16), usableSize: nil, map: nil, align: nil,
            sectorSize: nil,
            resource: nil, labelUUID: label, isActive: true)
        let told = ConsentWords.told(apart: [
            change("region0/wal", .destroy, consent: "wal"), change("region1/wal", .replace, consent: "wal"),
            change("region1/it's mine", .destroy, consent: "it's mine"), hidden,
            change("region1/new", .create, consent: nil),
        ])
        #expect(told.map(\.consent) == ["region0/wal", "region1/wal", "it's mine", label.description, nil])
        let arguments = told.map(\.consentArgument)
        #expect(arguments == ["region0/wal", "region1/wal", #"'it'\''s mine'"#, label.description, nil])
        let plan = plan(told)
        let given: Set = ["region0/wal", "region1/wal", "it's mine", label.description]
        #expect(Consent(allowDestroy: given).refusals(for: plan).isEmpty)
        #expect(Consent(allowDestroy: ["wal"]).refusals(for: plan).count == 4)
    }

    /// A label can hold any name, that of another namespace's address too.
    /// Of two transactions that recovery ends, each asks for what it gives up.
    @Test func aNameIsSpentOnOneLossAndAnAddressIsNot() {
        let losses = [Loss(address: "region0/a", words: ["a"], consequence: "would go")]
        let consent = Consent(allowDestroy: ["a", "b", "region0/a", "region1/a"])
        #expect(consent.spent(on: losses).allowDestroy == ["b", "region0/a", "region1/a"])
        #expect(consent.spent(on: []) == consent)
    }

    @Test func aNameThatIsAnotherOnesAddressAgreesToThatOneAlone() {
        let told = ConsentWords.told(apart: [
            change("region0/region1/wal", .destroy, consent: "region1/wal"),
            change("region1/wal", .destroy, consent: "wal"),
        ])
        #expect(told.map(\.consent) == ["region0/region1/wal", "wal"])
        let refused = Consent(allowDestroy: ["region1/wal"]).refusals(for: plan(told))
        #expect(refused.map(\.address) == ["region0/region1/wal"])
    }

    @Test func aNameThatTwoChangesShareConsentsToNeither() {
        let plan = plan([
            change("region0/wal", .destroy, consent: "wal"), change("region1/wal", .destroy, consent: "wal"),
        ])
        #expect(Consent(allowDestroy: ["wal"]).refusals(for: plan).count == 2)
        #expect(Consent(allowDestroy: ["region1/wal"]).refusals(for: plan).map(\.address) == ["region0/wal"])
    }
}
