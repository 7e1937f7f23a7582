import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Where the page map of a device's memory lies: what a profile may say of it, what plans say, and what is left wherever an apply dies.
/// `Tests/VM/test_memmap_on_memory.py` has the list of what can happen, on the kernel.
@Suite struct MemmapOnMemoryTests {
    private static let start: UInt64 = 0x1_0000_0000

    /// A namespace and a dax region, on a kernel that can do this much.
    private static func host(_ support: MemmapOnMemory) throws -> SimulatedHost {
        let word = support == .absent ? "" : #", "memmap_on_memory": "\#(support.rawValue)""#
        let host = try SimulatedHost(
            json: """
                {"format_version": 1, "simulated_host": {
                  "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "offline"\(word)},
                  "dax_regions": [{"start": "0x100000000", "size": "1 GiB", "target_node": 1}],
                  "buses": [{"dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
                             "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
                """)
        try apply(nil, to: host)
        return host
    }

    /// Both devices in the same use; nil: the namespace without `device:`, and a device beside the one that is meant.
    private static func profile(_ device: String?) throws -> Profile {
        let namespace = device.map { ", device: {\($0)}" } ?? ""
        let pool = device.map { "\n      - {name: pool, size: 256 MiB, \($0)}" } ?? ""
        let text = """
            version: 1
            regions:
              - match: {region: 0}
                namespaces:
                  - {name: heap, mode: devdax, size: 512 MiB\(namespace)}
            devices:
              - match: {start: 0x100000000}
                devices:
                  - {name: rest, size: 64 MiB}\(pool)
            """
        return try ProfileReader.read(Array(text.utf8), source: "test.yaml")
    }

    private static func application(
        of profile: Profile, on host: SimulatedHost, _ store: TransactionStore? = nil
    ) throws(ExecutionError) -> Application.Ending {
        let application = Application(of: profile, to: host)
        let prepared: Application.Prepared
        do throws(HostError) { prepared = try application.prepare() } catch { throw .host(error) }
        let consent = Consent(allowDestroy: Set(prepared.plan.losses.map(\.address)))
        return try application.carryOut(prepared, consent: consent, recordingIn: store)
    }

    private static func apply(
        _ device: String?, to host: SimulatedHost, _ store: TransactionStore? = nil
    ) throws {
        switch try application(of: profile(device), on: host, store) {
        case .applied, .unchanged: break
        case let ending: Issue.record("not applied: \(ending)")
        }
    }

    private static func uses(_ host: SimulatedHost) throws -> [DeviceUse?] {
        let observed = try host.observe()
        let heap = try #require(observed.regions.flatMap(\.namespaces).first { $0.name == "heap" })
        let pool = observed.daxRegions.flatMap(\.devices).first {
            $0.mappings?.first?.range.lowerBound == start + 64 << 20
        }
        return [heap.deviceUse, pool?.holder.use]
    }

    private static let cases: [(words: String, use: DeviceUse)] = [
        ("mode: devdax", .devdax),
        ("mode: system-ram, memmap_on_memory: false", .systemRAM(.movable)),
        ("mode: system-ram, memmap_on_memory: true", .systemRAM(.movable, memmapOnMemory: true)),
        (
            "mode: system-ram, online: kernel, memmap_on_memory: true",
            .systemRAM(.kernel, memmapOnMemory: true)
        ),
        ("mode: system-ram, online: none, memmap_on_memory: false", .systemRAM(.none)),
        ("mode: system-ram, online: none, memmap_on_memory: true", .systemRAM(.none, memmapOnMemory: true)),
    ]

    @Test(arguments: 0..<cases.count, 0..<cases.count)
    func everyUseBecomesEveryOtherAndWhatTheKernelWritesOverIsAskedFor(from: Int, to: Int) throws {
        let (old, new) = (Self.cases[from], Self.cases[to])
        let host = try Self.host(.on)
        try Self.apply(old.words, to: host)
        #expect(try Self.uses(host) == [old.use, old.use])
        let profile = try Self.profile(new.words)
        let plan = try Application(of: profile, to: host).prepare().plan
        #expect(plan.refusals.isEmpty && plan.isEmpty == (from == to))
        let isAsked = new.use.writesToMedia && !old.use.isOnline && from != to
        #expect(plan.changes.allSatisfy { $0.losesData == isAsked }, "\(plan.changes)")
        try Self.apply(new.words, to: host)
        #expect(try Self.uses(host) == [new.use, new.use])
        #expect(try Application(of: profile, to: host).prepare().plan.isEmpty)
    }

    @Test func whereTheKernelCannotItIsRefusedAndOffIsWhatEveryKernelCan() throws {
        for (support, reason) in [
            (MemmapOnMemory.absent, "has no memmap_on_memory for dax devices"),
            (.off, "booted without memory_hotplug.memmap_on_memory"),
        ] {
            let host = try Self.host(support)
            let before = host.state
            let refusals = try Application(of: Self.profile(Self.cases[2].words), to: host).prepare().plan
                .refusals
            #expect(refusals.map(\.code) == [.deviceUnusable, .deviceUnusable])
            #expect(refusals.allSatisfy { $0.message.contains(reason) }, "\(refusals)")
            #expect(host.state == before)
            // What is bound all the same fails in the step, and is put back.
            try Self.apply(Self.cases[1].words, to: host)
            #expect(try Self.uses(host) == [.systemRAM(.movable), .systemRAM(.movable)])
            let heap = try #require(
                try host.observe().regions.flatMap(\.namespaces).first { $0.name == "heap" })
            #expect(throws: HostError.self) {
                try host.perform(
                    .configureDevice(NamespaceTarget(heap, region: "region0"), Self.cases[2].use),
                    identity: .none)
            }
            #expect(try Self.uses(host) == [.systemRAM(.movable), .systemRAM(.movable)])
            #expect(heap.daxDevice?.memmapOnMemory == (support == .absent ? nil : false))
        }
    }

    @Test func whatTheProfileDoesNotSayStaysForMemoryAndIsOffForWhatBecomesThat() throws {
        let host = try Self.host(.on)
        try Self.apply("mode: system-ram", to: host)
        #expect(try Self.uses(host) == [.systemRAM(.movable), .systemRAM(.movable)])
        try Self.apply(Self.cases[2].words, to: host)
        let on = DeviceUse.systemRAM(.movable, memmapOnMemory: true)
        #expect(try Application(of: Self.profile("mode: system-ram"), to: host).prepare().plan.isEmpty)
        try Self.apply("mode: system-ram, online: kernel", to: host)
        #expect(try Self.uses(host) == [Self.cases[3].use, Self.cases[3].use])
        try Self.apply("mode: devdax", to: host)
        try Self.apply("mode: system-ram", to: host)
        #expect(try !Self.uses(host).contains(on))
    }

    @Test func thePlanSaysWhatThePageMapCostsAndWhereItLies() throws {
        let host = try Self.host(.on)
        func notes(_ words: String) throws -> [String] {
            try Application(of: Self.profile(words), to: host).prepare().plan.notes
                .filter { $0.code == .memoryForecast }.map(\.message)
        }
        let (off, on) = (try notes(Self.cases[1].words), try notes(Self.cases[2].words))
        #expect(off.count == 2 && on.count == 2)
        // 256 MiB at 64 MiB: one block of 128 MiB, of which 1/64.
        #expect(off.contains { $0.contains("the kernel needs 2 MiB of its memory") }, "\(off)")
        #expect(
            on.contains { $0.contains("2 MiB of it describes it") && $0.contains("so 126 MiB can be used") },
            "\(on)")
        #expect(on.allSatisfy { !$0.contains("of its memory to describe it") })
    }

    /// Wherever it dies, recovery ends with both devices in the old use, or in the new one; after a boot the kernel has forgotten both.
    @Test(arguments: [(0, 2), (1, 2), (2, 1), (3, 0), (4, 5), (5, 1)], [false, true])
    func aCrashAtAnyStoreEndsInTheOldOrTheNewUse(uses: (from: Int, to: Int), withReboot: Bool) throws {
        let (old, new) = (Self.cases[uses.from], Self.cases[uses.to])
        let scratch = try ScratchDirectory()
        for point in 1...40 {
            let host = try Self.host(.on)
            let store = TransactionStore(StateDirectory(scratch.path.appending("state-\(point)")))
            try Self.apply(old.words, to: host, store)
            host.arm(SimulatedFault(.crash, atOperation: point))
            let profile = try Self.profile(new.words)
            do throws(ExecutionError) {
                if case .applied = try Self.application(of: profile, on: host, store) {
                    #expect(point > 4)
                    return
                }
            } catch {
                // The crash.
            }
            let survivor = try SimulatedHost(json: host.json)
            survivor.arm(nil)
            if withReboot { try survivor.reboot() }
            let consent = Consent(allowDestroy: ["heap", "pool"])
            let outcome = try Recovery(host: survivor, store: store, consent: consent).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome)")
            let now = try Self.uses(survivor)
            #expect(
                withReboot
                    ? now[0] == .devdax || now[0] == new.use
                    : now == [old.use, old.use] || now == [new.use, new.use],
                "point \(point): \(now)")
        }
        Issue.record("more than 40 stores")
    }
}
