import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Transactions on the simulated host: whatever fails, and wherever the tool dies, the host ends in the old state or
/// in the new one.
@Suite struct TransactionTests {
    private static let consent = Consent(allowDestroy: ["heap", "journal", "scratch", "wal", "extra"])

    private static let first = """
        version: 1
        regions:
          - match: {region: 0}
            namespaces:
              - {name: keep, mode: fsdax, size: 64 MiB}
              - {name: wal, mode: fsdax, size: 128 MiB}
              - {name: heap, mode: devdax, size: 64 MiB}
              - {name: journal, mode: sector, size: 64 MiB}
              - {name: scratch, mode: raw, size: 64 MiB}
        """

    /// Every kind of step but the initialisation of labels: rename, reconfigure, destroy, replace, create.
    private static let second = """
        version: 1
        unmanaged: destroy
        regions:
          - match: {region: 0}
            namespaces:
              - {name: keep, mode: fsdax, size: 64 MiB}
              - {name: wal, mode: devdax, size: 128 MiB}
              - {name: heap2, renamed_from: heap, mode: devdax, size: 64 MiB}
              - {name: journal, mode: sector, size: 96 MiB}
              - {name: extra, mode: fsdax, size: 256 MiB}
        """

    private static func profile(_ text: String) throws -> Profile {
        try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    /// A host to which the first profile was applied.
    private static func preparedHost() throws -> SimulatedHost {
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        let application = Application(of: try profile(first), to: host)
        let ending = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: nil)
        guard case .applied = ending else { throw Unexpected(ending: "\(ending)") }
        return host
    }

    private struct Unexpected: Error { var ending: String }

    private func apply(
        _ host: SimulatedHost, _ scratch: ScratchDirectory, interruption: Interruption = .never
    ) throws -> Application.Ending {
        let application = Application(of: try Self.profile(Self.second), to: host)
        return try application.carryOut(
            application.prepare(), consent: Self.consent, recordingIn: scratch.store,
            interruption: interruption)
    }

    @Test func rollingBackBringsBackEveryNamespaceWithItsIdentity() throws {
        let host = try Self.preparedHost()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        guard case .applied = try apply(host, scratch) else {
            Issue.record("not applied")
            return
        }
        #expect(HostSnapshot(try host.observe()) != before)
        let id = try #require(try scratch.store.names().last)
        let pending = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(pending.afterReboot.isEmpty)
        #expect(pending.isWhole)
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(try scratch.store.log(id).end == .rolledBack)
    }

    @Test func aFailureAtAnyStoreEndsInTheOldState() throws {
        let original = try Self.preparedHost()
        let before = HostSnapshot(try original.observe())
        var failures = 0
        for operation in 1... {
            let host = try SimulatedHost(json: original.json)
            host.arm(SimulatedFault(.fail(errno: 5), atOperation: operation))
            let scratch = try ScratchDirectory()
            let ending = try apply(host, scratch)
            if case .applied = ending { break }
            failures += 1
            guard case .undone = ending else {
                Issue.record("store \(operation): \(ending)")
                continue
            }
            #expect(HostSnapshot(try host.observe()) == before, "store \(operation)")
            #expect(try scratch.store.interrupted().isEmpty, "store \(operation)")
        }
        #expect(failures > 30, "only \(failures) stores were tried")
    }

    @Test(arguments: [false, true])
    func aCrashAtAnyStoreIsRecoveredToTheOldOrTheNewState(withReboot: Bool) throws {
        let original = try Self.preparedHost()
        let before = HostSnapshot(try original.observe())
        let plan = try Self.profile(Self.second)
        var (crashes, asked) = (0, 0)
        for operation in stride(from: 1, to: Int.max, by: CrashScale.every(1)) {
            let host = try SimulatedHost(json: original.json)
            host.arm(SimulatedFault(.crash, atOperation: operation))
            let scratch = try ScratchDirectory()
            if case .applied? = try? apply(host, scratch) { break }
            crashes += 1
            let survivor = try SimulatedHost(json: host.json)
            if withReboot { try survivor.reboot() }
            var outcome = try Recovery(host: survivor, store: scratch.store).run()
            if withReboot, case .consentMissing(let losses)? = outcome.blocked.first?.error.kind {
                // What was being created came up at the boot, over remains that it cannot be told from.
                asked += 1
                let consent = Consent(allowDestroy: Set(losses.map(\.address)))
                #expect(losses.count == 1, "store \(operation)")
                outcome = try Recovery(host: survivor, store: scratch.store, consent: consent).run()
            }
            #expect(
                outcome.blocked.map(\.error.description).isEmpty, "store \(operation): \(outcome.blocked)")
            let after = try survivor.observe()
            let isOld = HostSnapshot(after) == before
            #expect(isOld || Planner.plan(plan, on: after).isEmpty, "store \(operation)")
            #expect(try scratch.store.interrupted().isEmpty, "store \(operation)")
        }
        #expect(crashes * CrashScale.every(1) > 30, "only \(crashes) stores were tried")
        #expect(asked * 5 < crashes, "recovery asked at \(asked) of \(crashes) stores")
    }

    @Test func aCrashInsideRecoveryIsRecoveredAsWell() throws {
        let original = try Self.preparedHost()
        let before = HostSnapshot(try original.observe())
        var crashes = 0
        for operation in stride(from: 1, to: Int.max, by: CrashScale.every(1)) {
            let host = try SimulatedHost(json: original.json)
            host.arm(SimulatedFault(.crash, atOperation: 30))
            let scratch = try ScratchDirectory()
            _ = try? apply(host, scratch)
            let recovering = try SimulatedHost(json: host.json)
            recovering.arm(SimulatedFault(.crash, atOperation: operation))
            let isDone =
                (try? Recovery(host: recovering, store: scratch.store).run())?.blocked.isEmpty ?? false
            let survivor = try SimulatedHost(json: recovering.json)
            survivor.arm(nil)
            let outcome = try Recovery(host: survivor, store: scratch.store).run()
            #expect(outcome.blocked.map(\.error.description).isEmpty, "store \(operation) of the recovery")
            #expect(HostSnapshot(try survivor.observe()) == before, "store \(operation) of the recovery")
            if isDone { break }
            crashes += 1
        }
        #expect(crashes * CrashScale.every(1) > 5, "only \(crashes) stores were tried")
    }

    private func savedMedia(of name: String, in scratch: ScratchDirectory) throws -> [String] {
        try StateDirectory.entries(of: scratch.store.directory.transactions.appending(name))
            .filter { $0.hasPrefix(TransactionStore.mediaPrefix) }
    }

    @Test func everyInfoBlockThatGoesOrChangesIsSavedUnlessTheLimitIsLower() throws {
        let observed = try Self.preparedHost().observe()
        let profile = try Self.profile(Self.second)
        func saved(_ limit: ByteCount) -> [String: [Extent]] {
            let backups = Planner.plan(profile, on: observed, backupLimit: limit).steps.compactMap(\.backup)
            return Dictionary(uniqueKeysWithValues: backups.map { ($0.target.displayName, $0.ranges) })
        }
        let infoBlock = Extent(offset: .zero, length: .kib(8))
        let all = saved(Planner.defaultBackupLimit)
        #expect(all["wal"]?.first?.offset == .zero)
        #expect(all["journal"]?.first?.offset == .zero)
        // Of the raw one only what comes to lie over it: it has no info block.
        #expect(all["scratch"].map { $0 != [infoBlock] } ?? true)
        #expect(
            saved(.kib(8)).filter { $0.key != "scratch" } == ["wal": [infoBlock], "journal": [infoBlock]])
        #expect(saved(.zero).isEmpty)
    }

    @Test func savedMediaIsKeptUntilTheTransactionIsUndone() throws {
        let host = try Self.preparedHost()
        let scratch = try ScratchDirectory()
        guard case .applied = try apply(host, scratch) else {
            Issue.record("not applied")
            return
        }
        let id = try #require(try scratch.store.names().last)
        #expect(try savedMedia(of: id, in: scratch).count >= 3)
        _ = try Recovery(host: host, store: scratch.store).rollBack(id)
        #expect(try savedMedia(of: id, in: scratch).isEmpty)
        #expect(try scratch.store.log(id).end == .rolledBack)
    }

    @Test func oldTransactionsAreRemovedButNeverTheLastOrAnInterruptedOne() throws {
        let scratch = try ScratchDirectory()
        var names: [String] = []
        for number in 0..<5 {
            var writer = try TransactionWriter.begin(
                in: scratch.store, source: "p.yaml", before: Observed(buses: []),
                plan: Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: []))
            if number != 1 { try writer.append(.end(.committed, after: nil)) }
            names.append(writer.name)
        }
        let now = try scratch.store.log(names[0]).header.time
        try scratch.store.prune(keeping: 10, youngerThan: 60, now: now)
        #expect(try scratch.store.names() == names)
        try scratch.store.prune(keeping: 3, youngerThan: 60, now: now)
        #expect(try scratch.store.names() == [names[1], names[2], names[3], names[4]])
        // A clock can be wrong by years: age alone leaves the last ones alone.
        for later in [100, 366 * 86_400, Int.max - now] {
            try scratch.store.prune(keeping: 10, now: now + later)
            #expect(try scratch.store.names() == [names[1], names[2], names[3], names[4]])
        }
        try scratch.store.prune(keeping: 10, youngerThan: 60, atLeast: 2, now: now + 100)
        #expect(try scratch.store.names() == [names[1], names[3], names[4]])
        try scratch.store.prune(keeping: 10, youngerThan: 60, atLeast: 1, now: now + 100)
        #expect(try scratch.store.names() == [names[1], names[4]])
    }

    /// However often a boot puts something back, what somebody applied last stays.
    @Test func whatBootsPutBackPushesNobodysTransactionOut() throws {
        let scratch = try ScratchDirectory()
        var names: [String] = []
        // What somebody called the file does not count.
        for number in 0..<8 {
            var writer = try TransactionWriter.begin(
                in: scratch.store, source: BootRestoration.source, before: Observed(buses: []),
                plan: Plan(changes: [], steps: [], unchanged: [], unmanaged: [], refusals: []),
                isAfterBoot: number > 1)
            try writer.append(.end(.committed, after: nil))
            names.append(writer.name)
        }
        let now = try scratch.store.log(names[0]).header.time
        try scratch.store.prune(keeping: 2, youngerThan: 60, now: now)
        #expect(try scratch.store.names() == [names[1], names[6], names[7]])
    }

    @Test func aSignalLetsTheStepFinishAndThenUndoesEverything() throws {
        let host = try Self.preparedHost()
        let before = HostSnapshot(try host.observe())
        let scratch = try ScratchDirectory()
        let counter = Counter()
        let interruption = Interruption { counter.next() > 4 ? 1 : 0 }
        guard case .undone(_, .interrupted, _) = try apply(host, scratch, interruption: interruption) else {
            Issue.record("not undone")
            return
        }
        #expect(HostSnapshot(try host.observe()) == before)
    }

    @Test func rollbackIsRefusedWhenTheHostHasMovedOn() throws {
        let host = try Self.preparedHost()
        let scratch = try ScratchDirectory()
        _ = try apply(host, scratch)
        let log = try #require(try scratch.store.logs().last)
        let made = try #require(try host.observe().regions[0].namespaces.first { $0.name == "extra" })
        let target = NamespaceTarget(made, region: "region0")
        var generator = SystemRandomNumberGenerator()
        _ = try host.perform(.disable(target), identity: .random(using: &generator))
        let review = RollbackReview(of: log, on: try host.observe(), later: [], consent: Self.consent)
        #expect(review.refusals.map(\.code) == [.hostChanged])
    }

    @Test func undoingOnAHostWithoutTheRegionFailsAndIsNotTakenForDone() throws {
        let scratch = try ScratchDirectory()
        _ = try apply(try Self.preparedHost(), scratch)
        let log = try #require(try scratch.store.logs().last)
        let other = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/eadr.json"))
        let before = HostSnapshot(try other.observe())
        #expect(throws: OperationError.self) {
            try Recovery(host: other, store: scratch.store).rollBack(log.header.id)
        }
        #expect(try scratch.store.interrupted().map(\.header.id) == [log.header.id])
        #expect(HostSnapshot(try other.observe()) == before)
    }

    @Test func rollbackGivesUpWhatWasCreatedOnlyWithConsent() throws {
        let host = try Self.preparedHost()
        let scratch = try ScratchDirectory()
        _ = try apply(host, scratch)
        let log = try #require(try scratch.store.logs().last)
        let observed = try host.observe()
        let without = RollbackReview(of: log, on: observed, later: [], consent: Consent())
        #expect(
            Set(without.refusals.map(\.address)) == ["region0/extra", "region0/journal", "region0/wal"])
        #expect(RollbackReview(of: log, on: observed, later: [], consent: Self.consent).refusals.isEmpty)
    }

    @Test func anUnusableStateDirectoryIsFoundBeforeTheFirstStep() throws {
        let host = try Self.preparedHost()
        let before = host.json
        let store = TransactionStore(StateDirectory("/proc/daxprov"))
        let application = Application(of: try Self.profile(Self.second), to: host)
        let prepared = try application.prepare()
        #expect(throws: OperationError.self) {
            _ = try application.carryOut(prepared, consent: Self.consent, recordingIn: store)
        }
        #expect(host.json == before)
    }
}

/// Counts calls.
private final class Counter: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}
