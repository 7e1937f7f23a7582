import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Dynamic dax regions, divided into devices.
///
/// What can happen between two lines, and between two runs:
/// - the program dies at any store, and the host boots or does not: a device is without memory, without a driver, half there, or there
///   only to be cleared;
/// - any store fails; another device has the memory meanwhile; a device has a driver that it should not have;
/// - the host boots: the kernel remembers nothing, and one device spans each region again, with everybody's bytes;
/// - somebody writes to a device between an apply and its rollback, or to the one that a boot made;
/// - somebody else makes, changes or removes devices of the same region; takes a name that the record has; a region is gone, or begins
///   elsewhere, or has another size;
/// - memory of a former owner lies where a new device is made; memory that grows is another's old memory;
/// - devices grow into what others give up, in one plan and in the next.
/// What must hold: every byte of what stays is at its offset, nothing is lost without consent by name, nothing of another's changes,
/// nobody sees another's old bytes, and a device is what was declared or what it was.
@Suite struct DaxDivisionTests {
    static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [],
          "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "offline"},
          "dax_regions": [
            {"start": "0x100000000", "size": "1 GiB", "target_node": 2},
            {"start": "0x140000000", "size": "512 MiB", "target_node": 3}]}}
        """

    /// The same machine with a kernel that gives devices their driver so.
    static func machine(_ binding: SimulatedDaxBinding) -> String {
        machine.replacing(
            #""buses": [],"#, with: "\"buses\": [], \"dax_binding\": \"\(binding.rawValue)\",")
    }

    /// The same machine, with one kernel and the other in turn for what is tried again and again.
    private static func machine(turn: Int) -> String {
        let kernels = SimulatedDaxBinding.allCases
        return machine(kernels[turn % kernels.count])
    }

    /// The devices of both regions, as YAML in braces; nil: the region is not declared.
    static func profile(_ first: String?, _ second: String? = nil, unmanaged: String? = nil) throws -> Profile
    {
        var text = "version: 1\n" + (unmanaged.map { "unmanaged: \($0)\n" } ?? "") + "devices:\n"
        for (start, devices) in [("0x100000000", first), ("0x140000000", second)] {
            guard let devices else { continue }
            text += "  - match: {start: \(start)}\n    devices: [\(devices)]\n"
        }
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    static let five = (
        "{name: tier, size: 256 MiB}, {name: cache, size: 128 MiB, align: 4 KiB}, {name: pool, size: 256 MiB, mode: system-ram}, {name: rest, size: remaining}",
        "{name: other, size: 100%}"
    )

    /// A host on which everything is agreed to.
    struct Bench {
        var host: SimulatedHost
        let scratch: ScratchDirectory
        var store: TransactionStore

        init(_ machine: String = DaxDivisionTests.machine) throws {
            host = try SimulatedHost(json: machine)
            scratch = try ScratchDirectory()
            store = TransactionStore(StateDirectory(scratch.path.appending("state")))
        }

        func prepare(_ profile: Profile) throws -> Application.Prepared {
            try Application(of: profile, to: host, safeguards: Safeguards(reading: store)).prepare()
        }

        @discardableResult
        func apply(_ profile: Profile, agreed: Bool = true) throws -> Application.Ending {
            let application = Application(of: profile, to: host, safeguards: Safeguards(reading: store))
            let prepared = try application.prepare()
            let consent = Consent(allowDestroy: agreed ? Set(prepared.plan.losses.map(\.address)) : [])
            return try application.carryOut(prepared, consent: consent, recordingIn: store)
        }

        func applied(_ profile: Profile) throws {
            switch try apply(profile) {
            case .applied, .unchanged: break
            case let ending: Issue.record("not applied: \(ending)")
            }
            #expect(try prepare(profile).plan.isEmpty)
        }

        var observed: Observed {
            get throws { try host.observe().remembering(DaxRegionStore(store.directory).found().records) }
        }

        func device(_ name: String) throws -> DaxRegion.Device {
            try #require(
                try observed.daxRegions.flatMap(\.devices).first { $0.recordedName == name }, "no \(name)")
        }

        func write(_ value: UInt64, to name: String, at offsets: [ByteCount] = [.zero, .mib(64)]) throws {
            try host.write(value, toDevice: device(name).name, at: offsets)
        }

        func read(_ name: String, at offsets: [ByteCount] = [.zero, .mib(64)]) throws -> [UInt64] {
            try #require(host.read(device: device(name).name, at: offsets), "\(name) cannot be read")
        }

        /// What every device is, without the kernel's names.
        var layouts: [String] {
            get throws {
                try host.observe().daxRegions.flatMap { region in
                    region.devices.filter { $0.size > .zero }.map {
                        "\(region.name) \($0.layout?.text ?? "?")"
                    }
                }.sorted()
            }
        }

        func boot() throws -> BootRestoration {
            try BootRestoration(
                KeptDeviceStore(store.directory).kept(), DaxRegionStore(store.directory).found(),
                on: host.observe(), host)
        }

        /// What `apply --boot` does.
        func restore() throws -> Application.Ending {
            let restoration = try boot()
            let application = Application(
                of: restoration.profile, to: host, safeguards: Safeguards(reading: store),
                afterBoot: restoration)
            return try application.carryOut(
                application.prepare(), consent: restoration.consent, recordingIn: store)
        }

        func rollBack(agreeing words: Set<String> = []) throws -> Undone {
            let log = try store.undoable(nil).0
            return try Recovery(host: host, store: store, consent: Consent(allowDestroy: words))
                .rollBack(log.header.id)
        }
    }

    @Test(arguments: SimulatedDaxBinding.allCases)
    func fiveDevicesOfTwoRegionsAreMadeKeptAndRolledBackWithTheirBytes(binding: SimulatedDaxBinding) throws {
        let bench = try Bench(Self.machine(binding))
        let old = try bench.layouts
        try bench.host.write(9, toDevice: "dax0.0", at: [.zero, .mib(300), .mib(900)])
        let profile = try Self.profile(Self.five.0, Self.five.1)
        let plan = try bench.prepare(profile).plan
        // The second region's one device is adopted: the profile asks for all of it.
        #expect(plan.changes.map(\.kind) == [.destroy, .create, .create, .create, .create])
        #expect(plan.changes.map(\.consent) == ["dax0.0", nil, nil, nil, nil])
        guard case .refused(let refusals) = try bench.apply(profile, agreed: false) else {
            Issue.record("applied without consent")
            return
        }
        #expect(refusals.map(\.code) == [.consentMissing])
        try bench.applied(profile)
        #expect(try bench.read("tier") == [0, 0], "what lay there shows")
        #expect(try bench.device("pool").memory?.online == 2)
        #expect(try bench.device("other").name == "dax1.0")
        try bench.write(5, to: "tier")
        try bench.write(6, to: "rest", at: [.zero])
        // One grows, one shrinks, one is removed.
        let second = try Self.profile(
            "{name: tier, size: 384 MiB}, {name: pool, size: 256 MiB, mode: system-ram}, {name: rest, size: 128 MiB}",
            unmanaged: "destroy")
        let changes = try bench.prepare(second).plan.changes
        #expect(changes.map(\.kind) == [.destroy, .resizeDevice, .resizeDevice])
        #expect(changes.map(\.consent) == ["cache", nil, "rest"])
        let divided = try bench.layouts
        try bench.applied(second)
        #expect(try bench.read("tier", at: [.zero, .mib(64), .mib(256)]) == [5, 5, 0])
        #expect(try bench.read("rest", at: [.zero]) == [6])
        _ = try bench.rollBack()
        #expect(try bench.layouts == divided)
        #expect(try bench.read("tier") == [5, 5])
        #expect(try bench.prepare(profile).plan.isEmpty, "names are what they were")
        // What was written since it was made is asked for.
        #expect(throws: OperationError.self) { _ = try bench.rollBack() }
        #expect(try bench.layouts == divided)
        _ = try bench.rollBack(agreeing: ["tier", "rest", "cache"])
        #expect(try bench.layouts == old)
        // What was adopted was not changed, and so is not undone.
        #expect(
            try DaxRegionStore(bench.store.directory).found().records.map(\.region.start) == [0x1_4000_0000])
    }

    @Test(arguments: SimulatedDaxBinding.allCases)
    func aBootForgetsTheDivisionAndItComesBackWithItsBytes(binding: SimulatedDaxBinding) throws {
        let bench = try Bench(Self.machine(binding))
        let profile = try Self.profile(Self.five.0)
        try bench.applied(profile)
        try bench.write(5, to: "tier")
        try bench.write(6, to: "cache", at: [.mib(100)])
        let layouts = try bench.layouts
        try bench.host.reboot()
        #expect(try bench.layouts != layouts)
        let status = try HostStatus(of: bench.store) { () throws(OperationError) in try bench.host.observe() }
        #expect(!status.drift.isEmpty)
        let ending = try bench.restore()
        guard case .applied = ending else {
            Issue.record("not restored: \(ending)")
            return
        }
        #expect(try bench.layouts == layouts)
        #expect(try bench.read("tier") == [5, 5])
        #expect(try bench.read("cache", at: [.mib(100)]) == [6])
        #expect(try bench.prepare(profile).plan.isEmpty)
        // A rollback after the boot still finds what it undoes, and what it undoes it to: what a boot makes of the region.
        _ = try bench.rollBack(agreeing: ["tier", "cache", "pool", "rest"])
        #expect(try bench.layouts == Bench().layouts)
    }

    @Test func whatIsWrittenToTheUndividedDeviceAfterABootIsAskedForByAProfileAlone() throws {
        let bench = try Bench()
        let profile = try Self.profile("{name: a, size: 512 MiB}, {name: b, size: 512 MiB, zero: false}")
        try bench.applied(profile)
        try bench.write(5, to: "a")
        try bench.host.reboot()
        // Nothing of what comes back is written over: there is nothing to agree to.
        #expect(try bench.prepare(profile).plan.losses.isEmpty)
        try bench.applied(profile)
        #expect(try bench.read("a") == [5, 5])
        try bench.host.reboot()
        let more = try Self.profile(
            "{name: a, size: 512 MiB}, {name: b, size: 256 MiB}, {name: c, size: remaining}")
        #expect(try bench.prepare(more).plan.losses.map(\.address) == ["hmem.0/dax0.0", "hmem.0/b"])
    }

    @Test func ofARegionThatIsGoneNothingIsRestored() throws {
        let bench = try Bench()
        try bench.applied(Self.profile(Self.five.0, Self.five.1))
        var moved = bench
        moved.host = try SimulatedHost(
            json: Self.machine.replacing(#""start": "0x100000000""#, with: #""start": "0x180000000""#))
        let restoration = try moved.boot()
        #expect(restoration.refusals.map(\.code) == [.noMatchingRegion])
        #expect(restoration.profile.daxRegions.map(\.match.start) == [0x1_4000_0000])
    }

    /// A region that is shorter than it was, or longer: memory has been laid out anew, and what is recorded may be of other bytes.
    @Test(arguments: ["896 MiB", "512 MiB"]) func aRegionThatIsAnotherStopsTheRestoration(size: String) throws
    {
        let bench = try Bench()
        try bench.applied(Self.profile(Self.five.0, Self.five.1))
        var moved = bench
        moved.host = try SimulatedHost(
            json: Self.machine.replacing(#""size": "1 GiB""#, with: "\"size\": \"\(size)\""))
        let restoration = try moved.boot()
        #expect(restoration.refusals.map(\.code) == [.noMatchingRegion, .hostChanged])
        #expect(restoration.profile.daxRegions.isEmpty)
    }

    /// Nor does a profile divide it as if nothing had lain there.
    @Test func aRegionThatIsAnotherIsNotDividedOverWhatIsRecordedThere() throws {
        let bench = try Bench()
        try bench.applied(Self.profile(Self.five.0, Self.five.1))
        var moved = bench
        moved.host = try SimulatedHost(
            json: Self.machine.replacing(#""size": "1 GiB""#, with: #""size": "896 MiB""#))
        let plan = try moved.prepare(Self.profile("{name: a, size: 128 MiB}")).plan
        #expect(plan.refusals.map(\.code) == [.hostChanged])
        #expect(plan.refusals.first?.message.contains("of 1 GiB at 0x100000000") == true)
    }

    @Test func anothersDevicesAreLeftAloneAndNobodySeesOldBytes() throws {
        let machine = Self.machine.replacing(
            #""size": "1 GiB", "target_node": 2"#,
            with: #""size": "1 GiB", "target_node": 2, "devices": [{"number": 0}, "#
                + #"{"number": 1, "driver": "device_dax", "ranges": [{"start": "0x108000000", "size": "128 MiB"}]}]"#
        )
        let bench = try Bench(machine)
        try bench.host.write(7, toDevice: "dax0.1", at: [.zero])
        let profile = try Self.profile("{name: a, size: 256 MiB}, {name: all, size: remaining}")
        let plan = try bench.prepare(profile).plan
        #expect(plan.unmanaged.map(\.address) == ["hmem.0/dax0.1"] && plan.losses.isEmpty)
        try bench.applied(profile)
        #expect(try bench.device("a").mappings?.count == 1)
        #expect(try bench.device("all").mappings?.count == 2, "the rest lies on both sides of the other's")
        #expect(bench.host.read(device: "dax0.1", at: [.zero]) == [7])
        // Not even with the word that means what no line names: it is nobody's of ours.
        let destroying = try Self.profile("{name: a, size: 256 MiB}", unmanaged: "destroy")
        #expect(try bench.prepare(destroying).plan.losses.map(\.address) == ["hmem.0/all"])
        try bench.write(8, to: "all", at: [.zero])
        try bench.applied(destroying)
        #expect(bench.host.read(device: "dax0.1", at: [.zero]) == [7])
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: b, size: remaining}"))
        #expect(try bench.read("b", at: [.zero]) == [0])
    }

    @Test(arguments: [
        ("{name: a, size: 100 KiB}", Refusal.Code.sizeNotAligned), ("{name: a, size: 2 GiB}", .noCapacity),
        ("{name: a, size: 512 MiB, align: 1 GiB}", .sizeNotAligned),
        ("{name: a, size: 64 MiB, start: 0x100100000}", .startMisaligned),
        ("{name: a, size: 64 MiB, start: 0x200000000}", .noExtent),
        ("{name: a, size: 64 MiB, mode: system-ram}", .deviceUnusable),
        ("{name: a, size: 64 MiB}, {name: b, size: 100%}", .noCapacity),
    ])
    func whatCannotBeIsRefused(devices: String, code: Refusal.Code) throws {
        let bench = try Bench()
        let before = bench.host.json
        let ending = try bench.apply(Self.profile(devices))
        guard case .refused(let refusals) = ending else {
            Issue.record("not refused: \(ending)")
            return
        }
        #expect(refusals.contains { $0.code == code }, "\(refusals)")
        #expect(bench.host.json == before)
    }

    /// Wherever it dies, and whatever was written to what was there, recovery ends with the old devices or the new ones.
    @Test(arguments: [false, true])
    func aCrashAtAnyStoreEndsInTheOldOrTheNewDevices(withReboot: Bool) throws {
        let first = try Self.profile(
            "{name: a, size: 256 MiB}, {name: b, size: 256 MiB}, {name: m, size: 256 MiB, mode: system-ram}")
        let second = try Self.profile(
            "{name: a, size: 128 MiB}, {name: b, size: 384 MiB}, {name: m, size: 128 MiB}, {name: c, size: 128 MiB}"
        )
        for (turn, point) in stride(from: withReboot ? 1 : 2, to: 200, by: CrashScale.every(6)).enumerated() {
            let bench = try Bench(Self.machine(turn: turn))
            try bench.applied(first)
            try bench.write(5, to: "a")
            try bench.write(6, to: "b")
            let old = try bench.layouts
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let ending = try? bench.apply(second)
            if case .applied? = ending {
                #expect(point > 20)
                break
            }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            if withReboot { try survivor.host.reboot() }
            var outcome = try Recovery(host: survivor.host, store: survivor.store).run()
            if !outcome.blocked.isEmpty, !withReboot {
                // It is a device by now, or without a driver, and somebody can have written to it.
                outcome = try Recovery(
                    host: survivor.host, store: survivor.store, consent: Consent(allowDestroy: ["m"])
                ).run()
            }
            #expect(outcome.blocked.isEmpty, "\(point): \(outcome.blocked)")
            if withReboot { _ = try survivor.restore() }
            let now = try survivor.layouts
            if outcome.recovered.first?.end == .committed {
                #expect(try survivor.prepare(second).plan.isEmpty, "\(point)")
            } else {
                #expect(now == old, "\(point)")
                #expect(try survivor.read("a") == [5, 5], "\(point)")
            }
            #expect(try survivor.read("b") == [6, 6], "\(point)")
            let empty = try survivor.host.observe().daxRegions.flatMap(\.devices).filter {
                $0.size == .zero && !$0.isFirst
            }
            #expect(empty.isEmpty, "\(point): a device without memory is left")
        }
    }

    /// Somebody makes a device where a killed apply had removed one: it gives way by its name alone.
    @Test func anothersDeviceInTheWayIsAskedForByItsName() throws {
        let first = try Self.profile("{name: a, size: 256 MiB}, {name: b, size: 256 MiB}")
        let second = try Self.profile(
            "{name: a, size: 256 MiB}, {name: c, size: 128 MiB}", unmanaged: "destroy")
        var tried = 0
        for point in 1..<60 {
            let bench = try Bench()
            try bench.applied(first)
            try bench.write(6, to: "b")
            let range = try #require(bench.device("b").layout?.ranges.first)
            let old = try bench.layouts
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(second) { break }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            let region = SimulatedDaxRegion(
                host: survivor.host, identity: DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1)))
            guard try region.region().freeRanges?.contains(where: { $0.clamped(to: range) == range }) == true
            else { continue }
            tried += 1
            let name = try region.create()
            try region.map(range.lowerBound + (128 << 20)..<range.upperBound, to: name)
            try region.use(name, as: .devdax)
            let there = try survivor.layouts
            let stopped = try Recovery(host: survivor.host, store: survivor.store).run()
            let left = try survivor.layouts
            #expect(!stopped.blocked.isEmpty && left == there, "\(point)")
            let outcome = try Recovery(
                host: survivor.host, store: survivor.store, consent: Consent(allowDestroy: [name])
            ).run()
            #expect(outcome.blocked.isEmpty, "\(point): \(outcome.blocked)")
            #expect(try survivor.layouts == old, "\(point)")
        }
        #expect(tried > 0)
    }

    /// Whatever fails, the host is as it was, or as declared.
    @Test(arguments: [Int32(5), 16])
    func aFailureAtAnyStoreIsUndone(errno: Int32) throws {
        let first = try Self.profile(
            "{name: a, size: 256 MiB}, {name: b, size: 256 MiB}, {name: m, size: 256 MiB, mode: system-ram}")
        let second = try Self.profile(
            "{name: a, size: 128 MiB}, {name: b, size: 384 MiB}, {name: m, size: 128 MiB}, {name: c, size: 128 MiB}"
        )
        for (turn, point) in stride(from: errno == 5 ? 1 : 2, to: 200, by: CrashScale.every(6)).enumerated() {
            let bench = try Bench(Self.machine(turn: turn))
            try bench.applied(first)
            try bench.write(5, to: "a")
            try bench.write(6, to: "b")
            let old = try bench.layouts
            bench.host.arm(SimulatedFault(.fail(errno: errno), atOperation: point))
            switch try bench.apply(second) {
            case .applied:
                #expect(point > 20)
                return
            case .undone:
                #expect(try bench.layouts == old, "\(point)")
                #expect(try bench.read("a") == [5, 5], "\(point)")
                #expect(try bench.read("b") == [6, 6], "\(point)")
            case let ending: Issue.record("\(point): \(ending)")
            }
        }
    }

    /// What the record has stays somebody's over a boot, whether or not a profile names it.
    @Test func whatTheRecordHasIsNotGivenToOthersAfterABoot() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: b, size: 256 MiB}"))
        try bench.write(5, to: "a")
        try bench.write(6, to: "b")
        try bench.host.reboot()
        let other = try Self.profile("{name: a, size: 256 MiB}, {name: c, size: remaining}")
        let plan = try bench.prepare(other).plan
        #expect(plan.unmanaged.map(\.address) == ["hmem.0/b"])
        try bench.applied(other)
        #expect(try bench.device("c").size == .mib(512))
        _ = try bench.restore()
        #expect(try bench.read("a") == [5, 5] && bench.read("b") == [6, 6] && bench.read("c") == [0, 0])
        try bench.host.reboot()
        // A smaller size needs the name, as it does in the same boot; all of the region is not had by asking for it.
        let smaller = try bench.prepare(Self.profile("{name: a, size: 128 MiB}")).plan
        #expect(smaller.losses.contains { $0.address == "hmem.0/a" })
        #expect(try !bench.prepare(Self.profile("{name: all, size: 100%}")).plan.refusals.isEmpty)
    }

    /// Whatever replaces what is undone whole, again and again, also where it has the very place of what it replaces, or one that begins so.
    @Test(
        arguments: ["{name: c, size: 256 MiB}", "{name: c, size: remaining}", "{name: c, size: 128 MiB}"],
        [false, true])
    func aReplacementInTheSamePlaceIsUndone(replacement: String, fails: Bool) throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: k, size: 256 MiB}"))
        try bench.write(5, to: "k")
        let old = try bench.layouts
        let replacing = try Self.profile("{name: k, size: 256 MiB}, \(replacement)", unmanaged: "destroy")
        if fails {
            bench.host.arm(SimulatedFault(.fail(errno: 5), atOperation: 7))
            guard case .undone = try bench.apply(replacing) else {
                Issue.record("not undone")
                return
            }
        } else {
            try bench.applied(replacing)
            _ = try bench.rollBack(agreeing: ["c"])
        }
        #expect(try bench.layouts == old)
        #expect(try bench.read("k") == [5, 5])
        #expect(try bench.device("a").size == .mib(256))
    }

    /// What a boot has forgotten comes back larger, and undoing that goes back to what the boot left.
    @Test func whatIsRememberedAndGrowsIsOneStep() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        try bench.write(5, to: "a")
        try bench.host.reboot()
        try bench.host.write(9, toDevice: "dax0.0", at: [.mib(300)])
        let old = try bench.layouts
        let larger = try Self.profile("{name: a, size: 512 MiB}")
        #expect(try bench.prepare(larger).plan.losses.map(\.address) == ["hmem.0/dax0.0"])
        try bench.applied(larger)
        #expect(try bench.read("a", at: [.zero, .mib(64), .mib(300)]) == [5, 5, 0])
        _ = try bench.rollBack(agreeing: ["a"])
        #expect(try bench.layouts == old)
        #expect(bench.host.read(device: "dax0.0", at: [.zero]) == [5])
        #expect(try bench.boot().profile.daxRegions.first?.devices.map(\.name.text) == ["a"])
    }

    /// Nobody reads what the kernel had in its memory.
    @Test(arguments: SimulatedDaxBinding.allCases)
    func memoryThatBecomesADeviceIsCleared(binding: SimulatedDaxBinding) throws {
        let bench = try Bench(Self.machine(binding))
        try bench.applied(Self.profile("{name: m, size: 256 MiB, mode: system-ram}"))
        try bench.applied(Self.profile("{name: m, size: 256 MiB}"))
        #expect(try bench.read("m", at: [.zero, .mib(128)]) == [0, 0])
        try bench.applied(Self.profile("{name: m, size: 256 MiB, mode: system-ram}"))
        try bench.host.reboot()
        try bench.applied(Self.profile("{name: m, size: 256 MiB}"))
        #expect(try bench.read("m", at: [.zero, .mib(128)]) == [0, 0])
    }

    @Test func everythingCanBeRemoved() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let nothing = try Self.profile("", unmanaged: "destroy")
        #expect(try bench.prepare(nothing).plan.losses.map(\.address) == ["hmem.0/a"])
        try bench.applied(nothing)
        #expect(try bench.observed.daxRegions[0].availableSize == .gib(1))
        #expect(try bench.boot().profile.daxRegions.isEmpty)
    }

    @Test func aRecordThatCannotBeReadKeepsItsRegionFromEverything() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let directory = bench.store.directory.path.appending("dax-regions")
        let file = directory.appending("00000001-0000-0000-0000-000040000000")
        let descriptor = try FileDescriptor.open(file, .writeOnly, options: .truncate)
        try descriptor.closeAfter { _ = try descriptor.writeAll("damaged".utf8) }
        try bench.host.reboot()
        let plan = try bench.prepare(Self.profile("{name: a, size: 256 MiB}")).plan
        #expect(plan.refusals.map(\.code) == [.notListed])
        #expect(try bench.boot().refusals.map(\.code) == [.notListed])
        // Nor is it written over by what needs no step.
        try bench.applied(Self.profile("{name: all, size: 100%}"))
        #expect(try DaxRegionStore(bench.store.directory).found().damaged.count == 1)
    }

    @Test(arguments: [
        "{name: a, size: 8388608 TiB}, {name: b, size: 8388608 TiB}",
        "{name: a, size: 8388608 TiB, start: 0x1fffffffffffffff}",
    ])
    func numbersThatAreTooLargeAreRefused(devices: String) throws {
        #expect(try !Bench().prepare(Self.profile(devices)).plan.refusals.isEmpty)
    }

    /// Without CAP_SYS_ADMIN, as in the boot unit's sandbox, a region that is divided in part does not show where it begins.
    @Test func aRegionThatDoesNotShowItsStartIsKnownByTheRecord() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}", "{name: b, size: 128 MiB}"))
        let whole = try bench.observed
        var blind = try bench.host.observe()
        for index in blind.daxRegions.indices { blind.daxRegions[index].start = nil }
        let records = try DaxRegionStore(bench.store.directory).found().records
        #expect(blind.remembering(records) == whole)
        for record in records { #expect(blind.daxRegion(record.region)?.start == record.region.start) }
        // Nor where the addresses of a device are not told: it could be another region's.
        var hidden = blind
        for index in hidden.daxRegions[0].devices.indices {
            hidden.daxRegions[0].devices[index].mappings = nil
        }
        #expect(records.filter { hidden.daxRegion($0.region) == nil }.map(\.region.start) == [0x1_0000_0000])
        // Where more than one could be meant, none is.
        blind.daxRegions[1].size = .gib(1)
        for index in blind.daxRegions.indices { blind.daxRegions[index].devices = [] }
        #expect(blind.daxRegion(records[0].region) == nil)
    }

    /// Killed anywhere while undoing, undoing goes on to the same end: devices that change places, memory that was the kernel's, a
    /// device that has no driver.
    @Test(arguments: [
        (
            "{name: a, size: 256 MiB}, {name: m, size: 256 MiB, mode: system-ram}, {name: b, size: 256 MiB}",
            "{name: m, size: 128 MiB, mode: system-ram}, {name: b, size: 512 MiB}"
        ),
        (
            "{name: a, size: 256 MiB}, {name: b, size: 256 MiB}",
            "{name: b, size: 256 MiB, mode: system-ram}, {name: c, size: 384 MiB, mode: system-ram}"
        ),
        (
            "{name: a, size: 384 MiB}, {name: b, size: 128 MiB}",
            "{name: b, size: 256 MiB}, {name: c, size: 256 MiB}"
        ),
    ])
    func undoingThatDiesGoesOn(old: String, new: String) throws {
        let (old, new) = try (Self.profile(old), Self.profile(new, unmanaged: "destroy"))
        for (turn, point) in stride(from: 1, to: 200, by: CrashScale.every(10)).enumerated() {
            let bench = try Bench(Self.machine(turn: turn))
            try bench.applied(old)
            let before = try bench.layouts
            try bench.applied(new)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let agreed: Set<String> = ["a", "b", "c", "m"]
            let names = Set(try bench.observed.consentWords).intersection(agreed)
            if (try? bench.rollBack(agreeing: names)) != nil {
                #expect(point > 3)
                #expect(try bench.layouts == before)
                return
            }
            var survivor = bench
            survivor.host = try SimulatedHost(json: bench.host.json)
            let outcome = try Recovery(
                host: survivor.host, store: survivor.store, consent: Consent(allowDestroy: agreed)
            ).run()
            #expect(outcome.blocked.isEmpty, "\(point): \(outcome.blocked)")
            #expect(try survivor.layouts == before, "\(point)")
            #expect(try survivor.prepare(old).plan.isEmpty, "\(point)")
            for name in ["a", "b"]
            where try (survivor.observed.daxRegions[0].devices.contains { $0.recordedName == name }) {
                let size = try survivor.device(name).size
                let pages = try survivor.read(
                    name, at: stride(from: 0, to: size.bytes, by: 1 << 26).map { ByteCount($0) })
                #expect(pages.allSatisfy { $0 == 0 }, "\(point): \(name) shows what the kernel had there")
            }
        }
    }

    /// What only the record has goes with consent by its name, and what it held is not another's before that.
    @Test func whatOnlyTheRecordHasIsDroppedWithConsentAlone() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: b, size: 256 MiB}"))
        try bench.host.reboot()
        let plan = try bench.prepare(Self.profile("{name: a, size: 256 MiB}", unmanaged: "destroy")).plan
        #expect(plan.losses.map(\.address) == ["hmem.0/b"])
        // It is not there now, and that is said, whether it goes or stays.
        #expect(plan.changes.first { $0.address == "hmem.0/b" }?.before?.isActive == false)
        let kept = try bench.prepare(Self.profile("{name: a, size: 256 MiB}")).plan.unmanaged
        #expect(kept.first { $0.address == "hmem.0/b" }?.summary.isActive == false)
        try bench.applied(Self.profile("{name: a, size: 256 MiB}", unmanaged: "destroy"))
        #expect(try DaxRegionStore(bench.store.directory).found().records[0].devices.map(\.name) == ["a"])
        try bench.host.reboot()
        // Memory over what it held: by its own name.
        let memory = try bench.prepare(Self.profile("{name: a, size: 256 MiB, mode: system-ram}")).plan
        #expect(memory.losses.contains { $0.address == "hmem.0/a" })
    }

    /// A rollback after a boot undoes what was applied, not what the boot has put back.
    @Test func aRollbackAfterABootIsOfWhatWasApplied() throws {
        let bench = try Bench()
        try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
        let before = try bench.layouts
        try bench.applied(Self.profile("{name: a, size: 256 MiB}, {name: b, size: 128 MiB}"))
        try bench.host.reboot()
        _ = try bench.restore()
        let (log, later) = try bench.store.undoable(nil)
        #expect(log.header.steps.map { $0.transition?.name } == ["b"])
        let review = RollbackReview(
            of: log, on: try bench.observed, later: later, consent: Consent(allowDestroy: ["b"]))
        #expect(review.refusals.isEmpty, "\(review.refusals)")
        _ = try bench.rollBack(agreeing: ["b"])
        #expect(try bench.layouts == before)
    }

    /// A range that only a reboot gives back is not given to anybody, nor its device removed.
    @Test func aStrandedDeviceIsNotRemoved() throws {
        let bench = try Bench()
        try bench.applied(
            Self.profile("{name: a, size: 256 MiB}, {name: m, size: 256 MiB, mode: system-ram}"))
        var observed = try bench.observed
        let index = try #require(observed.daxRegions[0].devices.firstIndex { $0.recordedName == "m" })
        observed.daxRegions[0].devices[index].driver = nil
        observed.daxRegions[0].devices[index].memoryBlocks = nil
        observed.daxRegions[0].devices[index].isStranded = true
        observed.daxRegions[0].strandedRanges =
            observed.daxRegions[0].devices[index].mappings?.map(\.range) ?? []
        let plan = Planner.plan(
            try Self.profile("{name: a, size: 512 MiB}", unmanaged: "destroy"), on: observed)
        #expect(plan.refusals.map(\.code) == [.deviceUnusable] && plan.steps.isEmpty)
        #expect(plan.refusals.map(\.address) == ["hmem.0/m"])
    }

    /// What a device keeps is its own at every store, where its end alone moves: nobody else could take it.
    @Test(arguments: ["384 MiB", "128 MiB"])
    func memoryThatStaysIsNeverFree(size: String) throws {
        for point in 1..<100 {
            let bench = try Bench()
            try bench.applied(Self.profile("{name: a, size: 256 MiB}"))
            let start = try #require(try bench.device("a").mappings?.first?.range.lowerBound)
            let kept = start..<(start + ByteCount.mib(128).bytes)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if case .applied? = try? bench.apply(Self.profile("{name: a, size: \(size)}")) {
                #expect(point > 3)
                return
            }
            let left = try SimulatedHost(json: bench.host.json).observe().daxRegions[0]
            let isHeld = left.devices.contains { device in
                device.mappings?.contains { $0.range.clamped(to: kept) == kept } ?? false
            }
            #expect(isHeld, "\(point)")
        }
    }
}
