import Testing

@testable import Provision

/// A host that records the steps it is asked for, leaves what the test says, and fails at one of them.
private final class ScriptedHost: Host {
    private(set) var performed: [Step] = []
    var failure: (index: Int, kind: HostError.Kind)?
    var results: [Int: Namespace] = [:]

    func observe() throws(HostError) -> Observed { Observed(buses: []) }

    func perform(_ step: Step, identity: FreshIdentity) throws(HostError) -> Namespace? {
        let index = performed.count
        performed.append(step)
        if let failure, failure.index == index {
            throw HostError(failure.kind, while: "write", reason: "the test says so")
        }
        guard case .create(let placement) = step else { return results[index] }
        return results[index] ?? created(placement, identity)
    }

    private func created(_ placement: Placement, _ identity: FreshIdentity) -> Namespace {
        Namespace(
            device: "namespace0.\(performed.count)", resource: placement.resource,
            rawSize: placement.layout.rawSize, extents: 1, mode: placement.layout.mode,
            usableSize: placement.usableSize, name: placement.layout.name?.text, labelUUID: identity.label)
    }
}

@Suite struct ExecutorTests {
    private let placement = Placement(
        region: "region0",
        layout: Layout(name: NamespaceName("wal"), mode: .raw, rawSize: .mib(64)),
        resource: 0x1_0000_0000, usableSize: .mib(64))
    private let existing = Namespace(device: "namespace0.0", resource: 0, rawSize: .mib(16), name: "old")

    private var before: Observed {
        let region = Region(device: "region0", size: .gib(1), namespaces: [existing])
        let bus = Bus(device: "ndbus0", provider: "test", scrubState: nil, dimms: [], regions: [region])
        return Observed(buses: [bus])
    }

    @Test func everyStepIsPerformedInOrder() {
        let host = ScriptedHost()
        let steps: [Step] = [.create(placement), .create(placement)]
        guard case .done(let done) = Executor(host: host, before: before).run(steps) else {
            Issue.record("the run did not end well")
            return
        }
        #expect(host.performed == steps)
        #expect(done.map(\.step) == steps)
    }

    @Test func aFailureTakesBackWhatWasCreated() throws {
        let host = ScriptedHost()
        host.failure = (index: 1, kind: .failed)
        let outcome = Executor(host: host, before: before).run([.create(placement), .create(placement)])
        guard case .undone(let failed, let error) = outcome else {
            Issue.record("not undone: \(outcome)")
            return
        }
        #expect(failed == .create(placement))
        #expect(error.reason == "the test says so")
        let made = try #require(host.performed.dropFirst(2).first)
        guard case .disable(let target) = made else {
            Issue.record("the undo begins with \(made)")
            return
        }
        #expect(target.device == "namespace0.1")
        #expect(host.performed.last == .destroy(target))
    }

    @Test func nothingIsTakenBackBehindAStepThatCannotBe() {
        let host = ScriptedHost()
        host.failure = (index: 2, kind: .failed)
        let target = NamespaceTarget(existing, region: "region0")
        let steps: [Step] = [.destroy(target), .create(placement), .create(placement)]
        guard case .partial(let done, let failed, _) = Executor(host: host, before: before).run(steps) else {
            Issue.record("not partial")
            return
        }
        #expect(done.map(\.step) == [.destroy(target), .create(placement)])
        #expect(failed == .create(placement))
        #expect(host.performed == steps)
    }

    @Test func aNamespaceThatComesOutAtAnotherPlaceIsAFailureAndIsTakenBack() {
        let host = ScriptedHost()
        host.results[0] = Namespace(
            device: "namespace0.1", resource: 0x2_0000_0000, rawSize: .mib(64), extents: 1, mode: .raw,
            usableSize: .mib(64), name: "wal")
        let outcome = Executor(host: host, before: before).run([.create(placement)])
        guard case .undone(_, let error) = outcome else {
            Issue.record("not undone: \(outcome)")
            return
        }
        #expect(error.reason.contains("address is 0x200000000, planned 0x100000000"))
        #expect(host.performed.count == 3)
    }

    @Test func anUndoThatFailsAsWellKeepsBothErrors() {
        let host = ScriptedHost()
        host.failure = (index: 2, kind: .busy)
        host.results[1] = Namespace(device: "namespace0.2", rawSize: .mib(32), mode: .raw)
        let outcome = Executor(host: host, before: before).run([.create(placement), .create(placement)])
        guard case .partial(_, _, let error) = outcome else {
            Issue.record("not partial: \(outcome)")
            return
        }
        #expect(error.reason.contains("size is 32 MiB, planned 64 MiB"))
        #expect(error.undoFailures.count == 1)
    }

    @Test func aRenameIsTakenBackToTheOldName() throws {
        let host = ScriptedHost()
        let target = NamespaceTarget(existing, region: "region0")
        let new = try #require(NamespaceName("new"))
        host.results = [
            0: Namespace(
                device: "namespace0.0", resource: 0, rawSize: .mib(16), isActive: false, name: "old"),
            1: Namespace(
                device: "namespace0.0", resource: 0, rawSize: .mib(16), isActive: false, name: "new"),
        ]
        host.failure = (index: 2, kind: .failed)
        _ = Executor(host: host, before: before).run([
            .disable(target), .rename(target, new), .enable(target),
        ])
        let old = try #require(NamespaceName("old"))
        #expect(host.performed.suffix(2) == [.rename(target, old), .enable(target)])
    }
}

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
