import Glibc
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// What the CXL bus says of persistent memory, read from made trees that look like those of Linux 6.1 to 7.3.
@Suite struct CXLReaderTests {
    /// A made host with two memory devices below one host bridge.
    private struct Made: ~Copyable {
        let tree: SysfsTree

        init() throws {
            let made = try SysfsTree()
            try made.directory("bus/cxl/devices")
            tree = made
        }

        func addDevices(volatile isVolatile: Bool = false) throws {
            for (number, serial) in ["0x1111", "0x2222"].enumerated() {
                try tree.device("devices/pci\(number)/mem\(number)", ["serial": serial])
                try tree.device(
                    "devices/pci\(number)/mem\(number)/pmem", ["size": isVolatile ? "0x0" : "0x20000000"])
                try list("mem\(number)", "pci\(number)/mem\(number)")
                try tree.device(
                    "devices/root0/endpoint\(number + 2)/decoder\(number + 2).0",
                    ["dpa_resource": "0x10000000", "dpa_size": "0x0000000010000000"])
                try link("devices/root0/endpoint\(number + 2)/uport", to: "../../pci\(number)/mem\(number)")
                try list("decoder\(number + 2).0", "root0/endpoint\(number + 2)/decoder\(number + 2).0")
            }
        }

        func link(_ path: String, to target: String) throws {
            try #require(unsafe symlink(target, "\(tree.path)/\(path)") == 0)
        }

        func list(_ name: String, _ path: String) throws {
            try link("bus/cxl/devices/\(name)", to: "../../../devices/\(path)")
        }

        func region(_ name: String, _ targets: [String], mode: String? = "pmem", ways: Int? = nil) throws {
            var attributes = [
                "interleave_ways": "\(ways ?? targets.count)", "interleave_granularity": "4096",
                "resource": "0x1200000000",
            ]
            for (position, target) in targets.enumerated() { attributes["target\(position)"] = target }
            if let mode { attributes["mode"] = mode }
            try tree.device("devices/root0/decoder0.0/\(name)", attributes)
            try list(name, "root0/decoder0.0/\(name)")
        }

        func read() -> CXLTopology? { CXLReader(KernelPlaces(sysfs: tree.path)).read() }
    }

    /// What there is; a macro cannot hold what cannot be copied.
    private static func found(_ made: borrowing Made) throws -> CXLTopology {
        let found = made.read()
        return try #require(found)
    }

    @Test func aHostWithoutCXLSaysNothing() throws {
        let tree = try SysfsTree()
        let path = tree.path
        #expect(CXLReader(KernelPlaces(sysfs: path)).read() == nil)
    }

    @Test func targetsComeInTheirOrderWithTheSerialsOfTheirDevices() throws {
        let made = try Made()
        try made.addDevices()
        try made.region("region0", ["decoder3.0", "decoder2.0"])
        let found = try Self.found(made)
        let region = try #require(found.regions.first)
        #expect(region.resource == 0x12_0000_0000)
        #expect(region.region.granularity == .kib(4) && region.region.decoder == "decoder0.0")
        #expect(region.region.targets.map(\.serial) == [0x2222, 0x1111])
        #expect(region.region.targets.map(\.memdev) == ["mem1", "mem0"])
        #expect(region.region.targets.allSatisfy { $0.offset == .mib(256) && $0.length == .mib(256) })
        #expect(found.memdevs.map(\.serial) == [0x1111, 0x2222])
        #expect(found.memdevs.allSatisfy { $0.regions == ["region0"] && $0.persistentSize == .mib(512) })
    }

    @Test func aKernelThatMakesOnePersistentTypeAloneSaysNoMode() throws {
        let made = try Made()
        try made.addDevices()
        try made.region("region3", ["decoder2.0"], mode: nil)
        let found = try Self.found(made)
        #expect(found.regions.map(\.region.name) == ["region3"])
    }

    @Test(arguments: ["ram", "none"])
    func otherTypesAreLeftOut(mode: String) throws {
        let made = try Made()
        try made.addDevices()
        try made.region("region0", ["decoder2.0"], mode: mode)
        let found = try Self.found(made)
        #expect(found.regions.isEmpty && found.memdevs.allSatisfy(\.regions.isEmpty))
    }

    /// Of these the kernel makes dax regions; their memory devices need not have persistent capacity.
    @Test func volatileRegionsAreReadForTheirDaxRegions() throws {
        let made = try Made()
        try made.addDevices(volatile: true)
        try made.region("region0", ["decoder3.0", "decoder2.0"], mode: "ram")
        try made.region("region1", ["decoder9.9"], mode: "ram")
        let found = try Self.found(made)
        #expect(found.regions.isEmpty && found.memdevs.isEmpty)
        #expect(found.volatileRegions.map(\.name) == ["region0"])
        #expect(found.volatileRegions.first?.targets.map(\.serial) == [0x2222, 0x1111])
        let paths = [
            "/root0/decoder0.0/region0/dax_region0", "/root0/decoder0.0/region1/dax_region1",
            "/platform/hmem.0",
        ]
        let regions = paths.map { DaxRegion(path: $0, id: 0, kind: .dynamic, size: .gib(1)) }
        let observed = Observed(buses: [], daxRegions: regions).adding(found)
        #expect(observed.daxRegions.map { $0.cxl?.name } == ["region0", nil, nil])
        #expect(observed.daxRegions.map(\.cxlRegionName) == ["region0", "region1", nil])
    }

    @Test func whatHasNotAllItsTargetsIsNoRegionYet() throws {
        let made = try Made()
        try made.addDevices()
        try made.region("region0", ["decoder2.0"], ways: 2)
        try made.region("region1", ["decoder9.9"])
        try made.region("region2", [""])
        try made.region("region4", ["../../devices/root0"])
        let found = try Self.found(made)
        #expect(found.regions.isEmpty)
    }

    @Test func aDeviceWithoutPersistentCapacityIsLeftOut() throws {
        let made = try Made()
        try made.addDevices(volatile: true)
        let found = try Self.found(made)
        #expect(found.memdevs.isEmpty)
    }
}
