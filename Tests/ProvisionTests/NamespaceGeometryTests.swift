import ProvisionCore
import Testing

@Suite struct NamespaceGeometryTests {
    private static let base: UInt64 = 0x1_0000_0000

    /// Measured on a 6.1 kernel.
    @Test(
        arguments: [
            (16, MapLocation.dev, 14), (16, .mem, 14), (64, .dev, 62), (64, .mem, 62), (256, .dev, 250),
            (256, .mem, 254), (512, .dev, 502), (512, .mem, 510),
        ] as [(UInt64, MapLocation, UInt64)])
    func directAccessModesLoseInfoBlockAndPageMap(raw: UInt64, map: MapLocation, usable: UInt64) {
        for mode in [NamespaceMode.fsdax, .devdax] {
            for align in [Alignment.page, .huge] {
                let size = NamespaceGeometry.usableSize(
                    rawSize: .mib(raw), start: Self.base, mode: mode, map: map, align: align)
                #expect(size == .mib(usable))
            }
        }
    }

    @Test func aGiganticAlignmentCostsAGigabyteAtTheStartAndTheUnalignedTail() {
        func usable(_ raw: ByteCount, at start: UInt64) -> ByteCount? {
            NamespaceGeometry.usableSize(
                rawSize: raw, start: start, mode: .devdax, map: .dev, align: .gigantic)
        }
        #expect(usable(.gib(4), at: Self.base) == .gib(3))
        #expect(usable(.gib(4) + .mib(512), at: Self.base) == .gib(3))
        #expect(usable(.gib(4), at: Self.base + (16 << 20)) == .gib(3))
        #expect(usable(.gib(4), at: Self.base + (1008 << 20)) == .gib(2))
        #expect(usable(.gib(1), at: Self.base) == nil)
    }

    @Test func aMisalignedStartOrATooSmallSizeHasNoUsableSize() {
        func usable(_ raw: ByteCount, at start: UInt64, _ mode: NamespaceMode) -> ByteCount? {
            NamespaceGeometry.usableSize(rawSize: raw, start: start, mode: mode)
        }
        #expect(usable(.mib(64), at: Self.base + 4096, .fsdax) == nil)
        #expect(usable(.mib(64), at: Self.base + 4096, .raw) == .mib(64))
        #expect(usable(.mib(8), at: Self.base, .fsdax) == nil)
        #expect(usable(.mib(8), at: Self.base, .sector) == nil)
        #expect(usable(.mib(8), at: Self.base, .raw) == .mib(8))
        #expect(usable(.zero, at: Self.base, .raw) == nil)
        #expect(usable(ByteCount(.max), at: Self.base, .devdax) == nil)
    }

    /// 512 and 4096 measured on a 6.1 kernel; the others follow from internal sizes of 576, 4160 and 4224 bytes, which
    /// the kernel rounds to 64 (drivers/nvdimm/btt.h, `INT_LBASIZE_ALIGNMENT`).
    @Test(
        arguments: [
            (512, 266_194_944), (520, 236_807_168), (528, 236_807_168), (4096, 267_096_064),
            (4104, 262_971_392), (4160, 262_971_392), (4224, 258_977_792),
        ] as [(UInt32, UInt64)])
    func sectorModeLosesMapLogAndInfoBlocks(sector: UInt32, usable: UInt64) throws {
        let sectorSize = try #require(SectorSize(sector))
        let size = NamespaceGeometry.usableSize(
            rawSize: .mib(256), start: Self.base, mode: .sector, sectorSize: sectorSize)
        #expect(size == ByteCount(usable))
    }

    @Test func sectorModeDividesLargeNamespacesIntoArenasAndDropsATailBelowSixteenMebibytes() throws {
        func usable(_ raw: ByteCount) throws -> ByteCount {
            try #require(NamespaceGeometry.usableSize(rawSize: raw, start: Self.base, mode: .sector))
        }
        let full = try usable(.gib(512))
        let part = try usable(.mib(256))
        #expect(try usable(.gib(512) + .mib(256)) == full + part)
        #expect(try usable(.gib(1024)) == full * 2)
        #expect(try usable(.gib(512) + .mib(16) - .kib(4)) == full)
        #expect(try usable(.gib(512) + .mib(16)) > full)
    }

    @Test func versionOneLabelsCostSectorModeAnotherPage() {
        func usable(_ raw: ByteCount, _ labels: LabelVersion?) -> ByteCount? {
            NamespaceGeometry.usableSize(rawSize: raw, start: Self.base, mode: .sector, labels: labels)
        }
        #expect(usable(.mib(16), .v1_2) != nil)
        #expect(usable(.mib(16), .v1_1) == nil)
        #expect(usable(.mib(16) + .kib(4), .v1_1) == usable(.mib(16), .v1_2))
    }

    @Test func dataBeginsWhereTheKernelPutsIt() {
        func offset(_ mode: NamespaceMode, _ map: MapLocation?, labels: LabelVersion? = .v1_2) -> ByteCount? {
            NamespaceGeometry.dataOffset(
                rawSize: .mib(256), start: Self.base, mode: mode, map: map, labels: labels)
        }
        #expect(offset(.fsdax, .dev) == .mib(6))
        #expect(offset(.devdax, .mem) == .mib(2))
        #expect(offset(.raw, nil) == .zero)
        #expect(offset(.sector, nil) == .kib(4))
        #expect(offset(.sector, nil, labels: .v1_1) == .kib(8))
    }

    @Test(arguments: NamespaceMode.allCases, [1, 16, 250, 4096, 1 << 20] as [UInt64])
    func theInverseIsTheLeastSufficientMultiple(mode: NamespaceMode, mebibytes: UInt64) throws {
        let unit = ByteCount.mib(16)
        let usable = ByteCount.mib(mebibytes)
        let raw = try #require(
            NamespaceGeometry.rawSize(forUsable: usable, unit: unit, start: Self.base, mode: mode))
        #expect(raw.isMultiple(of: unit))
        func result(_ raw: ByteCount) -> ByteCount? {
            NamespaceGeometry.usableSize(rawSize: raw, start: Self.base, mode: mode)
        }
        #expect(try #require(result(raw)) >= usable)
        let below = raw - unit
        #expect((result(below) ?? .zero) < usable)
    }

    @Test func theInverseGivesUpWhereNoSizeSuffices() {
        #expect(
            NamespaceGeometry.rawSize(
                forUsable: ByteCount(1 << 62), unit: .mib(2), start: Self.base + 4096, mode: .fsdax) == nil)
        #expect(
            NamespaceGeometry.rawSize(forUsable: ByteCount(.max), unit: .mib(16), start: 0, mode: .raw) == nil
        )
    }
}
