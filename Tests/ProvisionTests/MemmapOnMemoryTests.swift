import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Where the page map of a device's memory lies: what a profile may say of it, what plans say, and what is left wherever an apply dies.
/// `Tests/VM/test_memmap_on_memory.py` has the list of what can happen, on the kernel.
@Suite struct MemmapOnMemoryTests {
    private typealias Bench = DaxDivisionTests.Bench

    /// A namespace and a device of a dax region, on a kernel that can do this much.
    private static func bench(_ support: MemmapOnMemory) throws -> Bench {
        let word = support == .absent ? "" : #", "memmap_on_memory": "\#(support.rawValue)""#
        let bench = try Bench(
            """
            {"format_version": 1, "simulated_host": {
              "memory_hotplug": {"block_size": "128 MiB", "auto_online_blocks": "offline"\(word)},
              "dax_regions": [{"start": "0x100000000", "size": "1 GiB", "target_node": 1}],
              "buses": [{"dimms": [{"id": "a", "size": "2 GiB", "label_size": "128 KiB"}],
                         "regions": [{"dimms": ["a"], "target_node": 1}]}]}}
            """)
        try bench.applied(profile(nil))
        return bench
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

    /// What the namespace's device is used as, and the one of the dax region.
    private static func uses(_ host: SimulatedHost) throws -> [DeviceUse?] {
        let observed = try host.observe()
        let heap = try #require(observed.regions.flatMap(\.namespaces).first { $0.name == "heap" })
        let pool = observed.daxRegions.flatMap(\.devices).first { $0.size == .mib(256) }
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
        let bench = try Self.bench(.on)
        try bench.applied(Self.profile(old.words))
        #expect(try Self.uses(bench.host) == [old.use, old.use])
        let plan = try bench.prepare(Self.profile(new.words)).plan
        #expect(plan.refusals.isEmpty && plan.isEmpty == (from == to))
        let isAsked = new.use.writesToMedia && !old.use.isOnline && from != to
        #expect(plan.changes.allSatisfy { $0.losesData == isAsked }, "\(plan.changes)")
        try bench.applied(Self.profile(new.words))
        #expect(try Self.uses(bench.host) == [new.use, new.use])
        guard from != to else { return }
        _ = try bench.rollBack(agreeing: ["heap", "pool"])
        #expect(try Self.uses(bench.host) == [old.use, old.use])
    }

    @Test func whereTheKernelCannotItIsRefusedAndOffIsWhatEveryKernelCan() throws {
        for (support, reason) in [
            (MemmapOnMemory.absent, "has no memmap_on_memory for dax devices"),
            (.off, "booted without memory_hotplug.memmap_on_memory"),
        ] {
            let bench = try Self.bench(support)
            let refusals = try bench.prepare(Self.profile(Self.cases[2].words)).plan.refusals
            #expect(refusals.map(\.code) == [.deviceUnusable, .deviceUnusable])
            #expect(refusals.allSatisfy { $0.message.contains(reason) }, "\(refusals)")
            try bench.applied(Self.profile(Self.cases[1].words))
            #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
            // A step that is tried all the same fails, and is put back.
            let heap = try #require(
                try bench.host.observe().regions.flatMap(\.namespaces).first { $0.name == "heap" })
            #expect(throws: OperationError.self) {
                try bench.host.perform(
                    .configureDevice(NamespaceTarget(heap, region: "region0"), Self.cases[2].use),
                    identity: .none)
            }
            #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
            #expect(heap.daxDevice?.memmapOnMemory == (support == .absent ? nil : false))
        }
    }

    @Test func whatTheProfileDoesNotSayStaysForMemoryAndIsOffForWhatBecomesThat() throws {
        let bench = try Self.bench(.on)
        try bench.applied(Self.profile("mode: system-ram"))
        #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
        try bench.applied(Self.profile(Self.cases[2].words))
        #expect(try bench.prepare(Self.profile("mode: system-ram")).plan.isEmpty)
        try bench.applied(Self.profile("mode: system-ram, online: kernel"))
        #expect(try Self.uses(bench.host) == [Self.cases[3].use, Self.cases[3].use])
        try bench.applied(Self.profile("mode: devdax"))
        try bench.applied(Self.profile("mode: system-ram"))
        #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
    }

    @Test func thePlanSaysWhatThePageMapCostsAndWhereItLies() throws {
        let bench = try Self.bench(.on)
        func notes(_ words: String) throws -> [String] {
            try bench.prepare(Self.profile(words)).plan.notes
                .filter { $0.code == .memoryForecast }.map(\.message)
        }
        let (off, on) = (try notes(Self.cases[1].words), try notes(Self.cases[2].words))
        #expect(off.count == 2 && on.count == 2)
        // 256 MiB are two blocks of 128 MiB; 1/64 of them describes them.
        #expect(off.contains { $0.contains("the kernel needs 4 MiB of its memory") }, "\(off)")
        #expect(
            on.contains { $0.contains("4 MiB of it describes it") && $0.contains("so 252 MiB can be used") },
            "\(on)")
        #expect(on.allSatisfy { !$0.contains("of its memory to describe it") })
    }

    /// A boot without the kernel's argument does not change what was wished of a device: the next boot that has it puts the page map there
    /// again, also where the memory came back twice without it.
    @Test func aBootThatCannotPutThePageMapOfADeviceThereForgetsNoWish() throws {
        let bench = try Self.bench(.on)
        let wish = Self.cases[2]
        try bench.applied(Self.profile(wish.words))
        for _ in 0..<2 {
            try bench.host.reboot()
            bench.host.state.memmapOnMemory = .off
            for _ in 0..<2 {
                #expect(try bench.boot().refusals.map(\.code) == [.deviceUnusable, .deviceUnusable])
                _ = try bench.restore()
                #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
            }
        }
        try bench.host.reboot()
        bench.host.state.memmapOnMemory = .on
        #expect(try bench.boot().refusals.isEmpty)
        _ = try bench.restore()
        #expect(try Self.uses(bench.host) == [wish.use, wish.use])
        // A profile that says otherwise is a wish again.
        try bench.applied(Self.profile(Self.cases[1].words))
        try bench.host.reboot()
        #expect(try bench.boot().refusals.isEmpty)
        _ = try bench.restore()
        #expect(try Self.uses(bench.host) == [.systemRAM(.movable), .systemRAM(.movable)])
    }

    /// Wherever it dies, recovery ends with both devices in the old use, or in the new one; after a boot the kernel has forgotten both,
    /// and `apply --boot` divides the region again.
    @Test(arguments: [(0, 2), (1, 2), (2, 1), (3, 0), (4, 5), (5, 1)], [false, true])
    func aCrashAtAnyStoreEndsInTheOldOrTheNewUse(uses: (from: Int, to: Int), withReboot: Bool) throws {
        let (old, new) = (Self.cases[uses.from], Self.cases[uses.to])
        for point in stride(from: withReboot ? 2 : 1, to: 60, by: CrashScale.every(6)) {
            var bench = try Self.bench(.on)
            try bench.applied(Self.profile(old.words))
            bench.host.arm(SimulatedFault(.crash, atOperation: point))
            if let ending = try? bench.apply(Self.profile(new.words)), case .applied = ending {
                #expect(point > 4)
                return
            }
            bench.host = try SimulatedHost(json: bench.host.json)
            bench.host.arm(nil)
            if withReboot { try bench.host.reboot() }
            let consent = Consent(allowDestroy: ["heap", "pool"])
            let outcome = try Recovery(host: bench.host, store: bench.store, consent: consent).run()
            #expect(outcome.blocked.isEmpty, "point \(point): \(outcome)")
            if withReboot { _ = try bench.restore() }
            let now = try Self.uses(bench.host)
            let ends = withReboot ? [old.use, new.use, .devdax] : [old.use, new.use]
            #expect(now.allSatisfy { use in ends.contains { $0 == use } }, "point \(point): \(now)")
            #expect(withReboot || now[0] == now[1], "point \(point): \(now)")
        }
        Issue.record("more than 60 stores")
    }
}
