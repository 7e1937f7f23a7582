import Glibc
import HostContract
import ProvisionCore
import ProvisionHost
import SystemPackage
import Testing

@Suite struct SimulatedStateFileTests {
    @Test(arguments: ["one-dimm", "two-socket", "eadr", "cxl", "labelless"])
    func everyExampleHostOpensAndRoundTrips(name: String) throws {
        let path = Self.examples.appending("\(name).json")
        let host = try SimulatedHost.open(path)
        let observed = try host.observe()
        #expect(observed.regions.allSatisfy { $0.isEnabled && $0.namespaces.allSatisfy(\.isActive) })
        let copy = try SimulatedHost(json: host.json)
        #expect(try copy.observe() == observed)
        #expect(copy.json == host.json)
        try copy.reboot()
        #expect(try copy.observe() == observed)
    }

    @Test func theTwoSocketServerHasTwoRegionsOfSixWays() throws {
        let host = try SimulatedHost.open(Self.examples.appending("two-socket.json"))
        let regions = try host.observe().regions
        #expect(regions.map(\.interleaveWays) == [6, 6])
        #expect(regions.map(\.numaNode) == [0, 1])
        #expect(regions.map(\.align) == [.mib(96), .mib(96)])
        #expect(regions.map(\.size) == [.gib(756), .gib(756)])
        #expect(regions[1].resource == regions[0].resource.map { $0 + regions[0].size.bytes })
        #expect(regions[1].mappings.map(\.dimm) == (6..<12).map { "nmem\($0)" })
        #expect(regions.allSatisfy { $0.maxAvailableExtent == $0.size.roundedDown(to: .mib(96)) })
    }

    @Test func whatIsLeftOutGetsPlausibleValues() throws {
        let host = try SimulatedHost(json: SimulatedHosts.oneDimm)
        let observed = try host.observe()
        let region = try #require(observed.regions.first)
        #expect(observed.buses[0].provider == "ACPI.NFIT")
        #expect(region.resource == 0x1_0000_0000)
        #expect(region.size == .gib(16))
        #expect(region.align == .mib(16))
        #expect(region.interleaveSetID.map { $0 != 0 } == true)
        #expect(region.persistenceDomain == .unknown)
    }

    @Test func namespacesCanBeWrittenByHand() throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "\"numa_node\": 0",
            with: """
                "namespaces": [
                    {"name": "a", "size": "1 GiB", "mode": "fsdax", "map": "mem"},
                    {"name": "b", "size": "1 GiB", "mode": "sector", "sector_size": 512, "offset": "4 GiB"},
                    {"name": "c", "size": "1 GiB", "mode": "devdax", "active": false},
                    {"name": "d", "size": "1 GiB", "recorded_mode": "devdax"},
                    {"name": "e", "size": "1 GiB"}]
                """)
        let namespaces = try SimulatedHosts.region(text).namespaces()
        func named(_ name: String) throws -> Namespace {
            try #require(namespaces.first { $0.name == name })
        }
        #expect(try named("a").mode == .fsdax)
        #expect(try named("a").map == .mem)
        #expect(try named("b").sectorSize == 512)
        #expect(try named("b").resource == 0x2_0000_0000)
        #expect(try named("c").resource == 0x1_4000_0000)
        #expect(try !named("c").isActive)
        #expect(try named("c").mode == .devdax)
        #expect(try named("d").unfinished == .lacksInfoBlock(.devdax))
        #expect(try named("e").mode == .raw)
        #expect(Set(namespaces.map(\.labelUUID)).count == 5)
    }

    @Test(arguments: [
        ("\"dimms\": [\"a\"]", "\"dimm\": [\"a\"]", "buses[0].regions[0]: has the unknown key 'dimm'"),
        ("\"dimms\": [\"a\"]", "\"dimms\": [\"x\"]", "regions[0].dimms[0]: is no DIMM of this file: x"),
        ("\"dimms\": [\"a\"]", "\"dimms\": [\"a\", \"a\"]", "names a DIMM twice"),
        (
            "\"dimms\": [\"a\"]", "\"dimms\": [\"a\"], \"size\": \"17 GiB\"",
            "more capacity than its DIMMs have"
        ),
        ("\"16 GiB\"", "\"16777215 TiB\"", "dimms[0].size: is more than 1024 TiB"),
        ("\"numa_node\": 0", "\"resource\": \"0xffffffffffffffff\"", "is no physical address"),
        ("\"16 GiB\"", "\"16 gigs\"", "'16 gigs' is not a size"),
        (
            "\"format_version\": 1", "\"format_version\": 2",
            "format_version: 2 is not supported; this version reads 1"
        ),
        ("\"numa_node\": 0", "\"persistence_domain\": \"eternal\"", "is none of cpu_cache"),
        (
            "\"numa_node\": 0", "\"namespaces\": [{\"size\": \"1 MiB\"}]",
            "no multiple of the region's alignment"
        ),
        ("\"numa_node\": 0", "\"namespaces\": [{\"size\": \"32 GiB\"}]", "the largest free extent is 16 GiB"),
        (
            "\"numa_node\": 0",
            "\"namespaces\": [{\"size\": \"1 GiB\"}, {\"size\": \"1 GiB\", \"offset\": \"512 MiB\"}]",
            "overlaps the namespace"
        ),
    ])
    func aWrongFileIsRefusedWithThePlaceOfTheFault(old: String, new: String, message: String) {
        let error = #expect(throws: JSONError.self) {
            try SimulatedHost(json: SimulatedHosts.oneDimm.replacing(old, with: new))
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func theFileHoldsWhatWasDoneWhenTheHostIsOpenedAgain() throws {
        try Self.withStateFile(SimulatedHosts.oneDimm) { path in
            let region = ContractRegion(host: try SimulatedHost.open(path), device: "region0")
            let created = try region.create("a", 64)
            let again = ContractRegion(host: try SimulatedHost.open(path), device: "region0")
            #expect(try again.namespaces() == [created])
        }
    }

    @Test func theFileIsSavedAfterEveryStore() throws {
        try Self.withStateFile(SimulatedHosts.oneDimm) { path in
            let host = try SimulatedHost.open(path)
            let region = ContractRegion(host: host, device: "region0")
            host.arm(SimulatedFault(.crash, atOperation: 5))
            _ = region.failure(.create(region.placement(try region.layout("a", 64))))
            let again = try SimulatedHost.open(path)
            #expect(again.json == host.json)
            #expect(try again.observe().regions[0].namespaces.first?.recordedMode == .fsdax)
        }
    }

    @Test func aFaultInTheFileIsArmedOnceForAll() throws {
        let text = SimulatedHosts.oneDimm.replacing(
            "\"buses\"", with: "\"fault\": {\"operation\": 4, \"kind\": \"fail\", \"errno\": 28}, \"buses\"")
        try Self.withStateFile(text) { path in
            let region = ContractRegion(host: try SimulatedHost.open(path), device: "region0")
            let placement = region.placement(try region.layout("a", 64))
            #expect(region.failure(.create(placement))?.errno == 28)
            let again = ContractRegion(host: try SimulatedHost.open(path), device: "region0")
            _ = try again.perform(.create(placement))
        }
    }

    @Test func observingDoesNotTouchTheFile() throws {
        try Self.withStateFile(SimulatedHosts.oneDimm) { path in
            unsafe chmod(path.string, 0o400)
            let before = try Self.modificationTime(path)
            _ = try SimulatedHost.open(path).observe()
            #expect(try Self.modificationTime(path) == before)
        }
    }

    @Test func aKillEndsTheProcessAndTheFileHoldsWhatWasDoneBefore() async throws {
        let path = try Self.temporaryFile(SimulatedHosts.oneDimm)
        defer { unsafe unlink(path.string) }
        let name: String = path.string
        await #expect(processExitsWith: .signal(SIGKILL)) { [name = name as String] in
            let host = try SimulatedHost.open(FilePath(name))
            let region = ContractRegion(host: host, device: "region0")
            host.arm(SimulatedFault(.kill, atOperation: 5))
            _ = try region.create("a", 64)
        }
        let left = try SimulatedHost.open(path).observe().regions[0].namespaces
        #expect(left.map(\.recordedMode) == [.fsdax])
        #expect(left.map(\.isActive) == [false])
    }

    @Test func aMissingFileIsReportedWithItsPath() {
        let error = #expect(throws: OperationError.self) { try SimulatedHost.open("/nonexistent/host.json") }
        #expect(error?.kind == .unavailable)
        #expect(error?.device == "/nonexistent/host.json")
        #expect(error?.errno == ENOENT)
    }

    private static var examples: FilePath {
        var path = FilePath(#filePath)
        for _ in 0..<3 { path.removeLastComponent() }
        return path.appending("profiles").appending("hosts")
    }

    private static func withStateFile(_ text: String, _ body: (FilePath) throws -> Void) throws {
        let path = try temporaryFile(text)
        defer { unsafe unlink(path.string) }
        try body(path)
    }

    private static func temporaryFile(_ text: String) throws -> FilePath {
        var generator = SystemRandomNumberGenerator()
        let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        let path = FilePath(directory).appending("daxprov-\(UUID.random(using: &generator)).json")
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
        return path
    }

    private static func modificationTime(_ path: FilePath) throws -> [Int] {
        var status = stat()
        guard unsafe stat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
        return [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}
