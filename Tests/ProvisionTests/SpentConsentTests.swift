import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A name agrees to one loss: not to another one of the same name in the next transaction, and not to one that comes up later.
@Suite struct SpentConsentTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"},
                    {"id": "b", "size": "1 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"]}, {"dimms": ["b"]}]}]}}
        """

    private static func profile(_ names: [Int: [String]]) throws -> Profile {
        let blocks = names.sorted { $0.key < $1.key }.map { region, names in
            "  - match: {region: \(region)}\n    namespaces:\n"
                + names.map { "      - {name: \($0), mode: raw, size: 64 MiB}\n" }.joined()
        }
        return try ProfileReader.read(
            Array("version: 1\nregions:\n\(blocks.joined())".utf8), source: "test.yaml")
    }

    private static func apply(
        _ names: [Int: [String]], to host: SimulatedHost, _ store: TransactionStore
    ) throws -> Application.Ending {
        let application = Application(of: try profile(names), to: host)
        return try application.carryOut(application.prepare(), consent: Consent(), recordingIn: store)
    }

    /// An apply that dies behind the first of two namespaces.
    private static func interrupt(
        _ names: [Int: [String]], on host: SimulatedHost, _ store: TransactionStore
    ) throws {
        host.arm(SimulatedFault(.crash, atOperation: 7))
        _ = try? apply(names, to: host, store)
        try host.reboot()
    }

    private static func target(
        _ name: String, in region: Int, on host: SimulatedHost
    ) throws -> NamespaceTarget {
        let found = try host.observe().regions[region]
        let namespace = try #require(found.namespaces.first { $0.name == name })
        return NamespaceTarget(namespace, region: found.device)
    }

    /// What another tool does.
    private static func rename(
        _ name: String, to other: String, in region: Int, on host: SimulatedHost
    ) throws {
        let target = try target(name, in: region, on: host)
        _ = try host.perform(.disable(target), identity: .none)
        _ = try host.perform(.rename(target, try #require(NamespaceName(other))), identity: .none)
        _ = try host.perform(.enable(target), identity: .none)
    }

    /// The younger transaction was agreed to, and its undoing fails late, at any store. The older one made something of the same name.
    @Test func aNameThatWasAgreedToWhereRecoveryFailedAgreesToNothingElse() throws {
        var failed = 0
        for point in 1...30 {
            let scratch = try ScratchDirectory()
            defer { extendLifetime(scratch) }
            let (host, store) = (try SimulatedHost(json: Self.machine), scratch.store)
            try Self.interrupt([0: ["one", "two"]], on: host, store)
            try Self.interrupt([1: ["three", "four"]], on: host, store)
            let ids = try store.interrupted().map(\.header.id)
            try #require(ids.count == 2)
            try Self.rename("three", to: "one", in: 1, on: host)
            for region in 0...1 {
                try host.write(7, to: Self.target("one", in: region, on: host), at: [.zero])
            }
            host.arm(SimulatedFault(.fail(errno: 5), atOperation: point))
            var recovery = Recovery(host: host, store: store, consent: Consent(allowDestroy: ["one"]))
            recovery.patience = .zero
            let outcome = try recovery.run()
            host.arm(nil)
            let isOpen = try store.log(ids[1]).end == nil
            let isAgreed = try !store.log(ids[1]).agreed.isEmpty
            guard isOpen, isAgreed else { continue }
            failed += 1
            let older = outcome.blocked.first { $0.id == ids[0] }
            #expect(older?.error.isMissingConsent == true, "store \(point): \(outcome)")
            let left = try host.observe().regions[0].namespaces
            #expect(left.contains { $0.name == "one" && $0.isActive }, "store \(point)")
        }
        #expect(failed > 0)
    }

    /// A transaction that gave up nothing has used no name: the others can be ended by theirs.
    @Test func aNameIsNotSpentOnATransactionThatCannotBegin() throws {
        let scratch = try ScratchDirectory()
        defer { extendLifetime(scratch) }
        let (host, store) = (try SimulatedHost(json: Self.machine), scratch.store)
        try Self.interrupt([0: ["one", "two"]], on: host, store)
        try Self.interrupt([1: ["three", "four"]], on: host, store)
        try host.write(7, to: Self.target("one", in: 0, on: host), at: [.zero])
        host.state.buses[0].regions.removeLast()
        let recovery = Recovery(host: host, store: store, consent: Consent(allowDestroy: ["one"]))
        let outcome = try recovery.run()
        #expect(outcome.blocked.count == 1 && outcome.recovered.count == 1, "\(outcome)")
        #expect(try host.observe().regions[0].namespaces.isEmpty)
    }

    /// Two namespaces of one transaction came to have one name. One had been written to, and that was agreed to by the name; the other one
    /// is written to while undoing is at work.
    @Test func aNameThatWasAgreedToAgreesToNothingThatComesUpLater() throws {
        let scratch = try ScratchDirectory()
        defer { extendLifetime(scratch) }
        let (host, store) = (try SimulatedHost(json: Self.machine), scratch.store)
        guard case .applied = try Self.apply([0: ["x"], 1: ["other"]], to: host, store) else {
            Issue.record("not applied")
            return
        }
        let id = try #require(try store.names().last)
        try Self.rename("other", to: "x", in: 1, on: host)
        try host.write(7, to: Self.target("x", in: 0, on: host), at: [.zero])
        var isWritten = false
        var recovery = Recovery(host: host, store: store, consent: Consent(allowDestroy: ["x"])) { step in
            guard case .undoes(let words) = step, words.hasPrefix("remove"), !isWritten else { return }
            isWritten = true
            _ = try? host.write(8, to: Self.target("x", in: 1, on: host), at: [.zero])
        }
        recovery.patience = .zero
        var losses: [Loss] = []
        do throws(OperationError) {
            _ = try recovery.rollBack(id)
        } catch {
            if case .consentMissing(let missing) = error.kind { losses = missing }
        }
        #expect(isWritten)
        #expect(losses.map(\.address) == ["region1/x"])
        #expect(try host.observe().regions[1].namespaces.contains { $0.name == "x" })
        // Addresses agree to each.
        let agreeing = Recovery(
            host: host, store: store, consent: Consent(allowDestroy: ["region0/x", "region1/x"]))
        if try store.log(id).end == nil {
            #expect(try agreeing.run().blocked.isEmpty)
        } else {
            _ = try agreeing.rollBack(id)
        }
        #expect(try host.observe().regions.allSatisfy { $0.namespaces.isEmpty })
    }
}
