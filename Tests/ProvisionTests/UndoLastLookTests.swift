import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What can happen between the look of undoing and its write, and what its look cannot see.
///
/// Between: somebody writes to what will be removed, or to a namespace without a label, which stays online until it is
/// written back. Unseen: what lies where a namespace is that goes first, with a neighbour that somebody else removed. Then
/// nothing is written over without consent, and what was begun goes on with it.
@Suite struct UndoLastLookTests {
    private static let labelled = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static let labelLess = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static func profile(_ items: [String]) throws -> Profile {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func apply(_ items: [String], to host: SimulatedHost, _ store: TransactionStore?) throws {
        let application = Application(of: try profile(items), to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        guard case .applied = try application.carryOut(prepared, consent: consent, recordingIn: store) else {
            Issue.record("not applied")
            return
        }
    }

    private static func target(_ name: String?, on host: SimulatedHost) throws -> NamespaceTarget {
        let region = try #require(try host.observe().regions.first)
        let found = region.namespaces.first { $0.name == name }
        return NamespaceTarget(try #require(found), region: region.device)
    }

    private static func losses(_ error: OperationError?) -> [Loss]? {
        guard case .consentMissing(let losses)? = error?.kind else { return nil }
        return losses
    }

    private static func failure(_ body: () throws(OperationError) -> Void) -> OperationError? {
        do throws(OperationError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func whatIsWrittenAfterTheLookIsNotRemoved() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.labelled)
        try Self.apply(["name: new, mode: fsdax, size: 64 MiB"], to: host, scratch.store)
        let id = try #require(try scratch.store.names().last)
        var isWritten = false
        let recovery = Recovery(host: host, store: scratch.store) { step in
            guard case .undoes(let words) = step, words.hasPrefix("remove"), !isWritten else { return }
            isWritten = true
            _ = try? host.write(7, to: Self.target("new", on: host), at: [.zero])
        }
        let losses = Self.losses(Self.failure { () throws(OperationError) in _ = try recovery.rollBack(id) })
        #expect(isWritten)
        #expect(losses?.map(\.address) == ["region0/new"])
        #expect(try Self.target("new", on: host).labelUUID != nil)
        // Nothing was given up, so that it is committed as before, and goes with consent.
        #expect(try scratch.store.log(id).end == .committed)
        let agreeing = Recovery(
            host: host, store: scratch.store, consent: Consent(allowDestroy: ["region0/new"]))
        _ = try agreeing.rollBack(id)
        #expect(try host.observe().regions[0].namespaces == [])
    }

    /// The second of two new namespaces lies in the second half of the old one. Somebody else destroyed it, made another
    /// there, wrote to that, and destroyed it as well: only that is seen when the first one is gone.
    @Test func whatLiesBesideARemovedNamespaceIsJudged() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.labelled)
        try Self.apply(["name: old, mode: raw, size: 128 MiB"], to: host, nil)
        try host.write(5, to: try Self.target("old", on: host), at: [.zero, .mib(64) + .kib(4)])
        try Self.apply(
            ["name: one, mode: fsdax, size: 64 MiB", "name: two, mode: fsdax, size: 64 MiB"], to: host,
            scratch.store)
        let id = try #require(try scratch.store.names().last)
        let region = OtherTool(host)
        try region.destroy("two")
        try Self.apply(
            ["name: one, mode: fsdax, size: 64 MiB", "name: theirs, mode: raw, size: 64 MiB"], to: host, nil)
        let theirs = try Self.target("theirs", on: host)
        try host.write(9, to: theirs, at: [.kib(4)])
        let address = try #require(host.state.pages.first { $0.value == 9 }?.key)
        try region.destroy("theirs")

        let recovery = Recovery(host: host, store: scratch.store)
        let losses = Self.losses(Self.failure { () throws(OperationError) in _ = try recovery.rollBack(id) })
        #expect(losses?.map(\.address) == ["region0/old"])
        #expect(host.state.pages[address] == 9)
        // The first namespace is gone, so that it is interrupted, and recovery goes on with consent.
        #expect(try scratch.store.log(id).end == nil)
        let outcome = try Recovery(
            host: host, store: scratch.store, consent: Consent(allowDestroy: ["region0/old"])
        ).run()
        #expect(outcome.blocked.isEmpty)
        #expect(try host.observe().regions[0].namespaces.map(\.name) == ["old"])
        #expect(host.state.pages[address] == 5)
    }

    @Test func whatIsWrittenAfterTheLookIsNotWrittenOver() throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.labelLess)
        try host.write(5, to: try Self.target(nil, on: host), at: [.zero, .kib(4)])
        // Killed after the info block was wiped: the namespace comes up raw, as it was.
        let application = Application(of: try Self.profile(["mode: fsdax"]), to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        var survivor = host
        for point in 1...40 {
            let tried = try SimulatedHost(json: host.json)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            _ = try? Application(of: try Self.profile(["mode: fsdax"]), to: tried)
                .carryOut(prepared, consent: consent, recordingIn: store)
            survivor = try SimulatedHost(json: tried.json)
            survivor.arm(nil)
            try survivor.reboot()
            let now = try survivor.observe().regions[0].namespaces[0]
            guard now.mode == .raw, now.isActive, survivor.state.pages.values.contains(5) == false else {
                continue
            }
            var isWritten = false
            let recovery = Recovery(host: survivor, store: store) { step in
                guard case .undoes(let words) = step, words.hasPrefix("bring back"), !isWritten else {
                    return
                }
                isWritten = true
                _ = try? survivor.write(7, to: Self.target(nil, on: survivor), at: [.kib(4)])
            }
            let outcome = try recovery.run()
            #expect(isWritten)
            #expect(Self.losses(outcome.blocked.first?.error)?.map(\.words.first) == ["region0"])
            #expect(survivor.state.pages.values.contains(7))
            #expect(try survivor.observe().regions[0].namespaces[0].isActive)
            return
        }
        Issue.record("no point left it raw and wiped")
    }
}

/// What another tool does.
private struct OtherTool {
    let host: SimulatedHost

    init(_ host: SimulatedHost) { self.host = host }

    func destroy(_ name: String) throws {
        let region = try #require(try host.observe().regions.first)
        let found = try #require(region.namespaces.first { $0.name == name })
        let target = NamespaceTarget(found, region: region.device)
        try host.remove(try #require(target.labelUUID), from: region.device)
    }
}
