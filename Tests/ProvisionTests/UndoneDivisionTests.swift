import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What recovery, its forecast and a rollback say and do of dynamic dax regions.
///
/// - Every step was done, and the run died before it said so: in the same boot, or with one since; another tool works on it meanwhile.
/// - A boot leaves nothing of a division, and another tool divides the region: that is its own.
/// - Memory goes offline, and what the kernel left there is not its old contents.
/// - A region is gone.
@Suite struct UndoneDivisionTests {
    private typealias Bench = DaxDivisionTests.Bench
    private static let identity = DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1))

    private static func profile(_ devices: String) throws -> Profile {
        try DaxDivisionTests.profile(devices, unmanaged: "destroy")
    }

    private static func log(_ bench: Bench) throws -> TransactionLog { try bench.store.undoable(nil).0 }

    /// Takes the end out of the youngest journal: its transaction is interrupted, and complete.
    private static func cutOffEnd(_ bench: Bench) throws {
        let path = bench.store.journalPath(try #require(try bench.store.names().last))
        let bytes = try StateFile.contents(path, limit: 1 << 24)
        let end = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter { try file.resize(to: Int64(end)) }
        #expect(try bench.store.interrupted().map(\.isComplete) == [true])
    }

    private static func forecast(_ bench: Bench) throws -> RecoveryForecast {
        RecoveryForecast(
            try bench.store.interrupted(), on: try bench.observed, bootID: bench.host.bootID)
    }

    /// What another tool changed since is said, and the transaction has not come to what it says.
    @Test func anothersChangeToWhatACompleteTransactionLeftIsSaid() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        try Self.cutOffEnd(bench)
        let name = try bench.device("a").name
        let region = SimulatedDaxRegion(host: bench.host, identity: Self.identity)
        try region.use(name, as: .systemRAM(.none))
        #expect(
            try Self.forecast(bench).notes.map(\.message).contains { $0.contains("since then: hmem.0/a") })
        let recovered = try #require(
            try Recovery(host: bench.host, store: bench.store).run().recovered.first)
        #expect(recovered.end == .incomplete)
        #expect(recovered.differences.count == 1, "\(recovered.differences)")
    }

    /// What a boot forgets is no difference: the division is made again.
    @Test func aBootIsNoDifference() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        try Self.cutOffEnd(bench)
        try bench.host.reboot()
        #expect(
            try Self.forecast(bench).notes.map(\.message).contains { $0.contains("and it will be committed") }
        )
        let recovered = try #require(
            try Recovery(host: bench.host, store: bench.store).run().recovered.first)
        #expect(recovered.end == .committed)
    }

    /// What replaced a device in its very place is not that device.
    @Test func whatLiesInThePlaceOfARemovedDeviceIsNoDifference() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        try bench.applied(Self.profile("{name: b, size: 256 MiB}"))
        try Self.cutOffEnd(bench)
        let recovered = try #require(
            try Recovery(host: bench.host, store: bench.store).run().recovered.first)
        #expect(recovered.differences.isEmpty, "\(recovered.differences)")
        #expect(recovered.end == .committed)
    }

    /// The forecast is what comes: each device with its ranges and its driver.
    @Test func theForecastOfUndoingIsWhatComes() throws {
        var undone = 0
        for point in stride(from: 1, to: 60, by: 6) {
            let bench = try Bench()
            try bench.applied(
                Self.profile("{name: a, size: 256 MiB}, {name: m, size: 256 MiB, mode: system-ram}"))
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(
                Self.profile("{name: m, size: 128 MiB}, {name: c, size: 256 MiB, mode: system-ram}"))
            {
                break
            }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            func drivers(_ observed: Observed) -> Set<String> {
                Set(
                    observed.daxRegions[0].devices.filter { $0.size > .zero }.map {
                        "\($0.mappings?.map(\.range) ?? []) \($0.driver ?? "-")"
                    })
            }
            let forecast = try Self.forecast(survivor)
            guard forecast.notes.contains(where: { $0.message.contains("brought back") }) else { continue }
            let outcome = try Recovery(
                host: survivor.host, store: survivor.store,
                consent: Consent(allowDestroy: ["a", "m", "c"])
            ).run()
            #expect(outcome.blocked.isEmpty, "\(point): \(outcome.blocked)")
            #expect(try drivers(forecast.observed) == drivers(survivor.observed), "\(point)")
            undone += 1
        }
        #expect(undone > 1)
    }

    /// A boot left nothing of the division, and another tool has divided the region since: nothing of that is taken back.
    @Test func anothersDivisionAfterABootIsLeftAlone() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let log = try Self.log(bench)
        try bench.host.reboot()
        var region = try bench.host.observe().daxRegions[0]
        #expect(DaxUndo(of: log, in: region, isSameBoot: false).returns.isEmpty)
        let start = Self.identity.start + ByteCount.mib(512).bytes
        region.devices[0].size = .mib(128)
        region.devices[0].mappings = [
            DaxRegion.Mapping(range: start..<start + ByteCount.mib(128).bytes, pageOffset: 0)
        ]
        #expect(DaxUndo(of: log, in: region, isSameBoot: false).returns.isEmpty)
        // In the boot of the transaction it would be in the way of what comes back.
        #expect(DaxUndo(of: log, in: region, isSameBoot: true).returns.contains { $0.isForeign })
    }

    /// Memory that a step brought online and somebody took offline holds the kernel's bytes: undoing that dies has to know.
    @Test func memoryThatWentOfflineSinceHoldsWhatTheKernelLeft() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: m, size: 256 MiB, mode: system-ram}"))
        let ranges = try #require(try bench.device("m").layout?.ranges)
        let region = SimulatedDaxRegion(host: bench.host, identity: Self.identity)
        try region.use(bench.device("m").name, as: .systemRAM(.none))
        let undo = DaxUndo(of: try Self.log(bench), in: try bench.observed.daxRegions[0], isSameBoot: true)
        #expect(undo.memory == ranges && undo.untouched.isEmpty)
    }

    /// A device that was memory, and becomes that again, is written over: that is asked for in words of its own.
    @Test func memoryThatComesBackIsAskedForAsThat() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: m, size: 256 MiB, mode: system-ram}"))
        try bench.applied(Self.profile("{name: m, size: 256 MiB}"))
        let (log, later) = try bench.store.undoable(nil)
        let review = RollbackReview(of: log, on: try bench.observed, later: later, consent: Consent())
        #expect(
            review.requests.map(\.consequence) == [
                "would become system memory again, which writes over what it holds as a device"
            ])
    }

    @Test func aRegionThatIsGoneIsNamed() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let log = try Self.log(bench)
        let error = log.missing([], log.missingDaxRegions(on: Observed(buses: []), isSameBoot: true))
        #expect(error.device?.hasPrefix("hmem.0") == true, "\(error)")
    }

    /// After a boot there is no division to undo: a region that is missing then keeps nothing from being recovered.
    @Test func aRegionThatIsGoneAfterABootKeepsNothingFromItsEnd() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let log = try Self.log(bench)
        let gone = Observed(buses: [])
        #expect(log.missingDaxRegions(on: gone, isSameBoot: true).count == 1)
        #expect(log.missingDaxRegions(on: gone, isSameBoot: false).isEmpty)
        #expect(log.daxDifferences(to: gone, isSameBoot: false).isEmpty)
        #expect(!log.daxDifferences(to: gone, isSameBoot: true).isEmpty)
    }
}
