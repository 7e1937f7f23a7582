import Synchronization
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// `zero: true` of a profile: what is made holds zeroes, what was there is left alone, and a crash in the middle is undone.
@Suite struct ZeroedNamespaceTests {
    private static let empty = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    private static func profile(_ items: [String]) throws -> Profile {
        let text =
            "version: 1\nunmanaged: destroy\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func apply(
        _ items: [String], to host: SimulatedHost, _ store: TransactionStore? = nil
    ) throws -> Application.Ending {
        let application = Application(of: try profile(items), to: host)
        let prepared = try application.prepare()
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    /// A host whose free media hold something everywhere: a raw namespace was written, and destroyed.
    private static func used() throws -> SimulatedHost {
        let host = try SimulatedHost(json: empty)
        _ = try apply(["name: old, mode: raw, size: 512 MiB"], to: host)
        let region = try host.observe().regions[0]
        let old = NamespaceTarget(region.namespaces[0], region: region.device)
        try host.write(7, to: old, at: (0..<(131_072 / 8)).map { .kib(4) * (8 * $0) })
        _ = try apply(["name: small, mode: raw, size: 16 MiB"], to: host)
        return host
    }

    private static func isZero(_ name: String, on host: SimulatedHost) throws -> Bool {
        let target = try #require(WipeTarget.find([name], .all, on: host.observe()).first)
        return try host.openDataArea(of: target.namespace, in: target.region)
            .sums(at: MediaSample.offsets(in: Extent(offset: .zero, length: target.size)))
            .allSatisfy { $0 == MediaSample.zeroPage }
    }

    private static let small = "name: small, mode: raw, size: 16 MiB"

    @Test(arguments: ["raw", "fsdax", "devdax", "sector"])
    func whatIsMadeIsZeroAndWhatStaysIsNot(mode: String) throws {
        let host = try Self.used()
        _ = try Self.apply([Self.small, "name: plain, mode: \(mode), size: 64 MiB"], to: host)
        #expect(try !Self.isZero("plain", on: host))
        let wanted = [
            Self.small, "name: plain, mode: \(mode), size: 64 MiB, zero: true",
            "name: new, mode: \(mode), size: 64 MiB, zero: true",
        ]
        let plan = Planner.plan(try Self.profile(wanted), on: try host.observe())
        #expect(plan.changes.map(\.address) == ["region0/new"])
        #expect(plan.steps.map(\.step.kind) == [.create, .zero])
        #expect(plan.changes[0].reasons.contains { $0.contains("filled with zeroes") })
        #expect(plan.changes[0].reversibility == .lossless)
        let scratch = try ScratchDirectory()
        guard case .applied = try Self.apply(wanted, to: host, scratch.store) else {
            Issue.record("not applied")
            return
        }
        #expect(try Self.isZero("new", on: host))
        #expect(try !Self.isZero("plain", on: host))
        // Its creation is undone as ever: nobody wrote to it.
        let id = try #require(try scratch.store.names().last)
        _ = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(try host.observe().regions[0].namespaces.map(\.name) == ["small", "plain"])
    }

    /// A rename and an enable are no making.
    @Test func aRenamedNamespaceKeepsItsData() throws {
        let host = try Self.used()
        _ = try Self.apply([Self.small, "name: a, mode: raw, size: 64 MiB"], to: host)
        let steps = Planner.plan(
            try Self.profile([Self.small, "name: b, renamed_from: a, mode: raw, size: 64 MiB, zero: true"]),
            on: try host.observe()
        ).steps.map(\.step.kind)
        #expect(steps.contains(.rename))
        #expect(!steps.contains(.zero))
    }

    /// What is written over is saved as a whole, or said to be lost.
    @Test func whatLiesThereIsSavedOrSaidToBeLost() throws {
        let host = try Self.used()
        let wanted = try Self.profile(["name: small, mode: fsdax, size: 16 MiB, zero: true"])
        let saved = Planner.plan(wanted, on: try host.observe())
        #expect(saved.steps.map(\.step.kind) == [.disable, .reconfigure, .zero])
        #expect(saved.steps[1].backup?.ranges == [Extent(offset: .zero, length: .mib(16))])
        let lost = Planner.plan(wanted, on: try host.observe(), backupLimit: .mib(1))
        #expect(lost.changes[0].reversibility == .irreversible)
    }

    /// Counts how often it is asked for.
    private final class Questions: Sendable {
        private let asked = Mutex(0)

        func next() -> Int {
            asked.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// A namespace can take minutes: whoever asks for the end does not wait for it.
    @Test func aSignalEndsTheZeroing() throws {
        let host = try Self.used()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        let application = Application(
            of: try Self.profile([Self.small, "name: new, mode: raw, size: 256 MiB, zero: true"]), to: host)
        // Asked before each of the two steps, and then within the second.
        let asked = Questions()
        let interruption = Interruption { asked.next() > 2 ? 1 : 0 }
        let ending = try application.carryOut(
            application.prepare(), consent: Consent(), recordingIn: scratch.store, interruption: interruption)
        guard case .undone(let step, let error, _) = ending else {
            Issue.record("not undone: \(ending)")
            return
        }
        #expect(step.kind == .zero)
        #expect(error.reason.contains("signal"))
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(!host.interruption.isRequested)
    }

    /// Wherever it dies while it zeroes, recovery removes what was made, without a question.
    @Test(arguments: ["raw", "fsdax", "devdax", "sector"])
    func aCrashInTheMiddleIsUndoneUnasked(mode: String) throws {
        let original = try Self.used()
        let before = HostSnapshot(try original.observe())
        let item = "name: new, mode: \(mode), size: 256 MiB"
        let counted = try SimulatedHost(json: original.json)
        counted.arm(nil)
        _ = try Self.apply([Self.small, item], to: counted)
        for store in [1, 4] {
            let host = try SimulatedHost(json: original.json)
            let scratch = try ScratchDirectory()
            host.arm(SimulatedFault(.crash, atOperation: counted.operations + store))
            let ending = try? Self.apply([Self.small, "\(item), zero: true"], to: host, scratch.store)
            if case .applied? = ending { Issue.record("store \(store) was not reached") }
            #expect(try scratch.store.interrupted().count == 1)
            try host.reboot()
            let outcome = try Recovery(host: host, store: scratch.store).run()
            #expect(try scratch.store.interrupted().isEmpty, "store \(store): \(outcome)")
            #expect(HostSnapshot(try host.observe()) == before, "store \(store)")
        }
    }
}
