import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// What the simulated kernel makes of a namespace and what the planner predicts were written apart, from the kernel's
/// source and from measurements; here each checks the other.
@Suite struct SimulatedGeometryTests {
    /// Sizes around every edge: the minimum, an arena, and numbers that no alignment divides.
    private static let sizes: [UInt64] = [
        0, 4096, (16 << 20) - 4096, 16 << 20, (16 << 20) + 4096, 48 << 20, 250 << 20, 1000 << 20, 1 << 30,
        (1 << 30) + (16 << 20), 4 << 30, (512 << 30) - 4096, 512 << 30, (512 << 30) + (16 << 20),
        (1536 << 30) + (15 << 20), 3 << 40,
    ]
    private static let starts: [UInt64] = [
        0x1_0000_0000, 0x1_0020_0000, 0x1_0100_0000, 0x1_3f00_0000, 0x1_0000_1000, 0x240_0000_0000,
    ]

    @Test(arguments: starts)
    func bothPutTheDataOfAPageMappedNamespaceAtTheSamePlace(start: UInt64) {
        for size in Self.sizes {
            for align in [Alignment.page, .huge, .gigantic] {
                for map in MapLocation.allCases {
                    let made = SimulatedGeometry.pageMapped(
                        start: start, size: size, isMapOnDevice: map == .dev, align: align.size.bytes)
                    let planned = NamespaceGeometry.usableSize(
                        rawSize: ByteCount(size), start: start, mode: .fsdax, map: map, align: align)
                    #expect(made?.length == planned?.bytes, "\(size) at \(start), \(align), \(map)")
                    guard let made else { continue }
                    let offset = NamespaceGeometry.dataOffset(
                        rawSize: ByteCount(size), start: start, mode: .fsdax, map: map, align: align)
                    #expect(made.offset == offset?.bytes, "\(size) at \(start), \(align), \(map)")
                }
            }
        }
    }

    @Test(arguments: SectorSize.supported)
    func bothDivideASectorModeNamespaceIntoTheSameSectors(sector: UInt32) {
        for size in Self.sizes {
            for labels in [LabelVersion.v1_1, .v1_2] {
                let made = SimulatedGeometry.translated(
                    size: size, sector: UInt64(sector), isSecondVersion: labels == .v1_2)
                let planned = NamespaceGeometry.usableSize(
                    rawSize: ByteCount(size), start: 0x1_0000_0000, mode: .sector,
                    sectorSize: SectorSize(sector),
                    labels: labels)
                #expect(made == planned?.bytes, "\(size), \(sector), \(labels)")
            }
        }
    }

    /// A simulator that called the planner's functions would agree with every mistake of theirs.
    @Test func theSimulatorCallsNoneOfThePlannersArithmetic() throws {
        let folder = "../../Sources/Provision/Host/Simulated"
        let files = TestFiles.names(in: folder, endingWith: ".swift")
        #expect(files.count > 10)
        for file in files where file != "SimulatedGeometry" {
            let text = try TestFiles.text("\(folder)/\(file).swift")
            for name in [
                "NamespaceGeometry", "AllocationUnit", "ExtentMap", "FreeSpace", "MediaWrites", "dataRange",
                "RawAccess.",
            ] {
                #expect(!text.contains(name), "\(file) uses \(name)")
            }
        }
    }

    @Test func measuredSizesComeOut() {
        func mapped(_ mebibytes: UInt64, _ isMapOnDevice: Bool) -> UInt64? {
            SimulatedGeometry.pageMapped(
                start: 0x1_0000_0000, size: mebibytes << 20, isMapOnDevice: isMapOnDevice, align: 2 << 20
            )
            .map { $0.length >> 20 }
        }
        #expect(mapped(16, true) == 14 && mapped(64, true) == 62 && mapped(256, true) == 250)
        #expect(mapped(256, false) == 254 && mapped(512, true) == 502 && mapped(512, false) == 510)
        #expect(
            SimulatedGeometry.translated(size: 256 << 20, sector: 4096, isSecondVersion: true) == 267_096_064)
        #expect(
            SimulatedGeometry.translated(size: 256 << 20, sector: 512, isSecondVersion: true) == 266_194_944)
    }
}
