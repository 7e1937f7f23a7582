import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// Dax regions in reports, and on a simulated host.
@Suite struct DaxRegionReportTests {
    private static func softReserved() throws -> SimulatedHost {
        try SimulatedHost(json: TestFiles.text("../../profiles/hosts/soft-reserved.json"))
    }

    private static func mapping(_ start: UInt64, _ size: UInt64, at page: UInt64 = 0) -> DaxRegion.Mapping {
        .init(range: start..<(start + size), pageOffset: page)
    }

    @Test func theExampleHostShowsItsDevicesAndWhatIsFree() throws {
        let text = try InventoryReport(Self.softReserved().observe()).text
        #expect(
            text == """
                No persistent memory: this host has no nvdimm bus.

                dax regions: memory blocks of 2 GiB, auto_online_blocks online
                  hmem.0: 64 GiB, align 2 MiB, at 0x1080000000, dynamic
                  free 36 GiB, largest range 26 GiB
                  [bbbbbbbbbbbbbbbbbb|.........|ccccc|..|ccccccccc|..............................]

                     DEVICE    SIZE  ALIGN  NODE  STATE                             ADDRESSES
                  -  dax0.0     0 B  2 MiB     2  no memory                         -
                  b  dax0.1  16 GiB  2 MiB     2  system-ram, 6 of 8 blocks online  0x1080000000-0x147fffffff
                  c  dax0.2  12 GiB  1 GiB     2  active                            0x1800000000-0x19ffffffff, 0x1680000000-0x177fffffff
                  .  free     8 GiB      -     -  -                                 0x1480000000-0x167fffffff
                  .  free     2 GiB      -     -  -                                 0x1780000000-0x17ffffffff
                  .  free    26 GiB      -     -  -                                 0x1a00000000-0x207fffffff

                  hmem.1: 64 GiB, align 2 MiB, at 0x2080000000, dynamic
                  free 0 B
                  [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]

                     DEVICE    SIZE  ALIGN  NODE  STATE   ADDRESSES
                  a  dax1.0  64 GiB  2 MiB     3  active  0x2080000000-0x307fffffff

                """)
    }

    @Test func aSimulatedHostKeepsItsRegionsInItsFileAndForgetsThemAtABoot() throws {
        let host = try Self.softReserved()
        let observed = try host.observe()
        #expect(try SimulatedHost(json: host.json).observe() == observed)
        #expect(try InventoryReader.read(Array(InventoryReport(observed).json.utf8)) == observed)
        #expect(observed.daxRegions[0].availableSize == .gib(36))
        #expect(
            observed.daxRegions[0].devices[1].memory == DaxDevice.Memory(online: 6, total: 8, isMovable: true)
        )
        try host.reboot()
        let booted = try host.observe().daxRegions[0]
        #expect(booted.devices.map(\.name) == ["dax0.0"] && booted.devices[0].size == .gib(64))
        #expect(booted.devices[0].driver == "device_dax" && booted.devices[0].targetNode == 2)
        #expect(booted.availableSize == .zero)
    }

    @Test(arguments: [
        (#"{"start": "0x100000000"}"#, "dax_regions[0].size: is missing"),
        (
            #"{"start": 0, "size": 4096, "devices": [{"number": 0, "ranges": [{"start": 4096, "size": 1}]}]}"#,
            "dax_regions[0].devices[0].ranges[0]: does not lie in the region"
        ),
        (
            #"{"start": 0, "size": 4096, "devices": [{"number": 0}, {"number": 0}]}"#,
            "dax_regions[0].devices[1]: has the number of another device, 0"
        ),
        (
            #"{"start": 0, "size": 4096, "devices": [{"number": 0, "ranges": "#
                + #"[{"start": 0, "size": 2}, {"start": 1, "size": 1}]}]}"#,
            "dax_regions[0].devices[0].ranges[1]: overlaps another range"
        ),
    ])
    func stateFilesThatContradictThemselvesAreRefused(region: String, message: String) {
        let error = #expect(throws: JSONError.self) {
            try SimulatedHost(
                json: #"{"format_version":1,"simulated_host":{"buses":[],"dax_regions":[\#(region)]}}"#)
        }
        #expect(error?.description == "simulated_host.\(message)")
    }

    /// daxctl lists the range with the highest offset first, leaves out what is free where that is nothing, says whether
    /// blocks are movable only where all are online, and does not know a device without a node.
    @Test func daxctlsDocumentHasItsWords() {
        let device = DaxRegion.Device(
            name: "dax0.1", size: .mib(256), align: .mib(2), targetNode: 1, driver: "kmem",
            mappings: [
                Self.mapping(0x1_1000_0000, 128 << 20), Self.mapping(0x1_0000_0000, 128 << 20, at: 0x8000),
            ],
            memoryBlocks: [
                .init(numbers: 34..<35, state: "online", zone: "Movable"),
                .init(numbers: 32..<33, state: "offline"),
            ])
        var other = DaxRegion.Device(name: "dax0.2", size: .zero, isNodeMissing: true)
        other.driver = "fsdev_dax"
        var region = DaxRegion(
            path: "/platform/hmem.0", id: 0, kind: .dynamic, size: .mib(256), start: 1 << 32, align: .mib(2),
            availableSize: .zero, devices: [device, other])
        func text() -> String { InventoryReport(Observed(buses: [], daxRegions: [region])).daxctlJSON }
        #expect(
            text() == #"""
                [
                  {
                    "path":"\/platform\/hmem.0",
                    "id":0,
                    "size":268435456,
                    "align":2097152,
                    "devices":[
                      {
                        "chardev":"dax0.1",
                        "size":268435456,
                        "target_node":1,
                        "align":2097152,
                        "mode":"system-ram",
                        "online_memblocks":1,
                        "total_memblocks":2,
                        "mappings":[
                          {
                            "page_offset":32768,
                            "start":4294967296,
                            "end":4429185023,
                            "size":134217728
                          },
                          {
                            "page_offset":0,
                            "start":4563402752,
                            "end":4697620479,
                            "size":134217728
                          }
                        ]
                      }
                    ]
                  }
                ]

                """#)
        region.devices[0].memoryBlocks = [.init(numbers: 32..<34, state: "online", zone: "Normal")]
        #expect(text().contains(#""movable":false"#))
        region.devices = []
        region.availableSize = .mib(2)
        #expect(!text().contains("devices") && text().contains(#""available_size":2097152"#))
        #expect(InventoryReport(Observed(buses: [])).daxctlJSON.isEmpty)
    }

    @Test func whatIsStrandedIsDrawnAndSaid() {
        let lost = DaxRegion.Device(
            name: "dax0.1", size: .mib(256), align: .mib(2),
            mappings: [Self.mapping(0x1_0000_0000, 256 << 20)], isStranded: true)
        let region = DaxRegion(
            path: "/platform/hmem.0", id: 0, kind: .dynamic, size: .gib(1), start: 1 << 32,
            availableSize: .mib(768), devices: [lost],
            strandedRanges: [0x1_0000_0000..<0x1_1000_0000, 0x1_2000_0000..<0x1_3000_0000])
        let lines = DaxRegionText(region).lines
        #expect(lines[1] == "free 768 MiB, largest range 256 MiB")
        #expect(
            lines[2] == "[aaaaaaaaaaaaaaaaaaa|...................|##################|...................]")
        #expect(lines.contains { $0.contains("device disabled, system memory") })
        #expect(lines.contains { $0.hasPrefix("#  free") && $0.contains("system memory until a reboot") })
        #expect(lines.contains("! dax0.1: the kernel uses its memory until a reboot"))
        #expect(lines.contains { $0.hasPrefix("! the kernel uses free memory of the region (#)") })
    }

    @Test func addressesThatAreNotKnownGiveNoMap() {
        let region = DaxRegion(
            path: "/platform/hmem.0", id: 0, kind: .dynamic, size: .gib(1), availableSize: .zero,
            devices: [.init(name: "dax0.0", size: .gib(1), driver: "device_dax")])
        let lines = DaxRegionText(region).lines
        #expect(lines[0] == "hmem.0: 1 GiB, dynamic" && lines[2] == "(no map: the addresses are not known)")
        #expect(lines.last == "-  dax0.0  1 GiB      -     -  active  -")
    }

    /// Whose memory a region is, by its path: daxctl does not say.
    @Test func aRegionOfVolatileCXLMemoryNamesItsRegionAndItsMemoryDevices() throws {
        var region = DaxRegion(
            path: "/platform/ACPI0017:00/root0/decoder0.0/region3/dax_region3", id: 3, kind: .dynamic,
            size: .gib(1), availableSize: .zero,
            devices: [.init(name: "dax3.0", size: .gib(1), driver: "device_dax")])
        #expect(DaxRegionText(region).lines[0] == "dax_region3: 1 GiB, dynamic, CXL region3")
        region.cxl = CXLRegion(
            name: "region3", decoder: "decoder0.0", granularity: ByteCount(256),
            targets: [
                CXLTarget(memdev: "mem1", serial: 4660, offset: .zero, length: .mib(512)),
                CXLTarget(memdev: "mem0", serial: 4369, offset: .zero, length: .mib(512)),
            ])
        #expect(
            DaxRegionText(region).lines[0]
                == "dax_region3: 1 GiB, dynamic, CXL region3 on mem1 (serial 4660), mem0 (serial 4369)")
        let observed = Observed(buses: [], daxRegions: [region])
        let json = InventoryReport(observed).json
        #expect(json.contains("\"interleave_granularity\": 256") && !json.contains("\"namespace\""))
        #expect(try InventoryReader.read(Array(json.utf8)) == observed)
        // The memory devices of such a region are not among those with persistent capacity.
        let redacted = Redaction(RedactionSecrets(observed: observed)).redacted("mem1 is 4660, or 0x1234")
        #expect(!redacted.contains("4660") && !redacted.contains("0x1234"))
    }

    /// The device of a namespace, and not the number of its region, which all namespaces of an nvdimm region share.
    @Test func aStaticRegionNamesItsNamespace() throws {
        func namespace(_ number: Int, _ name: String) -> Namespace {
            Namespace(
                device: "namespace0.\(number)", rawSize: .gib(1), mode: .devdax, name: name,
                characterDevice: "dax0.\(number)")
        }
        func region(_ number: Int) -> DaxRegion {
            DaxRegion(
                path: "/platform/e820_pmem/ndbus0/region0/dax0.\(number + 4)", id: 0, kind: .static,
                size: .gib(1), devices: [.init(name: "dax0.\(number)", size: .gib(1), driver: "kmem")])
        }
        let nvdimm = Region(
            device: "region0", size: .gib(4), namespaces: [namespace(0, "heap"), namespace(1, "pool")])
        let observed = Observed(
            buses: [
                Bus(device: "ndbus0", provider: "e820", scrubState: nil, dimms: [], regions: [nvdimm])
            ], daxRegions: [region(0), region(1), region(2)])
        let report = InventoryReport(observed)
        #expect(report.text.contains("dax0.4: 1 GiB, static, namespace heap\n"))
        #expect(report.text.contains("dax0.5: 1 GiB, static, namespace pool\n"))
        #expect(report.text.contains("dax0.6: 1 GiB, static\n"))
        let document = JSONCursor(try JSONValue(parsing: Array(report.json.utf8)))
        let named = try document.elements("dax_regions").map { try $0.optional("namespace")?.string() }
        #expect(named == ["namespace0.0", "namespace0.1", nil])
    }

    /// A devdax namespace shows its device itself: only what is not used as one is shown once more.
    @Test func regionsOfNamespacesAreShownOnlyWhereTheirDeviceIsNotUsedAsOne() {
        var region = DaxRegion(
            path: "/ndbus0/region0/dax0.0", id: 0, kind: .static, size: .gib(1), start: 1 << 32,
            devices: [
                .init(
                    name: "dax0.0", size: .gib(1), driver: "device_dax",
                    mappings: [Self.mapping(1 << 32, 1 << 30)])
            ])
        func text() -> String { InventoryReport(Observed(buses: [], daxRegions: [region])).text }
        #expect(!text().contains("dax"))
        region.devices[0].driver = "kmem"
        region.devices[0].memoryBlocks = [.init(numbers: 32..<40, state: "online", zone: "Normal")]
        #expect(text().contains("one device spans the region"))
        #expect(text().contains("! dax0.0: memory blocks in the zone Normal: 8; the kernel can rarely"))
    }
}
