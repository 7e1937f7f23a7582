import Glibc
import Synchronization
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Wiping on the simulated host, and the rules of it.
@Suite struct WipeTests {
    private static let empty = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["a"]}]}]}}
        """

    /// A host with these namespaces.
    private static func host(_ items: String...) throws -> SimulatedHost {
        let host = try SimulatedHost(json: empty)
        let text =
            "version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n"
            + items.map { "      - {\($0)}\n" }.joined()
        let application = Application(
            of: try ProfileReader.read(Array(text.utf8), source: "test.yaml"), to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: nil)
        return host
    }

    private static func target(
        _ name: String, _ scope: WipeScope = .all, on host: SimulatedHost
    ) throws -> WipeTarget {
        try #require(WipeTarget.find([name], scope, on: host.observe()).first)
    }

    private static func sums(_ target: WipeTarget, on host: SimulatedHost) throws -> [UInt32?] {
        try host.openDataArea(of: target.namespace, in: target.region)
            .sums(at: MediaSample.offsets(in: Extent(offset: .zero, length: target.size)))
    }

    private static func write(
        _ value: UInt64, to target: WipeTarget, at offsets: [ByteCount], on host: SimulatedHost
    ) throws {
        let place = NamespaceTarget(target.namespace, region: target.region)
        try host.write(value, to: place, at: offsets)
    }

    @Test(arguments: ["raw", "fsdax", "devdax", "sector"])
    func aWipeZeroesTheDataAndNothingElse(mode: String) throws {
        let host = try Self.host("name: a, mode: \(mode), size: 256 MiB", "name: b, mode: raw, size: 64 MiB")
        let (target, other) = (try Self.target("a", on: host), try Self.target("b", on: host))
        try Self.write(
            7, to: target, at: [.kib(64), .mib(100), target.size.roundedDown(to: .kib(4)) - .kib(4)], on: host
        )
        try Self.write(7, to: other, at: [.zero], on: host)
        let (before, neighbour) = (HostSnapshot(try host.observe()), try Self.sums(other, on: host))
        let scratch = try ScratchDirectory()
        let wiping = Wiping(host: host, store: WipeStore(scratch.store))
        let outcome = try wiping.run(target, .new)
        #expect(outcome.failure == nil)
        #expect(outcome.record.end == .wiped)
        #expect(outcome.bytes == target.size)
        #expect(try Self.sums(target, on: host).allSatisfy { $0 == MediaSample.zeroPage })
        #expect(HostSnapshot(try host.observe()) == before)
        #expect(try Self.sums(other, on: host) == neighbour)
        #expect(try WipeStore(scratch.store).unfinished().isEmpty)
        #expect((target.remark == nil) == (mode != "sector"))
    }

    /// Wherever it dies, the record is true, and the next run ends it without zeroing what need not be.
    @Test func aCrashAtAnyStoreGoesOn() throws {
        let original = try Self.host("name: a, mode: raw, size: 512 MiB")
        try Self.write(7, to: Self.target("a", on: original), at: (0..<512).map { .mib($0) }, on: original)
        for operation in 1...8 {
            let host = try SimulatedHost(json: original.json)
            let target = try Self.target("a", on: host)
            let scratch = try ScratchDirectory()
            let store = WipeStore(scratch.store)
            host.arm(SimulatedFault(.crash, atOperation: operation))
            _ = try Wiping(host: host, store: store).run(target, .new)
            #expect(try store.unfinished().count == 1)
            try host.reboot()
            let again = try Self.target("a", on: host)
            let beginning = try Wiping(host: host, store: store).beginning(of: again)
            guard case .resumed(let record) = beginning else {
                Issue.record("\(operation): \(beginning)")
                continue
            }
            let outcome = try Wiping(host: host, store: store).run(again, beginning)
            #expect(outcome.record.end == .wiped)
            #expect(outcome.resumedAt == record.offset - min(record.offset, .mib(64)))
            #expect(try Self.sums(again, on: host).allSatisfy { $0 == MediaSample.zeroPage })
            #expect(try store.all().count == 1)
        }
    }

    /// Somebody who asks a wipe to stop.
    private final class Requests: Sendable {
        private let asked = Mutex(false)

        var count: Int { asked.withLock { $0 ? 1 : 0 } }

        var isDue: Bool {
            get { count > 0 }
            set { asked.withLock { $0 = newValue } }
        }
    }

    /// A record at 192 MiB of 512 MiB.
    private static func stopped(
        _ host: SimulatedHost, _ scratch: ScratchDirectory
    ) throws -> (WipeTarget, WipeRecord) {
        let target = try Self.target("a", on: host)
        try write(7, to: target, at: (0..<512).map { .mib($0) }, on: host)
        let asked = Requests()
        let wiping = Wiping(
            host: host, store: WipeStore(scratch.store), interruption: Interruption { asked.count },
            progress: { asked.isDue = $0.done >= .mib(192) })
        let outcome = try wiping.run(target, .new)
        #expect(outcome.isInterrupted)
        #expect(outcome.record.offset == .mib(192))
        return (target, outcome.record)
    }

    @Test(arguments: [
        (ByteCount.zero, UInt64(9), false), (.mib(191), 9, false), (.mib(511), 9, false),
        (.mib(511), 0, true),
        (.mib(200), 7, true),
    ])
    func newDataBeginsAnewAndWhatIsExplainedDoesNot(place: ByteCount, value: UInt64, goesOn: Bool) throws {
        let host = try Self.host("name: a, mode: raw, size: 512 MiB")
        let scratch = try ScratchDirectory()
        let (target, record) = try Self.stopped(host, scratch)
        // Every page of the sample around it, so that none is missed.
        let offsets = MediaSample.offsets(in: Extent(offset: .zero, length: target.size))
        let near = try #require(offsets.last { $0 <= place })
        if value == 7 {
            try Self.write(7, to: target, at: [place], on: host)
        } else {
            try Self.write(value, to: target, at: [near], on: host)
        }
        let store = WipeStore(scratch.store)
        switch try Wiping(host: host, store: store).beginning(of: target) {
        case .resumed(let found):
            #expect(goesOn)
            #expect(found == record)
        case .anew(let found, let why):
            #expect(!goesOn)
            #expect(found == record)
            #expect(why.contains("\(near.bytes)"))
            let outcome = try Wiping(host: host, store: store).run(target, .anew(found, why))
            #expect(outcome.bytes == target.size)
            #expect(try Set(store.all().map(\.end)) == [.restarted, .wiped])
        case .new: Issue.record("the record was not found")
        }
    }

    @Test func whatBecameAnotherNamespaceBeginsAnew() throws {
        let host = try Self.host("name: a, mode: raw, size: 512 MiB")
        let scratch = try ScratchDirectory()
        var (target, record) = try Self.stopped(host, scratch)
        #expect(record.difference(to: target) == nil)
        target.namespace.infoBlockUUID = UUID.null
        #expect(record.difference(to: target) != nil)
        target = try Self.target("a", on: host)
        target.namespace.usableSize = .mib(256)
        #expect(record.difference(to: target) != nil)
        target = try Self.target("a", on: host)
        target.namespace.mode = .fsdax
        #expect(record.difference(to: target) != nil)
        target.namespace.labelUUID = UUID.null
        #expect(!record.isAbout(target))
        record.labelUUID = nil
        target.namespace.labelUUID = nil
        #expect(record.isAbout(target))
        target.regionIdentity = nil
        #expect(!record.isAbout(target))
    }

    @Test func recordsAreReadAsTheyWereWritten() throws {
        let host = try Self.host("name: a, mode: raw, size: 512 MiB")
        let scratch = try ScratchDirectory()
        var (_, record) = try Self.stopped(host, scratch)
        #expect(try WipeStore(scratch.store).all() == [record])
        #expect(try WipeStore(scratch.store).wipe(record.id) == record)
        record.sums[3] = nil
        record.failure = "it failed \"here\""
        #expect(try WipeRecord(JSONCursor(JSONValue(parsing: record.json.text(.compact)))) == record)
        try WipeStore(scratch.store).abandon(record, at: 5)
        #expect(try WipeStore(scratch.store).unfinished().isEmpty)
        #expect(throws: OperationError.self) { try WipeStore(scratch.store).wipe("wipe-") }
    }

    @Test func aFailureIsRecordedWithWhatWasZeroedBefore() throws {
        let host = try Self.host("name: a, mode: raw, size: 512 MiB")
        let target = try Self.target("a", on: host)
        let scratch = try ScratchDirectory()
        host.arm(SimulatedFault(.fail(errno: EIO), atOperation: 4))
        let outcome = try Wiping(host: host, store: WipeStore(scratch.store)).run(target, .new)
        #expect(outcome.failure != nil)
        let record = try #require(WipeStore(scratch.store).unfinished().first)
        #expect(record.offset == .mib(192))
        #expect(record.failure != nil)
    }

    @Test func onlyBothEndsAreZeroedWhereThatIsAskedFor() throws {
        let host = try Self.host("name: a, mode: raw, size: 64 MiB")
        let target = try Self.target("a", .ends, on: host)
        #expect(
            target.ranges == [
                Extent(offset: .zero, length: .mib(1)), Extent(offset: .mib(63), length: .mib(1)),
            ])
        try Self.write(7, to: target, at: [.zero, .mib(1), .mib(62), .mib(63)], on: host)
        let scratch = try ScratchDirectory()
        let outcome = try Wiping(host: host, store: WipeStore(scratch.store)).run(target, .new)
        #expect(outcome.record.end == .wiped)
        let area = try host.openDataArea(of: target.namespace, in: target.region)
        let found = try area.sums(at: [.zero, .mib(1), .mib(62), .mib(63)])
        #expect(found.map { $0 == MediaSample.zeroPage } == [true, false, false, true])
        var small = target
        small.namespace.usableSize = .mib(2)
        #expect(small.ranges == [Extent(offset: .zero, length: .mib(2))])
    }

    @Test func whatMustNotBeWipedIsRefused() throws {
        let host = try Self.host("name: a, mode: devdax, size: 64 MiB")
        let target = try Self.target("a", on: host)
        let observed = try host.observe()
        func codes(
            _ target: WipeTarget, _ findings: UseReport = UseReport(), _ marks: [ProtectionMark] = []
        ) -> [Refusal.Code] {
            WipeReview(of: [target], on: observed, findings: findings, marks: marks).refusals.map(\.code)
        }
        #expect(codes(target) == [])
        #expect(
            WipeReview(of: [target], on: observed, findings: UseReport(), marks: []).losses.map(\.address)
                == ["region0/a"])
        let holder = Holder(.process, of: "dax0.0", "open in process 7 (x)")
        #expect(codes(target, UseReport(uses: [target.namespace.device: [holder]])) == [.busy])
        let label = try #require(target.namespace.labelUUID)
        #expect(
            codes(target, UseReport(), [ProtectionMark(labelUUID: label, name: "a", source: "p")])
                == [.protected]
        )
        var changed = target
        changed.namespace.isActive = false
        #expect(codes(changed) == [.namespaceDisabled])
        changed = target
        changed.namespace.daxDevice = DaxDevice(usedAs: .systemRAM(.movable))
        #expect(codes(changed) == [.systemMemory])
        changed = target
        changed.namespace.badBlocks = [BadBlocks(offset: 8, length: 1)]
        #expect(codes(changed) == [.mediaErrors])
        changed.namespace.mode = .fsdax
        #expect(codes(changed) == [])
        changed = target
        changed.provider = "nfit_test.0"
        #expect(codes(changed) == [.notSupported])
    }
}
