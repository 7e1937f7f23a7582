import Glibc
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// Dax regions, their devices and their memory blocks, read from made trees that look like those of Linux 6.1 to 7.3.
@Suite struct DaxRegionReaderTests {
    /// A made host.
    private struct Made: ~Copyable {
        let tree: SysfsTree

        init() throws {
            let made = try SysfsTree()
            try made.directory("bus/dax/devices")
            try made.directory("dev")
            try made.device("proc", ["iomem": ""])
            tree = made
        }

        var reader: DaxRegionReader {
            DaxRegionReader(
                KernelPlaces(below: tree.path, sysfs: tree.path))
        }

        func link(_ path: String, to target: String) throws {
            try #require(unsafe symlink(target, "\(tree.path)/\(path)") == 0)
        }

        func region(_ path: String, size: UInt64, available: UInt64? = nil) throws {
            var attributes = ["size": "\(size)", "align": "2097152"]
            if let available { attributes["available_size"] = "\(available)" }
            try tree.device("devices/\(path)/dax_region", attributes)
        }

        /// A device with ranges, given as first and last address in the order of their numbers.
        func device(
            _ name: String, in region: String, driver: String? = nil, resource: UInt64? = nil,
            _ ranges: [(first: UInt64, last: UInt64, offset: UInt64)] = [], size: UInt64? = nil
        ) throws {
            let path = "devices/\(region)/\(name)"
            let length = size ?? ranges.reduce(0) { $0 + $1.last - $1.first + 1 }
            var attributes = ["size": "\(length)", "align": "4096", "target_node": "3", "numa_node": "-1"]
            attributes["resource"] = resource.map { "0x" + String($0, radix: 16) }
            try tree.device(path, attributes)
            try tree.device("dev", [name: ""])
            for (number, range) in ranges.enumerated() {
                try tree.device(
                    "\(path)/mapping\(number)",
                    [
                        "start": "0x" + String(range.first, radix: 16),
                        "end": "0x" + String(range.last, radix: 16),
                        "page_offset": "0x" + String(range.offset, radix: 16),
                    ])
            }
            if let driver { try link("\(path)/driver", to: "../../../../bus/dax/drivers/\(driver)") }
            try link("bus/dax/devices/\(name)", to: "../../../devices/\(region)/\(name)")
        }

        /// Memory blocks of 128 MiB.
        func blocks(_ blocks: [UInt64: (state: String, zones: String)]) throws {
            try tree.device(
                "devices/system/memory", ["block_size_bytes": "8000000", "auto_online_blocks": "online"])
            for (number, block) in blocks {
                try tree.device(
                    "devices/system/memory/memory\(number)",
                    ["state": block.state, "valid_zones": block.zones])
            }
        }

        func addressMap(_ lines: String...) throws {
            try tree.device("proc", ["iomem": lines.joined(separator: "\n")])
        }
    }

    private static let hmem = "platform/hmem.0"
    private static let start: UInt64 = 0x1_0000_0000

    @Test func aHostWithoutSuchDevicesHasNoRegionAndNoHotplug() {
        let found = DaxRegionReader(KernelPlaces(below: "/nonexistent")).read()
        #expect(found.regions.isEmpty && found.hotplug == nil)
    }

    @Test func rangesComeInTheOrderOfTheirOffsetsAndDevicesInThatOfTheirNumbers() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 1 << 30, available: 640 << 20)
        try made.device(
            "dax0.10", in: Self.hmem, driver: "device_dax",
            [(0x1_0800_0000, 0x1_0bff_ffff, 0x8000), (0x1_1000_0000, 0x1_17ff_ffff, 0)])
        try made.device("dax0.2", in: Self.hmem, [(0x1_2000_0000, 0x1_2fff_ffff, 0)])
        try made.device("dax0.0", in: Self.hmem, resource: Self.start)
        let found = made.reader.read()
        let region = try #require(found.regions.first)
        #expect(found.regions.count == 1 && found.hotplug == nil)
        #expect(region.path == "/platform/hmem.0" && region.name == "hmem.0" && region.id == 0)
        #expect(region.kind == .dynamic && region.size == .gib(1) && region.availableSize == .mib(640))
        #expect(region.start == Self.start, "a device without memory shows where its region begins")
        #expect(region.devices.map(\.name) == ["dax0.0", "dax0.2", "dax0.10"])
        #expect(region.devices.map(\.driver) == [nil, nil, "device_dax"])
        #expect(region.devices[0].mappings == [] && region.devices[0].size == .zero)
        #expect(
            region.devices[2].mappings == [
                .init(range: 0x1_1000_0000..<0x1_1800_0000, pageOffset: 0),
                .init(range: 0x1_0800_0000..<0x1_0c00_0000, pageOffset: 0x8000),
            ])
        let device = region.devices[2]
        #expect(device.align == .kib(4) && device.targetNode == 3 && device.numaNode == nil)
        #expect(device.mode == .devdax && device.memory == nil && !device.isNodeMissing)
        #expect(
            region.freeRanges == [
                0x1_0000_0000..<0x1_0800_0000, 0x1_0c00_0000..<0x1_1000_0000, 0x1_1800_0000..<0x1_2000_0000,
                0x1_3000_0000..<0x1_4000_0000,
            ])
    }

    @Test func rangesAreReadFromTheDirectoryWhereTheirNumbersLeaveOneOut() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 1 << 30, available: 0)
        try made.device("dax0.0", in: Self.hmem, [(Self.start, Self.start + 0xfff_ffff, 0)], size: 1 << 30)
        try made.tree.device(
            "devices/\(Self.hmem)/dax0.0/mapping2",
            ["start": "0x110000000", "end": "0x13fffffff", "page_offset": "0x10000"])
        let region = try #require(made.reader.read().regions.first)
        #expect(region.devices[0].mappings?.map(\.pageOffset) == [0, 0x10000])
        #expect(region.start == Self.start, "the devices fill the region")
    }

    /// One range at 4 GiB + 64 MiB, one at 5 GiB: block 33 lies between, and is another device's.
    @Test func memoryBlocksAreThoseWhollyInEachRange() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 2 << 30, available: 1 << 30)
        try made.device(
            "dax0.0", in: Self.hmem, driver: "kmem",
            [(0x1_0400_0000, 0x1_1fff_ffff, 0), (0x1_4000_0000, 0x1_4bff_ffff, 0x1c000)])
        try made.device("dax0.1", in: Self.hmem, driver: "kmem", [(0x1_3000_0000, 0x1_37ff_ffff, 0)])
        try made.blocks([
            32: ("online", "Normal"), 33: ("online", "Movable"), 34: ("online", "Normal"),
            35: ("offline", "Normal Movable"), 38: ("offline", "Normal Movable"), 40: ("online", "Normal"),
            41: ("online", "Normal"),
        ])
        let found = made.reader.read()
        #expect(found.hotplug == MemoryHotplug(blockSize: .mib(128), policy: "online"))
        let devices = try #require(found.regions.first).devices
        #expect(
            devices[0].memoryBlocks == [
                .init(numbers: 33..<34, state: "online", zone: "Movable"),
                .init(numbers: 34..<35, state: "online", zone: "Normal"),
                .init(numbers: 35..<36, state: "offline"),
                .init(numbers: 40..<41, state: "online", zone: "Normal"),
            ])
        #expect(devices[0].memory == DaxDevice.Memory(online: 3, total: 4, isMovable: false))
        #expect(devices[1].memory == DaxDevice.Memory(online: 0, total: 1, isMovable: nil))
    }

    @Test func whatIsSystemMemoryWithoutADriverIsStranded() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 1 << 30, available: 512 << 20)
        try made.device("dax0.0", in: Self.hmem, driver: "kmem", [(0x1_0000_0000, 0x1_07ff_ffff, 0)])
        try made.device("dax0.1", in: Self.hmem, [(0x1_0800_0000, 0x1_0fff_ffff, 0)])
        try made.device("dax0.2", in: Self.hmem, [(0x1_1000_0000, 0x1_1fff_ffff, 0)])
        try made.blocks([32: ("online", "Movable"), 33: ("online", "Movable"), 36: ("online", "Movable")])
        try made.addressMap(
            "00001000-7fffffff : System RAM", "100000000-13fffffff : hmem.0",
            "  100000000-13fffffff : Soft Reserved", "    100000000-107ffffff : dax0.0",
            "      100000000-107ffffff : System RAM (kmem)", "    108000000-10fffffff : dax0.1",
            "      108000000-10fffffff : System RAM (kmem)", "    120000000-127ffffff : dax0.3",
            "      120000000-127ffffff : System RAM (kmem)")
        let region = try #require(made.reader.read().regions.first)
        #expect(region.start == Self.start, "the platform device has an entry")
        #expect(region.devices.map(\.isStranded) == [false, true, false])
        #expect(region.devices[1].memoryBlocks == [.init(numbers: 33..<34, state: "online", zone: "Movable")])
        #expect(region.devices[1].mode == .disabled && region.devices[1].memory == nil)
        #expect(region.strandedRanges == [0x1_0800_0000..<0x1_1000_0000, 0x1_2000_0000..<0x1_2800_0000])
    }

    /// Without CAP_SYS_ADMIN the kernel writes zeros for addresses. Block 35 is a driver's, 39 nobody's.
    @Test func whereAddressesAreHiddenMemoryBlocksTellWhatIsStranded() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 1 << 30, available: 512 << 20)
        try made.device("dax0.0", in: Self.hmem, resource: Self.start)
        try made.device("dax0.1", in: Self.hmem, [(0x1_0800_0000, 0x1_0fff_ffff, 0)])
        try made.device("dax0.2", in: Self.hmem, driver: "kmem", [(0x1_1800_0000, 0x1_1fff_ffff, 0)])
        try made.blocks([
            31: ("online", "Normal"), 33: ("offline", "none"), 35: ("online", "Movable"),
            39: ("offline", "none"),
            40: ("online", "Normal"),
        ])
        try made.addressMap("00000000-00000000 : System RAM", "00000000-00000000 : System RAM (kmem)")
        let region = try #require(made.reader.read().regions.first)
        #expect(region.devices.map(\.isStranded) == [false, true, false])
        #expect(region.strandedRanges == [0x1_0800_0000..<0x1_1000_0000, 0x1_3800_0000..<0x1_4000_0000])
    }

    /// Since Linux 6.12 the platform device has no entry of its own.
    @Test func aRegionBeginsWhereTheReservedMemoryOfItsSizeDoes() throws {
        let made = try Made()
        try made.region("platform/hmem_platform.0/hmem.1", size: 512 << 20, available: 256 << 20)
        try made.device(
            "dax1.0", in: "platform/hmem_platform.0/hmem.1", driver: "device_dax",
            [(0x1_5000_0000, 0x1_5fff_ffff, 0)])
        try made.addressMap(
            "100000000-11fffffff : Soft Reserved", "140000000-15fffffff : Soft Reserved")
        let region = try #require(made.reader.read().regions.first)
        #expect(region.path == "/platform/hmem_platform.0/hmem.1" && region.start == 0x1_4000_0000)
    }

    @Test func aRegionOfCXLMemoryBeginsWhereTheCXLRegionDoes() throws {
        let made = try Made()
        let path = "platform/ACPI0017:00/root0/decoder0.0/region4/dax_region4"
        try made.region(path, size: 1 << 30, available: 768 << 20)
        try made.tree.device(
            "devices/platform/ACPI0017:00/root0/decoder0.0/region4", ["resource": "0x290000000"])
        try made.device("dax4.0", in: path, driver: "kmem", [(0x2_a000_0000, 0x2_afff_ffff, 0)])
        let region = try #require(made.reader.read().regions.first)
        #expect(region.start == 0x2_9000_0000 && region.id == 4 && region.name == "dax_region4")
    }

    /// All devdax namespaces of an nvdimm region give the number of that region to theirs.
    @Test func regionsOfNamespacesAreToldApartByTheirPaths() throws {
        let made = try Made()
        for (number, start) in [(0, "0x101200000"), (1, "0x141200000")] {
            let path = "LNXSYSTM:00/ndbus0/region0/dax0.\(number)"
            try made.region(path, size: 1 << 30)
            try made.tree.device("devices/\(path)", ["resource": start, "size": "1073741824"])
            try made.device("dax0.\(number)", in: path, driver: "device_dax", size: 1 << 30)
        }
        let regions = made.reader.read().regions
        #expect(
            regions.map(\.path) == [
                "/LNXSYSTM:00/ndbus0/region0/dax0.0", "/LNXSYSTM:00/ndbus0/region0/dax0.1",
            ])
        #expect(regions.map(\.id) == [0, 0] && regions.map(\.kind) == [.static, .static])
        #expect(regions.map(\.availableSize) == [nil, nil])
        #expect(regions.map(\.start) == [0x1_0120_0000, 0x1_4120_0000])
        #expect(
            regions[1].devices[0].mappings == [.init(range: 0x1_4120_0000..<0x1_8120_0000, pageOffset: 0)])
    }

    @Test func whatMayNotBeReadIsNotKnownRatherThanZero() throws {
        let made = try Made()
        try made.tree.device(
            "devices/\(Self.hmem)/dax_region", ["size": "1073741824", "available_size": "0"])
        try made.device("dax0.0", in: Self.hmem, driver: "kmem", size: 1 << 30)
        // Directories stand for what cannot be read: attributes of mode 0400 and of another user.
        for attribute in ["start", "end", "page_offset"] {
            try made.tree.directory("devices/\(Self.hmem)/dax0.0/mapping0/\(attribute)")
        }
        try made.blocks([32: ("online", "Movable")])
        let region = try #require(made.reader.read().regions.first)
        #expect(region.align == nil && region.start == nil && region.freeRanges == nil)
        #expect(region.devices[0].mappings == nil && region.devices[0].memory == nil)
        #expect(region.devices[0].size == .gib(1))
    }

    @Test func aDeviceWithoutANodeIsSaidToHaveNone() throws {
        let made = try Made()
        try made.region(Self.hmem, size: 1 << 30, available: 0)
        try made.device("dax0.0", in: Self.hmem, [(Self.start, Self.start + 0x3fff_ffff, 0)])
        try #require(unsafe unlink("\(made.tree.path)/dev/dax0.0") == 0)
        #expect(try #require(made.reader.read().regions.first).devices[0].isNodeMissing)
    }

    /// What was measured of the driver on Linux 6.1 and 6.12, with blocks of 128 MiB: the start of a range behind 4 GiB
    /// and its length, in MiB.
    @Test(arguments: [
        (2, 256, 1), (126, 258, 2), (0, 128, 1), (0, 127, 0), (64, 128, 0), (64, 192, 1), (130, 384, 2),
        (0, 2, 0), (18, 1006, 7),
    ])
    func wholeBlocksAreCounted(offset: UInt64, length: UInt64, count: Int) {
        let start = Self.start + offset << 20
        let blocks = MemoryHotplug(blockSize: .mib(128)).blocks(in: start..<(start + length << 20))
        #expect(blocks.count == count)
    }
}
