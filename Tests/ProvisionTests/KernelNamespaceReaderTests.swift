import Testing

@testable import ProvisionCore
@testable import ProvisionHost

@Suite struct KernelNamespaceReaderTests {
    private static let label = "0188c2dc-1d8a-4a25-b1f7-9a2d5c9a8e4b"
    private static let block = "4f2f1a3e-6a1e-4d8c-8f11-0d9e0c2b7a55"

    private static func facts(
        _ labelling: RegionLabelling = .labelled, ways: Int = 1, badBlocks: [BadBlocks] = []
    ) -> RegionFacts {
        RegionFacts(
            labelling: labelling, interleaveWays: ways, numaNode: 1, targetNode: 3, start: 0x1_0000_0000,
            badBlocks: badBlocks, mayReadAddresses: true)
    }

    private static func attributes(
        size: String = "268435456", holder: String = "", holderClass: String = "", mode: String = "raw",
        extents: String = "1"
    ) -> [String: String] {
        [
            "size": size, "resource": "0x110000000", "holder": holder, "holder_class": holderClass,
            "mode": mode,
            "alt_name": "wal", "uuid": label, "dpa_extents": extents, "sector_size": "512 [4096]",
        ]
    }

    private static func read(_ tree: borrowing SysfsTree, _ facts: RegionFacts = facts()) throws -> Namespace?
    {
        let directory = try SysfsDirectory(tree.path)
        return SysfsNamespaceReader(region: facts).namespace("namespace0.1", in: directory)
    }

    @Test func anActiveFsdaxNamespaceHasTheAttributesOfItsClaim() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holder: "pfn0.2", holderClass: "pfn", mode: "memory"))
        try tree.device(
            "pfn0.2", ["size": "262144000", "uuid": Self.block, "align": "2097152", "mode": "pmem"])
        try tree.directory("pfn0.2/driver")
        try tree.directory("pfn0.2/block/pmem0.1")
        let expected = Namespace(
            device: "namespace0.1", resource: 0x1_1000_0000, rawSize: .mib(256), extents: 1, mode: .fsdax,
            recordedMode: .fsdax, isActive: true, usableSize: .mib(250), map: .dev, align: .mib(2),
            name: "wal",
            labelUUID: UUID(Self.label), infoBlockUUID: UUID(Self.block), blockDevice: "pmem0.1", numaNode: 1,
            targetNode: 3)
        #expect(try Self.read(tree) == expected)
    }

    @Test func aDevdaxNamespaceHasTheCharacterDeviceAndNotItsClaimsName() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holder: "dax0.0", holderClass: "dax", mode: "dax"))
        try tree.device("dax0.0", ["size": "266338304", "uuid": Self.block, "align": "4096", "mode": "ram"])
        for entry in ["driver", "dax_region", "dax0.1"] { try tree.directory("dax0.0/\(entry)") }
        let namespace = try #require(try Self.read(tree))
        #expect(namespace.characterDevice == "dax0.1")
        #expect(namespace.map == .mem)
        #expect(namespace.align == .kib(4))
        #expect(namespace.blockDevice == nil)
    }

    @Test func aSectorNamespaceHasTheSectorSizeOfItsInfoBlock() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holder: "btt0.0", holderClass: "btt", mode: "safe"))
        try tree.device(
            "btt0.0", ["size": "267096064", "uuid": Self.block, "sector_size": "512 520 [528] 4096"])
        try tree.directory("btt0.0/driver")
        try tree.directory("btt0.0/block/pmem0.1s")
        let namespace = try #require(try Self.read(tree))
        #expect(namespace.mode == .sector)
        #expect(namespace.sectorSize == 528)
        #expect(namespace.usableSize == ByteCount(267_096_064))
        #expect(namespace.align == nil && namespace.map == nil)
    }

    @Test func aDisabledNamespaceHasTheRecordedModeAndNotTheKernelsRaw() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holderClass: "pfn", mode: "raw"))
        let namespace = try #require(try Self.read(tree))
        #expect(namespace.mode == .fsdax)
        #expect(!namespace.isActive)
        #expect(namespace.usableSize == nil && namespace.infoBlockUUID == nil)
    }

    @Test func aClaimThatNoDriverHasBoundLeavesTheNamespaceInactive() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holder: "dax0.0", holderClass: "", mode: "dax"))
        try tree.device("dax0.0", ["uuid": Self.block, "align": "4096", "mode": "none"])
        let namespace = try #require(try Self.read(tree))
        #expect(!namespace.isActive)
        #expect(namespace.unfinished == .neverEnabled)
    }

    @Test func aRawNamespaceHasTheSectorSizeOfItsLabel() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes())
        try tree.directory("namespace0.1/driver")
        let namespace = try #require(try Self.read(tree))
        #expect(namespace.mode == .raw)
        #expect(namespace.recordedMode == nil)
        #expect(namespace.sectorSize == 4096)
        #expect(namespace.usableSize == .mib(256))
    }

    @Test func anUnclaimedNamespaceWithPageMapIsFsdaxInMemory() throws {
        let tree = try SysfsTree()
        try tree.device(
            "namespace0.1", ["size": "268435456", "holder": "", "holder_class": "", "mode": "memory"])
        try tree.directory("namespace0.1/driver")
        let namespace = try #require(try Self.read(tree, Self.facts(.labelLess)))
        #expect(namespace.mode == .fsdax && namespace.map == .mem && namespace.align == nil)
        #expect(namespace.name == nil && namespace.labelUUID == nil && namespace.extents == nil)
    }

    @Test func anIdleObjectIsNoNamespace() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(size: "0", holderClass: "pfn"))
        #expect(try Self.read(tree) == nil)
    }

    @Test(arguments: [("1", 1, 1), ("4", 4, 1), ("8", 4, 2), ("2", 1, 2), ("5", 4, 2), ("1", 2, 0)])
    func extentsAreCountedForEachDimm(all: String, ways: Int, each: Int) throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(extents: all))
        #expect(try Self.read(tree, Self.facts(ways: ways))?.extents == each)
    }

    @Test func mediaErrorsOfDevdaxCountFromItsDataAndLeaveOutTheRest() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes(holder: "dax0.0", holderClass: "dax", mode: "dax"))
        try tree.device(
            "dax0.0", ["size": "1048576", "resource": "0x110200000", "align": "4096", "mode": "pmem"])
        try tree.directory("dax0.0/driver")
        let data = (UInt64(0x1_1020_0000) - 0x1_0000_0000) / 512
        let errors = [
            BadBlocks(offset: 0, length: 8), BadBlocks(offset: data - 4, length: 8),
            BadBlocks(offset: data + 100, length: 1), BadBlocks(offset: data + 2047, length: 9),
            BadBlocks(offset: data + 2048, length: 1),
        ]
        let found = try Self.read(tree, Self.facts(badBlocks: errors))?.badBlocks
        #expect(
            found == [
                BadBlocks(offset: 0, length: 4), BadBlocks(offset: 100, length: 1),
                BadBlocks(offset: 2047, length: 1),
            ])
    }

    @Test func mediaErrorsOfABlockDeviceAreThoseThatItLists() throws {
        let tree = try SysfsTree()
        try tree.device("namespace0.1", Self.attributes())
        try tree.directory("namespace0.1/driver")
        try tree.device("namespace0.1/block/pmem0.1", ["badblocks": "16 8\n900 1"])
        let facts = Self.facts(badBlocks: [BadBlocks(offset: 1, length: 1)])
        #expect(
            try Self.read(tree, facts)?.badBlocks == [
                BadBlocks(offset: 16, length: 8), BadBlocks(offset: 900, length: 1),
            ])
    }
}
