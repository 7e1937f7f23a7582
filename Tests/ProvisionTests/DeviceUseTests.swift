import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// The device of a devdax namespace as memory: what plans say of it, and what is left wherever an apply, a rollback or a
/// recovery dies. `Tests/VM/test_dax_memory.py` has the list of what can happen, on the kernel.
@Suite struct DeviceUseTests {
    private static let machine = """
        {"format_version": 1, "simulated_host": {"buses": [{
          "dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
          "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
        """

    private static func profile(_ device: String?, size: String = "512 MiB", more: String = "") throws
        -> Profile
    {
        let device = device.map { ", device: {\($0)}" } ?? ""
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces:
                  - {name: heap, mode: devdax, size: \(size)\(device)\(more)}
            """
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static let uses: [(words: String, use: DeviceUse)] = [
        ("mode: devdax", .devdax), ("mode: system-ram", .systemRAM(.movable)),
        ("mode: system-ram, online: kernel", .systemRAM(.kernel)),
        ("mode: system-ram, online: none", .systemRAM(.none)),
    ]

    private static func host(_ device: String?) throws -> SimulatedHost {
        let host = try SimulatedHost(json: machine)
        try apply(profile(nil), to: host, nil)
        if let device { try apply(profile(device), to: host, nil) }
        return host
    }

    private static func application(
        of profile: Profile, on host: SimulatedHost, _ store: TransactionStore?, agreed: Bool = true
    ) throws(OperationError) -> Application.Ending {
        let application = Application(of: profile, to: host)
        let prepared: Application.Prepared
        prepared = try application.prepare()
        let consent = Consent(allowDestroy: agreed ? Set(prepared.plan.losses.map(\.address)) : [])
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    private static func apply(_ profile: Profile, to host: SimulatedHost, _ store: TransactionStore?) throws {
        switch try application(of: profile, on: host, store) {
        case .applied, .unchanged: break
        case let ending: Issue.record("not applied: \(ending)")
        }
    }

    private static func heap(_ host: SimulatedHost) throws -> Namespace {
        try #require(try host.observe().regions.flatMap(\.namespaces).first { $0.name == "heap" })
    }

    private static func use(_ host: SimulatedHost) throws -> DeviceUse? {
        try heap(host).deviceUse
    }

    private static func target(_ host: SimulatedHost) throws -> NamespaceTarget {
        NamespaceTarget(try heap(host), region: "region0")
    }

    @Test(arguments: 0..<uses.count, 0..<uses.count)
    func everyUseBecomesEveryOtherAndConsentIsAskedForWhereMemoryComesOnline(from: Int, to: Int) throws {
        let host = try Self.host(Self.uses[from].words)
        #expect(try Self.use(host) == Self.uses[from].use)
        let profile = try Self.profile(Self.uses[to].words)
        let plan = try Application(of: profile, to: host).prepare().plan
        #expect(plan.isEmpty == (from == to))
        guard let change = plan.changes.first else { return }
        let comesOnline = Self.uses[to].use.isOnline && !Self.uses[from].use.isOnline
        #expect(change.kind == .configureDevice && change.losesData == comesOnline)
        let entersKernelsZone = Self.uses[to].use == .systemRAM(.kernel)
        #expect(change.reversibility == (comesOnline || entersKernelsZone ? .irreversible : .lossless))
        let isMemory = Self.uses[to].use != .devdax
        #expect(plan.notes.contains { $0.code == .memoryForecast } == isMemory)
        let ending = try Self.application(of: profile, on: host, nil, agreed: false)
        if comesOnline {
            guard case .refused(let refusals) = ending else {
                Issue.record("not refused")
                return
            }
            #expect(refusals.map(\.code) == [.consentMissing])
            #expect(try Self.use(host) == Self.uses[from].use)
            try Self.apply(profile, to: host, nil)
        }
        #expect(try Self.use(host) == Self.uses[to].use)
        #expect(try Application(of: profile, to: host).prepare().plan.isEmpty)
        #expect(
            try Application(of: Self.profile(nil), to: host).prepare().plan.isEmpty,
            "what is not declared stays")
    }

    /// Memory comes in the blocks of the host, and the device shows as many as the plan foretold.
    @Test(arguments: [("128 MiB", 7), ("256 MiB", 3), ("512 MiB", 1)])
    func memoryComesInTheBlocksOfTheHost(size: String, count: Int) throws {
        let machine = Self.machine.replacing(
            #"{"buses""#, with: #"{"memory_hotplug": {"block_size": "\#(size)"}, "buses""#)
        let host = try SimulatedHost(json: machine)
        let profile = try Self.profile("mode: system-ram", size: "1 GiB")
        let notes = try Application(of: profile, to: host).prepare().plan.notes
        #expect(notes.contains { $0.message.contains("(\(count) blocks of \(size))") }, "\(notes)")
        try Self.apply(profile, to: host, nil)
        #expect(try Self.heap(host).daxDevice?.memory?.total == count)
    }

    /// Wherever it dies, recovery ends with the device as it was, or as it is declared, and what nobody agreed to lose is there.
    @Test(arguments: [(0, 1), (0, 3), (1, 0), (1, 2), (3, 1)], [false, true])
    func aCrashAtAnyStoreEndsInTheOldOrTheNewUse(uses: (from: Int, to: Int), withReboot: Bool) throws {
        let (old, new) = (Self.uses[uses.from], Self.uses[uses.to])
        let scratch = try ScratchDirectory()
        for point in 1...20 {
            let host = try Self.host(old.words)
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            if !old.use.isOnline { try host.write(5, to: Self.target(host), at: [.zero]) }
            host.arm(SimulatedFault(.crash, atOperation: point))
            let profile = try Self.profile(new.words)
            do throws(OperationError) {
                let ending = try Self.application(of: profile, on: host, store)
                if case .applied = ending {
                    #expect(point > 1)
                    return
                }
            } catch {
                // The crash.
            }
            let survivor = try SimulatedHost(json: host.json)
            survivor.arm(nil)
            if withReboot { try survivor.reboot() }
            let wasOnline = try Self.use(survivor)?.isOnline == true
            var outcome = try Recovery(host: survivor, store: store).run()
            if !outcome.blocked.isEmpty {
                // It is a device by now, and somebody can have written to it.
                #expect(try Self.use(survivor) == .devdax && old.use.isOnline && !withReboot)
                let consent = Consent(allowDestroy: ["heap"])
                outcome = try Recovery(host: survivor, store: store, consent: consent).run()
            }
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome)")
            let now = try Self.use(survivor)
            #expect(
                now == (withReboot ? .devdax : old.use) || now == new.use,
                "point \(point): \(String(describing: now))")
            if !old.use.isOnline, !wasOnline, now?.isOnline != true {
                #expect(survivor.state.pages.values.contains(5), "point \(point): its bytes are gone")
            }
        }
        Issue.record("more than 20 stores")
    }

    @Test func aRollbackAsksBeforeItMakesMemoryOfWhatSomebodyWroteTo() throws {
        let scratch = try ScratchDirectory()
        let host = try Self.host(Self.uses[1].words)
        let store = TransactionStore(StateDirectory(scratch.path.appending("state")))
        try Self.apply(Self.profile("mode: devdax"), to: host, store)
        try host.write(7, to: Self.target(host), at: [.zero])
        let id = try #require(try store.logs().last).header.id
        func undo(_ words: Set<String>) throws -> Bool {
            var log = try #require(try store.logs().last)
            log.end = nil
            let rollback = Rollback(host: host, store: store, log: log, consent: Consent(allowDestroy: words))
            var recording = Recording(discardingFor: host)
            do throws(OperationError) {
                _ = try rollback.run(recording: &recording)
                return true
            } catch {
                guard case .consentMissing(let losses) = error.kind else { throw error }
                #expect(losses.map(\.address) == ["region0/heap"])
                return false
            }
        }
        // Who can be asked is asked for it before anything is begun; after a boot undoing leaves the device as it is.
        let log = try #require(try store.logs().last)
        func asked(_ bootID: String?) throws -> [String] {
            RollbackReview(
                of: log, on: try host.observe(), later: [], consent: Consent(), bootID: bootID
            ).requests.map(\.address)
        }
        #expect(try asked(host.bootID) == ["region0/heap"] && asked("another boot").isEmpty)
        #expect(try !undo([]) && Self.use(host) == .devdax && host.state.pages.values.contains(7))
        #expect(try undo(["heap"]) && Self.use(host) == .systemRAM(.movable))
        #expect(!id.isEmpty)
    }

    /// Somebody wrote to a new namespace after the crash, and then made it memory that is not online: the bytes are theirs.
    @Test(arguments: [OnlinePolicy.none, .movable])
    func whatLiesUnderMemoryThatIsOfflineIsSomebodys(online: OnlinePolicy) throws {
        let scratch = try ScratchDirectory()
        let host = try SimulatedHost(json: Self.machine)
        let store = TransactionStore(StateDirectory(scratch.path.appending("state")))
        // The stores of the creation come first; the next one is that of the device.
        var point = 0
        repeat {
            point += 1
            let tried = try SimulatedHost(json: Self.machine)
            tried.arm(SimulatedFault(.crash, atOperation: point))
            _ = try? Self.application(of: Self.profile("mode: system-ram, online: none"), on: tried, nil)
            let survivor = try SimulatedHost(json: tried.json)
            if try survivor.observe().regions[0].namespaces.first?.deviceUse == .devdax { break }
        } while point < 40
        host.arm(SimulatedFault(.crash, atOperation: point))
        _ = try? Self.application(of: Self.profile("mode: system-ram, online: none"), on: host, store)
        let survivor = try SimulatedHost(json: host.json)
        survivor.arm(nil)
        try survivor.write(7, to: Self.target(survivor), at: [.zero])
        _ = try survivor.perform(.configureDevice(Self.target(survivor), .systemRAM(online)), identity: .none)
        let outcome = try Recovery(host: survivor, store: store).run()
        if online == .none {
            #expect(!outcome.blocked.isEmpty && survivor.state.pages.values.contains(7), "\(outcome)")
        } else {
            #expect(outcome.blocked.isEmpty, "\(outcome)")
        }
    }

    @Test func whatCannotBecomeMemoryIsRefusedByThePlan() throws {
        let host = try Self.host(nil)
        func codes(_ profile: Profile) throws -> [Refusal.Code] {
            try Application(of: profile, to: host).prepare().plan.refusals.map(\.code)
        }
        #expect(try codes(Self.profile("mode: system-ram", more: ", protect: true")) == [.protected])
        #expect(try codes(Self.profile("mode: devdax, owner: nobody-here")) == [.accountUnknown])
        host.state.update(region: 0) { $0.targetNode = nil }
        #expect(try codes(Self.profile("mode: system-ram")) == [.deviceUnusable])
        #expect(try codes(Self.profile("mode: devdax")) == [])

        let small = try SimulatedHost(json: Self.machine)
        let plan = try Application(of: Self.profile("mode: system-ram", size: "64 MiB"), to: small).prepare()
            .plan
        #expect(plan.refusals.map(\.code) == [.deviceUnusable])
        #expect(plan.refusals.first?.message.contains("whole blocks of 128 MiB") == true)
    }

    @Test func aDeviceWithoutADriverIsGivenOneWhereItIsDeclared() throws {
        var observed = try Self.host(nil).observe()
        func plan(_ device: DaxDevice, _ words: String) throws -> Plan {
            observed.buses[0].regions[0].namespaces[0].daxDevice = device
            return Planner.plan(try Self.profile(words), on: observed)
        }
        #expect(try plan(DaxDevice(.disabled), "mode: devdax").changes.map(\.kind) == [.configureDevice])
        let stranded = DaxDevice(.disabled, isStranded: true)
        #expect(try plan(stranded, "mode: system-ram").refusals.map(\.code) == [.deviceUnusable])
        #expect(try plan(stranded, "mode: system-ram").changes.isEmpty)
        let other = DaxDevice(.other, driver: "fsdev_dax")
        #expect(try plan(other, "mode: devdax").refusals.map(\.code) == [.deviceUnusable])
        let unknown = DaxDevice(.systemRAM, driver: "kmem")
        #expect(try plan(unknown, "mode: system-ram").refusals.map(\.code) == [.notListed])
        #expect(try plan(unknown, "mode: devdax").changes.map(\.kind) == [.configureDevice])
        var partly = DaxDevice(.systemRAM, driver: "kmem")
        partly.memory = DaxDevice.Memory(online: 1, total: 3, isMovable: true)
        let change = try #require(try plan(partly, "mode: system-ram").changes.first)
        #expect(
            change.reasons == ["device system-ram, 1 of 3 blocks online becomes system-ram, online: movable"])
        // What is offline holds what somebody wrote.
        #expect(change.reversibility == .irreversible && change.consent == "heap")
    }

    /// Only a reboot gives memory back for sure that is in the kernel's zone. No bytes are lost by that, so it needs no consent of its own.
    @Test func memoryThatComesIntoTheKernelsZoneIsNotCalledLossless() throws {
        let kernel = "mode: system-ram, online: kernel"
        func change(_ host: SimulatedHost) throws -> Change {
            try #require(try Application(of: Self.profile(kernel), to: host).prepare().plan.changes.first)
        }
        let moved = try change(Self.host("mode: system-ram"))
        #expect(moved.reversibility == .irreversible && moved.consent == nil && !moved.losesData)
        #expect(moved.reversibilityReason == DeviceUse.kernelsZone)
        let made = try change(SimulatedHost(json: Self.machine))
        #expect(made.kind == .create && made.reversibility == .irreversible && made.consent == nil)
        #expect(made.reversibilityReason == DeviceUse.kernelsZone)
        // Where bytes are lost as well, that is what is said.
        let written = try change(Self.host("mode: devdax"))
        #expect(written.consent == "heap" && written.reversibilityReason.contains("written over"))
    }

    @Test(arguments: [
        (start: UInt64(2), size: UInt64(256), blocks: 1), (126, 258, 2), (0, 384, 3), (64, 128, 0),
        (130, 64, 0),
    ])
    func theBlocksOfARangeAreThoseWhollyWithin(start: UInt64, size: UInt64, blocks: Int) {
        let range = (start << 20)..<((start + size) << 20)
        let forecast = MemoryForecast(range, blockSize: .mib(128))
        #expect(forecast.blocks.count == blocks)
        #expect(forecast.head + forecast.size + forecast.tail == .mib(size))
    }
}
