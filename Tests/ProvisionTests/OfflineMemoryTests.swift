import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Memory that is to stay offline keeps what it holds, unless another program brings it online. What can happen:
/// - that program does it before the step is undone, or a rollback, once or again and again;
/// - it takes the memory offline again, so that nothing shows it but the bytes;
/// - undoing is killed while it clears, and goes on when the blocks are offline and the memory is half cleared;
/// - the memory is another device's by then, or beside memory that a step was to bring online;
/// - the step that made it memory was to bring it online, which was agreed to.
/// What must hold: undoing never says that all is as it was where bytes are not, and clears nothing unasked that a step had promised to keep.
/// `Tests/VM/test_dax_sequences.py` has such a program, on the kernel.
@Suite struct OfflineMemoryTests {
    private typealias Bench = DaxDivisionTests.Bench

    private static func profile(_ use: String) throws -> Profile {
        try DaxDivisionTests.profile("{name: tier, size: 256 MiB\(use)}")
    }

    /// A device with bytes that became memory which stays offline.
    private static func bench(_ use: String = ", mode: system-ram, online: none") throws -> Bench {
        let bench = try Bench()
        try bench.applied(profile(""))
        try bench.write(7, to: "tier")
        try bench.applied(profile(use))
        return bench
    }

    private static func anotherProgram(
        _ bench: Bench, brings online: OnlinePolicy, _ name: String = "tier"
    ) throws {
        let region = SimulatedDaxRegion(
            host: bench.host, identity: DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1)))
        try region.use(bench.device(name).name, as: .systemRAM(online))
    }

    @Test func whatStaysOfflineKeepsWhatItHolds() throws {
        let bench = try Self.bench()
        let undone = try bench.rollBack()
        #expect(undone.isWhole && undone.returned.map(\.looked?.isWhole) == [true])
        #expect(try bench.read("tier") == [7, 7])
    }

    @Test func whatAnotherProgramBroughtOnlineIsAskedForBeforeItIsCleared() throws {
        let bench = try Self.bench()
        try Self.anotherProgram(bench, brings: .movable)
        let there = try bench.layouts
        #expect(throws: OperationError.self) { try bench.rollBack() }
        #expect(try bench.layouts == there)
        let undone = try bench.rollBack(agreeing: ["tier"])
        #expect(!undone.isWhole && undone.agreed.map(\.address) == ["hmem.0/tier"])
        #expect(undone.agreed.first?.consequence.contains("brought online by another program") == true)
        #expect(try bench.read("tier") == [0, 0])
    }

    /// Nobody gets what the kernel left there, wherever undoing dies while it clears it.
    @Test func undoingThatDiesWhileItClearsClearsAll() throws {
        for point in 1..<60 {
            var bench = try Self.bench()
            try Self.anotherProgram(bench, brings: .movable)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if (try? bench.rollBack(agreeing: ["tier"])) != nil {
                #expect(point > 5)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            let outcome = try Recovery(
                host: bench.host, store: bench.store, consent: Consent(allowDestroy: ["tier"])
            ).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome.blocked)")
            #expect(try bench.device("tier").layout?.use == .devdax, "point \(point)")
            #expect(try bench.read("tier") == [0, 0], "point \(point)")
        }
        Issue.record("more than 60 stores")
    }

    /// Nor where it died before that, and the memory came online only then.
    @Test func whatCameOnlineAfterUndoingHadDiedIsClearedToo() throws {
        for point in stride(from: 1, to: 60, by: 2) {
            var bench = try Self.bench()
            bench.host.arm(SimulatedFault(.crash, atOperation: 1))
            #expect(throws: (any Error).self) { try bench.rollBack() }
            bench.host = try SimulatedHost(json: bench.host.json)
            try Self.anotherProgram(bench, brings: .movable)
            let consent = Consent(allowDestroy: ["tier"])
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let first = try? Recovery(host: bench.host, store: bench.store, consent: consent).run()
            if let first, first.blocked.isEmpty {
                #expect(point > 5)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            let outcome = try Recovery(host: bench.host, store: bench.store, consent: consent).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome.blocked)")
            #expect(try bench.read("tier") == [0, 0], "point \(point)")
        }
        Issue.record("more than 60 stores")
    }

    /// Undoing that dies between two regions says in its next run what the first one lost.
    @Test func whatAnEarlierRunBroughtBackIsToldOfBothRegions() throws {
        var told = 0
        for point in 1..<60 {
            var bench = try Bench()
            let devices = ["tier", "pool"].map { "{name: \($0), size: 256 MiB" }
            try bench.applied(DaxDivisionTests.profile(devices[0] + "}", devices[1] + "}"))
            let ram = devices.map { $0 + ", mode: system-ram, online: none}" }
            for name in try bench.host.observe().daxRegions.flatMap(\.devices).map(\.name) {
                try bench.host.write(7, toDevice: name, at: [.zero])
            }
            try bench.applied(DaxDivisionTests.profile(ram[0], ram[1]))
            for region in try bench.host.observe().daxRegions {
                let stores = SimulatedDaxRegion(host: bench.host, identity: try #require(region.identity))
                let name = try #require(region.devices.first { $0.size > .zero }).name
                try stores.use(name, as: .systemRAM(.movable))
            }
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let words: Set = ["hmem.0/tier", "hmem.1/pool"]
            if (try? bench.rollBack(agreeing: words)) != nil {
                #expect(told > 0)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            let outcome = try Recovery(
                host: bench.host, store: bench.store, consent: Consent(allowDestroy: words)
            ).run()
            let undone = try #require(outcome.recovered.first, "point \(point): \(outcome.blocked)").undone
            #expect(
                undone.returned.filter { $0.looked?.isWhole == false }.count + undone.left.count == 2,
                "point \(point)")
            told += undone.left.count
        }
        Issue.record("more than 60 stores")
    }

    /// Memory of another device that a step was to bring online says nothing of this one's.
    @Test func whatIsBesideMemoryThatWasAgreedToIsAskedFor() throws {
        let bench = try Bench()
        try bench.applied(
            DaxDivisionTests.profile(
                "{name: tier, size: 256 MiB}, {name: pool, size: 256 MiB, mode: system-ram}"))
        try bench.write(7, to: "tier")
        try bench.applied(
            DaxDivisionTests.profile(
                "{name: tier, size: 512 MiB, mode: system-ram, online: none}", unmanaged: "destroy"))
        try Self.anotherProgram(bench, brings: .movable)
        #expect(throws: OperationError.self) { try bench.rollBack() }
        _ = try bench.rollBack(agreeing: ["tier"])
        #expect(try bench.read("tier") == [0, 0])
    }

    /// What a device gets back that was another's memory meanwhile holds nothing of the kernel's.
    @Test func whatWasAnotherDevicesIsCleared() throws {
        let bench = try Bench()
        try bench.applied(DaxDivisionTests.profile("{name: tier, size: 512 MiB}"))
        try bench.write(7, to: "tier", at: [.zero, .mib(300)])
        try bench.applied(
            DaxDivisionTests.profile(
                "{name: tier, size: 256 MiB}, {name: pool, size: 256 MiB, mode: system-ram, online: none}"))
        try Self.anotherProgram(bench, brings: .movable, "pool")
        #expect(throws: OperationError.self) { try bench.rollBack(agreeing: ["pool"]) }
        let undone = try bench.rollBack(agreeing: ["tier", "pool"])
        #expect(try bench.read("tier", at: [.zero, .mib(300)]) == [7, 0])
        #expect(
            undone.agreed.contains {
                $0.address == "hmem.0/tier" && $0.consequence.contains("brought online")
            })
    }

    /// A device that a killed step made is in no record yet, and the advice names it.
    @Test func aDeviceThatAKilledStepMadeCanBeAgreedTo() throws {
        var bench = try Bench()
        try bench.applied(DaxDivisionTests.profile("{name: rest, size: 64 MiB}"))
        bench.host.arm(SimulatedFault(.crash, atOperation: 4))
        _ = try? bench.apply(
            DaxDivisionTests.profile("{name: rest, size: 64 MiB}, {name: new, size: 64 MiB}"))
        bench.host = try SimulatedHost(json: bench.host.json)
        #expect(try bench.store.interrupted().count == 1)
        for (word, isKnown) in [("new", true), ("hmem.0/new", true), ("other", false)] {
            let recovery = Recovery(
                host: bench.host, store: bench.store, consent: Consent(allowDestroy: [word]))
            #expect(((try? recovery.requireKnownWords()) != nil) == isKnown, "\(word)")
        }
    }

    /// It lasted a moment: only the bytes tell.
    @Test func whatCameOnlineAndWentAgainIsTold() throws {
        let bench = try Self.bench()
        try Self.anotherProgram(bench, brings: .movable)
        try Self.anotherProgram(bench, brings: .none)
        let undone = try bench.rollBack()
        #expect(!undone.isWhole)
        let text = UndoText.undone(nil, undone)
        #expect(
            text.contains { $0.contains("tier has its layout and identity again, not all of its data") },
            "\(text)")
    }

    @Test func whatWasAgreedToIsNotAskedForAgain() throws {
        let bench = try Self.bench(", mode: system-ram")
        let undone = try bench.rollBack()
        #expect(undone.agreed.isEmpty && !undone.isWhole)
        #expect(try bench.read("tier") == [0, 0])
    }

    /// A host on which a killed apply had made `tier` memory, and was about to make `pool` such.
    /// - Parameter first: where to look for such a point, which is returned.
    private static func interrupted(
        from first: Int = 1
    ) throws -> (bench: Bench, stores: SimulatedDaxRegion, point: Int) {
        for point in first..<30 {
            var bench = try Bench()
            try bench.applied(
                DaxDivisionTests.profile("{name: tier, size: 256 MiB}, {name: pool, size: 256 MiB}"))
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let use = ", size: 256 MiB, mode: system-ram}"
            _ = try? bench.apply(DaxDivisionTests.profile("{name: tier\(use), {name: pool\(use)"))
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            guard let log = try bench.store.interrupted().first,
                let step = log.header.steps.firstIndex(where: { $0.transition?.name == "tier" }),
                log.done.contains(step)
            else { continue }
            let identity = DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1))
            return (bench, SimulatedDaxRegion(host: bench.host, identity: identity), point)
        }
        throw Missing()
    }

    private struct Missing: Error {}

    /// Its owner took it back from the kernel after the crash, wrote to it and took its driver away: its bytes go by its name alone.
    @Test func whatWasMemoryAndHasNoDriverIsAskedFor() throws {
        let (bench, stores, _) = try Self.interrupted()
        let tier = try bench.device("tier").name
        try stores.use(tier, as: .devdax)
        try bench.write(9, to: "tier")
        try stores.release(tier)
        let there = try bench.layouts
        #expect(try Recovery(host: bench.host, store: bench.store).run().blocked.count == 1)
        #expect(try bench.layouts == there)
        let agreed = Recovery(host: bench.host, store: bench.store, consent: Consent(allowDestroy: ["tier"]))
        #expect(try agreed.run().blocked.isEmpty)
        #expect(try bench.read("tier") == [0, 0])
    }

    /// Or somebody made another device of a part of it.
    @Test(arguments: [true, false])
    func whatAnotherToolMadeOfItIsAskedFor(hasDriver: Bool) throws {
        let (bench, stores, _) = try Self.interrupted()
        let tier = try bench.device("tier")
        let start = try #require(tier.mappings?.first?.range.lowerBound)
        try stores.release(tier.name)
        try stores.setSize(.zero, of: tier.name)
        try stores.map(start..<(start + 128 << 20), to: tier.name)
        try stores.use(tier.name, as: .devdax)
        try bench.host.write(9, toDevice: tier.name, at: [.zero])
        if !hasDriver { try stores.release(tier.name) }
        let there = try bench.layouts
        #expect(try Recovery(host: bench.host, store: bench.store).run().blocked.count == 1)
        #expect(try bench.layouts == there)
        let agreed = Recovery(
            host: bench.host, store: bench.store, consent: Consent(allowDestroy: [tier.name]))
        #expect(try agreed.run().blocked.isEmpty)
        #expect(try bench.read("tier") == [0, 0])
    }

    /// What recovery made to clear that memory is its own, when it is killed there.
    @Test func whatRecoveryClearsWithIsItsOwn() throws {
        let first = try Self.interrupted().point
        for point in stride(from: 2, to: 60, by: 2) {
            var (bench, _, _) = try Self.interrupted(from: first)
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            let outcome = try? Recovery(host: bench.host, store: bench.store).run()
            if let outcome, outcome.blocked.isEmpty {
                #expect(point > 6)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            let again = try Recovery(host: bench.host, store: bench.store).run()
            #expect(again.blocked.isEmpty, "point \(point): \(again.blocked)")
            #expect(try bench.read("tier") == [0, 0], "point \(point)")
        }
        Issue.record("more than 60 stores")
    }

    /// Recovery that dies right after its record of what it is about to take has taken nothing. Once a later run has seen that, what becomes of
    /// the memory is somebody's doing.
    @Test func whatRecoveryDidNotComeToTakeIsNotItsOwn() throws {
        var (bench, _, _) = try Self.interrupted()
        bench.host.arm(SimulatedFault(.crash, atOperation: 1))
        _ = try? Recovery(host: bench.host, store: bench.store).run()
        bench.host = try SimulatedHost(json: bench.host.json)
        bench.host.arm(nil)
        try #require(try bench.device("tier").layout?.use?.isSystemRAM == true)
        #expect(try bench.store.interrupted().first?.taken.isEmpty == false)
        // A run that is stopped before it takes anything.
        _ = try? Recovery(host: bench.host, store: bench.store, interruption: Interruption { 2 }).run()
        #expect(try bench.store.interrupted().first?.taken == [])
        let stores = SimulatedDaxRegion(
            host: bench.host, identity: DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1)))
        let tier = try bench.device("tier").name
        try stores.use(tier, as: .devdax)
        try bench.write(9, to: "tier")
        try stores.release(tier)
        let there = try bench.layouts
        #expect(try Recovery(host: bench.host, store: bench.store).run().blocked.count == 1)
        #expect(try bench.layouts == there)
    }

    /// Undoing that dies when it has taken the driver from memory that never was online does not ask for it.
    @Test(arguments: ["none", "movable"]) func whatUndoingTookFromTheKernelIsItsOwn(online: String) throws {
        for point in 1..<60 {
            var bench = try Bench()
            try bench.applied(DaxDivisionTests.profile("{name: pool, size: 256 MiB}"))
            try bench.applied(
                DaxDivisionTests.profile(
                    "{name: pool, size: 256 MiB}, {name: tier, size: 256 MiB, mode: system-ram, online: \(online)}"
                ))
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if (try? bench.rollBack()) != nil {
                #expect(point > 2)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            let outcome = try Recovery(host: bench.host, store: bench.store).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome.blocked)")
        }
        Issue.record("more than 60 stores")
    }

    @Test(arguments: [OnlinePolicy.none, .movable])
    func theDeviceOfANamespaceIsToldOf(planned: OnlinePolicy) throws {
        let machine = """
            {"format_version": 1, "simulated_host": {"memory_hotplug": {"block_size": "128 MiB"}, "buses": [{
              "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
              "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
            """
        func profile(_ device: String) throws -> Profile {
            let text = """
                version: 1
                regions:
                  - match: {region: 0}
                    namespaces:
                      - {name: heap, mode: devdax, size: 512 MiB, device: {\(device)}}
                """
            return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
        }
        let bench = try Bench(machine)
        try bench.applied(profile("mode: devdax"))
        try bench.applied(profile("mode: system-ram, online: \(planned.rawValue)"))
        let heap = try #require(
            try bench.host.observe().regions.flatMap(\.namespaces).first { $0.name == "heap" })
        _ = try bench.host.perform(
            .configureDevice(NamespaceTarget(heap, region: "region0"), .systemRAM(.movable)), identity: .none)
        let undone = try bench.rollBack()
        let isTold = undone.left.contains { $0.contains("heap: another program brought its memory online") }
        #expect(isTold == (planned == .none), "\(undone.left)")
    }
}
