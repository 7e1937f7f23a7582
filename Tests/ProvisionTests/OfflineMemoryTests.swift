import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Memory that is to stay offline keeps what it holds, unless another program brings it online. What can happen:
/// - that program does it before the step is undone, or a rollback, once or again and again;
/// - it takes the memory offline again, so that nothing shows it but the bytes;
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

    private static func anotherProgram(_ bench: Bench, brings online: OnlinePolicy) throws {
        let region = SimulatedDaxRegion(
            host: bench.host, identity: DaxRegionIdentity(start: 0x1_0000_0000, size: .gib(1)))
        try region.use(bench.device("tier").name, as: .systemRAM(online))
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
        #expect(throws: ExecutionError.self) { try bench.rollBack() }
        #expect(try bench.layouts == there)
        let undone = try bench.rollBack(agreeing: ["tier"])
        #expect(!undone.isWhole && undone.agreed.map(\.address) == ["hmem.0/tier"])
        #expect(undone.agreed.first?.consequence.contains("brought online by another program") == true)
        #expect(try bench.read("tier") == [0, 0])
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
