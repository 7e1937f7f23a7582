import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

@Suite struct UninstantiatedLabelTests {
    private static func put(_ value: UInt64, _ count: Int, at offset: Int, in bytes: inout [UInt8]) {
        for byte in 0..<count { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }

    /// A label area of 128 KiB whose slots 0, 1, ... hold labels; the second index block is the later one.
    private static func area(_ labels: [[UInt8]], freed: Set<Int> = []) -> [UInt8] {
        var area = [UInt8](repeating: 0, count: 128 << 10)
        for number in 0..<2 {
            var block = [UInt8](repeating: 0, count: 256)
            block.replaceSubrange(0..<16, with: Array("NAMESPACE_INDEX\0".utf8))
            put(UInt64(1 + number), 4, at: 20, in: &block)
            put(UInt64(number * 256), 8, at: 24, in: &block)
            put(510, 4, at: 56, in: &block)
            put(1, 2, at: 60, in: &block)
            put(2, 2, at: 62, in: &block)
            for slot in 0..<510 where number == 0 || slot >= labels.count || freed.contains(slot) {
                block[72 + slot / 8] |= 1 << UInt8(slot % 8)
            }
            put(LabelIndex.checksum(block), 8, at: 64, in: &block)
            area.replaceSubrange(number * 256..<(number + 1) * 256, with: block)
        }
        for (slot, label) in labels.enumerated() {
            area.replaceSubrange(512 + slot * 256..<512 + (slot + 1) * 256, with: label)
        }
        return area
    }

    private static func label(
        slot: Int, uuid: UInt8, name: String, offset: ByteCount, length: ByteCount
    ) -> [UInt8] {
        var label = [UInt8](repeating: 0, count: 256)
        for byte in 0..<16 { label[byte] = uuid }
        label.replaceSubrange(16..<16 + name.utf8.count, with: Array(name.utf8))
        put(offset.bytes, 8, at: 104, in: &label)
        put(length.bytes, 8, at: 112, in: &label)
        put(UInt64(slot), 4, at: 120, in: &label)
        put(LabelIndex.checksum(label, at: 248), 8, at: 248, in: &label)
        return label
    }

    private static func labels(_ area: [UInt8]) throws -> [NamespaceLabel] {
        let index = try #require(LabelIndex.read(areaSize: 128 << 10, bytes: Array(area[..<4096])))
        return NamespaceLabel.labels(index, in: area)
    }

    private static let shown = label(slot: 0, uuid: 1, name: "wal", offset: .mib(8), length: .mib(32))
    private static let hidden = label(slot: 1, uuid: 2, name: "lost", offset: .mib(72), length: .mib(64))

    @Test func theLaterIndexSaysWhichSlotsAreInUse() throws {
        let labels = try Self.labels(Self.area([Self.shown, Self.hidden]))
        #expect(labels.map(\.name) == ["wal", "lost"])
        #expect(labels.map(\.offset) == [.mib(8), .mib(72)])
        #expect(labels.map(\.length) == [.mib(32), .mib(64)])
        #expect(try Self.labels(Self.area([Self.shown, Self.hidden], freed: [0])).map(\.name) == ["lost"])
    }

    @Test func aSlotThatTheKernelWouldNotTakeForALabelIsLeftOut() throws {
        var torn = Self.hidden
        torn[20] ^= 1
        #expect(try Self.labels(Self.area([Self.shown, torn])).map(\.name) == ["wal"])
        let elsewhere = Self.label(slot: 7, uuid: 2, name: "moved", offset: .mib(72), length: .mib(64))
        #expect(try Self.labels(Self.area([Self.shown, elsewhere])).map(\.name) == ["wal"])
    }

    /// Two DIMMs whose share begins at 8 MiB, with one namespace at the region's start.
    private static func bus(availableSlots: Int) throws -> Bus {
        let wal = try #require(UUID(bytes: [UInt8](repeating: 1, count: 16)))
        let area = LabelArea(size: .kib(128), version: .v1_2, slots: 510, availableSlots: availableSlots)
        let region = Region(
            device: "region0", size: .mib(512), resource: 1 << 32,
            mappings: (0..<2).map { (way: Int) in
                Mapping(dimm: "nmem\(way)", offset: .mib(8), length: .mib(256), position: way)
            },
            namespaces: [
                Namespace(
                    device: "namespace0.0", resource: 1 << 32, rawSize: .mib(64), extents: 1, mode: .raw,
                    name: "wal", labelUUID: wal)
            ])
        return Bus(
            device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil,
            dimms: (0..<2).map { Dimm(device: "nmem\($0)", labelArea: area) }, regions: [region])
    }

    @Test func onlyDimmsWithMoreLabelsThanNamespacesAreSuspect() throws {
        #expect(try Self.bus(availableSlots: 508).dimmsWithHiddenLabels.isEmpty)
        #expect(try Self.bus(availableSlots: 507).dimmsWithHiddenLabels == ["nmem0", "nmem1"])
    }

    @Test func aLabelWithoutNamespaceTakesItsRangeOfTheRegionOnce() throws {
        var bus = try Self.bus(availableSlots: 507)
        let labels = try Self.labels(Self.area([Self.shown, Self.hidden]))
        for dimm in ["nmem0", "nmem1"] { bus.addUninstantiated(labels, of: dimm) }
        let found = try #require(bus.regions.first?.uninstantiated)
        #expect(found.map(\.extent) == [Extent(offset: .mib(128), length: .mib(128))])
        #expect(found.map(\.name) == ["lost"])
        #expect(found.map(\.dimms) == [["nmem0", "nmem1"]])
        let map = try #require(bus.regions.first.flatMap { ExtentMap(of: $0) })
        #expect(map.gaps.map(\.length) == [.mib(64), .mib(256)])
        #expect(bus.regions.first?.freeExtents?.map(\.length) == [.mib(64), .mib(256)])
        let report = InventoryReport(Observed(buses: [bus]))
        #expect(try InventoryReader.read(Array(report.json.utf8)) == Observed(buses: [bus]))
    }

    @Test func labelsAreFoundWhoseIndexIsLostAndNothingElseIsTakenForOne() {
        var area = Self.area([Self.shown, Self.hidden])
        for byte in 0..<512 { area[byte] = 0 }
        #expect(NamespaceLabel.stray(in: area).map(\.name) == ["wal", "lost"])
        area[512 + 20] ^= 1
        #expect(NamespaceLabel.stray(in: area).map(\.name) == ["lost"])
        #expect(NamespaceLabel.stray(in: [UInt8](repeating: 0, count: 128 << 10)).isEmpty)
        #expect(NamespaceLabel.stray(in: [UInt8](repeating: 0xff, count: 128 << 10)).isEmpty)
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<(32 << 10)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(NamespaceLabel.stray(in: noise).isEmpty)
        #expect(NamespaceLabel.stray(in: [1, 2, 3]).isEmpty)
    }

    @Test func labelsOfVersion1AreFoundByTheirSlot() {
        var area = [UInt8](repeating: 0, count: 128 << 10)
        let start = Int(LabelIndex.prefixLength(areaSize: 128 << 10))
        var label = Array(
            Self.label(slot: 2, uuid: 9, name: "old", offset: .mib(8), length: .mib(32))[..<128])
        Self.put(1, 2, at: 84, in: &label)
        area.replaceSubrange(start + 256..<start + 384, with: label)
        #expect(NamespaceLabel.stray(in: area).map(\.name) == ["old"])
        area.replaceSubrange(start + 256..<start + 384, with: [UInt8](repeating: 0, count: 128))
        area.replaceSubrange(start + 384..<start + 512, with: label)
        #expect(NamespaceLabel.stray(in: area).isEmpty)
    }

    /// A change of a label's bytes, and what it makes of what the kernel would write back.
    @Test(arguments: [
        (place: 16, bytes: [0x61], lost: false), (place: 80, bytes: [8], lost: false),
        (place: 96, bytes: [0, 0x10], lost: false), (place: 80, bytes: [1], lost: true),
        (place: 80, bytes: [4], lost: true), (place: 18, bytes: [0xc3, 0xa0], lost: true),
        (place: 16, bytes: [0x20], lost: true), (place: 16, bytes: [0xff], lost: true),
        (place: 40, bytes: [1], lost: true), (place: 96, bytes: [0, 8], lost: true),
        (place: 124, bytes: [21], lost: true), (place: 144, bytes: [1], lost: true),
        (place: 200, bytes: [1], lost: true),
        (place: 16, bytes: [UInt8](repeating: 0x61, count: 64), lost: true),
        (
            place: 144,
            bytes: [
                0xba, 0x00, 0x64, 0x26, 0x9f, 0xfb, 0x77, 0x46, 0xbc, 0xb0, 0x96, 0x8f, 0x11, 0xd0, 0xd2,
                0x25,
            ], lost: false
        ),
        (
            place: 144,
            bytes: [
                0xa2, 0x63, 0xed, 0x8a, 0xa2, 0x29, 0x66, 0x4c, 0x8b, 0x12, 0xf0, 0x5d, 0x15, 0xd3, 0x92,
                0x2a,
            ], lost: true
        ),
    ])
    func whatTheKernelWouldNotWriteBackIsKnown(place: Int, bytes: [UInt8], lost: Bool) {
        var label = Self.shown
        #expect(LabelFidelity.losses(label, version: .v1_2) == [])
        label.replaceSubrange(place..<place + bytes.count, with: bytes)
        #expect(LabelFidelity.losses(label, version: .v1_2).isEmpty == !lost)
    }
}
