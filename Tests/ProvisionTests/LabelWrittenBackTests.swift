import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A rollback that dies while it writes an old label back, and its end after a boot or in the same one.
@Suite struct LabelWrittenBackTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private let host: SimulatedHost
    private let scratch: ScratchDirectory

    init() throws {
        host = try SimulatedHost(json: Self.machine)
        scratch = try ScratchDirectory()
    }

    private struct Failed: Error { var what: String }

    private func apply(_ items: [String], recorded: Bool) throws {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces:\(items.isEmpty ? " []" : "")\n"
            + items.map { "      - {\($0), size: 64 MiB}\n" }.joined()
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        let prepared = try application.prepare()
        let ending = try application.carryOut(
            prepared, consent: Consent(allowDestroy: Set(prepared.plan.losses.map(\.address))),
            recordingIn: recorded ? scratch.store : nil)
        guard case .applied = ending else { throw Failed(what: "not applied: \(ending)") }
    }

    /// What the labels say.
    private static func labels(_ host: SimulatedHost) throws -> [String] {
        try host.observe().regions[0].namespaces.map { namespace in
            "\(namespace.labelUUID?.description ?? "") \(namespace.displayName) \(namespace.recordedMode?.rawValue ?? "nothing")"
        }.sorted()
    }

    private static let old = [
        "name: direct, mode: fsdax", "name: sectors, mode: sector", "name: plain, mode: raw",
    ]

    /// A boot brings up what has its old UUID and its old info block, whatever else its label lacks: it looks whole then. So the UUID
    /// is the last that comes back. Before that a boot makes it raw, and it is asked for.
    @Test(arguments: [true, false], Array(stride(from: 1, through: 70, by: 3)))
    func allOfItIsBack(boots: Bool, store: Int) throws {
        try apply(Self.old, recorded: false)
        let labels = try Self.labels(host)
        let before = HostSnapshot(try host.observe())
        try apply([], recorded: true)
        let id = try #require(scratch.store.youngest)
        host.arm(SimulatedFault(.crash, atOperation: store))
        _ = try? Recovery(host: host, store: scratch.store).rollBack(id)
        let left = try UndoScenario.host(in: host.state)
        if boots { try left.reboot() }
        guard try scratch.store.log(id).end != .committed else { return }
        var consent = Consent()
        let asked = try Recovery(host: left, store: scratch.store).run()
        if case .consentMissing(let losses)? = asked.blocked.first?.error.kind {
            #expect(boots)
            consent.allowDestroy = Set(losses.map(\.address))
        }
        #expect(try Recovery(host: left, store: scratch.store, consent: consent).run().blocked.isEmpty)
        #expect(try Self.labels(left) == labels)
        #expect(HostSnapshot(try left.observe()) == before)
    }

    /// The words of a recovery that died are good once more, though what they meant is gone by now; others were never.
    @Test(arguments: Array(stride(from: 1, through: 40, by: 3)))
    func theSameWordsAreGoodAgain(store: Int) throws {
        host.arm(SimulatedFault(.crash, atOperation: 16))
        _ = try? apply(Self.old, recorded: true)
        try #require(!host.isAlive)
        let left = try UndoScenario.host(in: host.state)
        var value: UInt64 = 1
        try UndoScenario.fill(left, &value)
        let made = try left.observe().regions[0].namespaces.filter(\.isActive).compactMap(\.name)
        #expect(!made.isEmpty)
        let words = Consent(allowDestroy: Set(made))
        let mistaken = Consent(allowDestroy: words.allowDestroy.union(["mistaken"]))
        #expect(throws: OperationError.self) {
            try Recovery(host: left, store: scratch.store, consent: mistaken).requireKnownWords()
        }
        left.arm(SimulatedFault(.crash, atOperation: store))
        _ = try? Recovery(host: left, store: scratch.store, consent: words).run()
        let again = try UndoScenario.host(in: left.state)
        let recovery = Recovery(host: again, store: scratch.store, consent: words)
        try recovery.requireKnownWords()
        #expect(try recovery.run().blocked.isEmpty)
        #expect(try again.observe().regions[0].namespaces.isEmpty)
    }
}
