import Glibc
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The kernel's policy for new memory blocks (`auto_online_blocks`) is the host's: it is another only while memory is bound, and never
/// changed back over what somebody set since.
///
/// What can happen between two stores, and between two runs:
/// - a step, or undoing one, dies while new memory stays offline: whether it made memory, or brought memory back;
/// - the administrator sets the policy after an apply, to `offline` too, and rolls back later;
/// - undoing fails, and the administrator sets the policy before it goes on;
/// - the host boots, and the policy is what the kernel begins with.
@Suite struct MemoryPolicyTests {
    private typealias Bench = DaxDivisionTests.Bench

    private static let machine = """
        {"format_version": 1, "simulated_host": {
          "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "online"},
          "dax_regions": [{"start": "0x100000000", "size": "1 GiB", "target_node": 1}],
          "buses": [{"dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
                     "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
        """
    private static let memory = "mode: system-ram"
    private static let device = "mode: devdax"
    private static let names: Set = ["heap", "pool"]

    /// The device of a namespace, and one of a dax region, in the same use.
    private static func profile(_ use: String) throws -> Profile {
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces:
                  - {name: heap, mode: devdax, size: 512 MiB, device: {\(use)}}
            devices:
              - match: {start: 0x100000000}
                devices:
                  - {name: pool, size: 256 MiB, \(use)}
            """
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    /// A host on which both were used so, one use after the other.
    private static func bench(_ uses: String...) throws -> Bench {
        let bench = try Bench(machine)
        for use in uses { try bench.applied(profile(use)) }
        return bench
    }

    /// The same host after a crash.
    private static func survivor(_ bench: Bench) throws -> Bench {
        var survivor = bench
        survivor.host = try SimulatedHost(json: bench.host.json)
        survivor.host.arm(nil)
        return survivor
    }

    private static func recover(_ bench: Bench) throws -> Recovery.Outcome {
        try Recovery(host: bench.host, store: bench.store, consent: Consent(allowDestroy: names)).run()
    }

    @Test func whatIsSetAfterAnApplyStaysThroughARollback() throws {
        let bench = try Self.bench(Self.device, Self.memory)
        #expect(bench.host.memoryPolicy == "online")
        try bench.host.setMemoryPolicy("offline")
        _ = try bench.rollBack(agreeing: Self.names)
        #expect(bench.host.memoryPolicy == "offline")
    }

    @Test func anApplyThatDiesLeavesThePolicyToRecovery() throws {
        var held = 0
        for point in 1..<80 {
            let bench = try Self.bench(Self.device)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(Self.profile(Self.memory)) {
                #expect(held > 3)
                return
            }
            let survivor = try Self.survivor(bench)
            if survivor.host.memoryPolicy == "offline" { held += 1 }
            let outcome = try Self.recover(survivor)
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome.blocked)")
            #expect(survivor.host.memoryPolicy == "online", "point \(point)")
        }
        Issue.record("more than 80 stores")
    }

    /// The other way round the step made no memory, and undoing it does.
    @Test func undoingThatDiesLeavesThePolicyToRecovery() throws {
        var held = 0
        for point in 1..<80 {
            let bench = try Self.bench(Self.memory, Self.device)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if (try? bench.rollBack(agreeing: Self.names)) != nil {
                #expect(held > 3)
                return
            }
            let survivor = try Self.survivor(bench)
            if survivor.host.memoryPolicy == "offline" { held += 1 }
            let outcome = try Self.recover(survivor)
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome.blocked)")
            #expect(survivor.host.memoryPolicy == "online", "point \(point)")
        }
        Issue.record("more than 80 stores")
    }

    /// What failed had given the policy back: nobody is to do that again.
    @Test func whatIsSetWhileARollbackIsStuckStays() throws {
        var stuck = 0
        for point in 1..<80 {
            let bench = try Self.bench(Self.memory, Self.device)
            bench.host.arm(SimulatedFault(.fail(errno: EIO), atOperation: point))
            let undone = try? bench.rollBack(agreeing: Self.names)
            if bench.host.operations < point {
                #expect(stuck > 0)
                return
            }
            bench.host.arm(nil)
            guard undone == nil, bench.host.memoryPolicy == "online" else { continue }
            stuck += 1
            try bench.host.setMemoryPolicy("offline")
            _ = try Self.recover(bench)
            #expect(bench.host.memoryPolicy == "offline", "point \(point)")
        }
        Issue.record("more than 80 stores")
    }

    @Test func aRecordOfThePolicyCountsUntilItIsBack() throws {
        let step = JournalStep(
            kind: .configureDevice, region: "region0", device: "namespace0.0", phrase: "make memory of it",
            reversibility: .lossless, reversibilityReason: "undo uses it as it was")
        let header = JournalHeader(
            id: "000001-20261122T120000Z", time: 1, toolVersion: "1", source: "p.yaml",
            before: Observed(buses: []), steps: [step, step])
        func policy(_ records: [JournalRecord]) throws -> String? {
            try #require(TransactionLog([.begin(header)] + records)).memoryPolicy
        }
        let first: [JournalRecord] = [.memoryPolicy("online"), .intent(step: 0, .none)]
        #expect(try policy(first) == "online")
        #expect(try policy(first + [.undo(reason: "it was interrupted")]) == "online")
        // Journals of older versions end there as well.
        #expect(try policy(first + [.done(step: 0)]) == nil)
        let second: [JournalRecord] = [.memoryPolicy("online_movable"), .intent(step: 1, .none)]
        #expect(try policy(first + [.done(step: 0)] + second) == "online_movable")
        #expect(try policy(first + second) == "online_movable", "the last that was seen")
        // Undoing has no record of what is done.
        #expect(try policy(first + [.memoryPolicy("offline")]) == nil)
        let refused: [JournalRecord] = [.undo(reason: "rollback was asked for"), .memoryPolicy("online")]
        #expect(try policy(refused + [.end(.committed, after: nil)]) == nil)
    }

    @Test func aBootForgetsWhatWasSet() throws {
        let bench = try Self.bench()
        try bench.host.setMemoryPolicy("offline")
        let survivor = try Self.survivor(bench)
        #expect(survivor.host.memoryPolicy == "offline")
        try survivor.host.reboot()
        #expect(survivor.host.memoryPolicy == "online")
        #expect(throws: OperationError.self) { try survivor.host.setMemoryPolicy("some") }
    }
}
