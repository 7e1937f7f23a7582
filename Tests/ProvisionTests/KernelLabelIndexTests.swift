import Testing

@testable import ProvisionHost

@Suite struct KernelLabelIndexTests {
    private static let areaSize: UInt32 = 128 * 1024

    /// The two index blocks of an empty label area, as the kernel and libndctl write them.
    private static func area(minor: UInt8, labelSize: Int, slots: Int, blockSize: Int = 256) -> [UInt8] {
        var area = [UInt8](repeating: 0xff, count: Int(areaSize))
        for number in 0..<2 {
            var block = [UInt8](repeating: 0, count: blockSize)
            block.replaceSubrange(0..<16, with: Array("NAMESPACE_INDEX\0".utf8))
            block[19] = UInt8(labelSize >> 8)
            put(UInt64(3 - number), 4, at: 20, in: &block)
            put(UInt64(number * blockSize), 8, at: 24, in: &block)
            put(UInt64(blockSize), 8, at: 32, in: &block)
            put(UInt64((1 - number) * blockSize), 8, at: 40, in: &block)
            put(UInt64(2 * blockSize), 8, at: 48, in: &block)
            put(UInt64(slots), 4, at: 56, in: &block)
            put(1, 2, at: 60, in: &block)
            put(UInt64(minor), 2, at: 62, in: &block)
            for free in 72..<72 + slots / 8 { block[free] = 0xff }
            put(fletcher(block), 8, at: 64, in: &block)
            area.replaceSubrange(number * blockSize..<(number + 1) * blockSize, with: block)
        }
        return area
    }

    private static func put(_ value: UInt64, _ count: Int, at offset: Int, in block: inout [UInt8]) {
        for byte in 0..<count { block[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }

    private static func fletcher(_ block: [UInt8]) -> UInt64 {
        var low: UInt32 = 0
        var high: UInt64 = 0
        for word in stride(from: 0, to: block.count, by: 4) {
            low &+= block[word..<word + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            high &+= UInt64(low)
        }
        return high << 32 | UInt64(low)
    }

    private static func read(_ area: [UInt8]) -> LabelIndex? {
        let prefix = Int(LabelIndex.prefixLength(areaSize: areaSize))
        return LabelIndex.read(areaSize: areaSize, bytes: Array(area[..<prefix]))
    }

    @Test func versionAndSlotsOfBothFormatsAreRead() throws {
        let old = try #require(Self.read(Self.area(minor: 1, labelSize: 128, slots: 1020)))
        #expect(old.version == .v1_1 && old.slots == 1020)
        let new = try #require(Self.read(Self.area(minor: 2, labelSize: 256, slots: 510)))
        #expect(new.version == .v1_2 && new.slots == 510)
    }

    /// A label of version 1.2 with this UUID, name and start, in that slot.
    private static func label(_ uuid: UInt8, _ name: String, at start: UInt64 = 0, slot: Int = 0) throws
        -> NamespaceLabel
    {
        var bytes = [UInt8](repeating: 0, count: 256)
        for byte in 0..<16 { bytes[byte] = uuid }
        bytes.replaceSubrange(16..<16 + name.utf8.count, with: Array(name.utf8))
        put(start, 8, at: 104, in: &bytes)
        put(4096, 8, at: 112, in: &bytes)
        put(UInt64(slot), 4, at: 120, in: &bytes)
        put(LabelIndex.checksum(bytes, at: 248), 8, at: 248, in: &bytes)
        return try #require(NamespaceLabel(bytes, slot: slot, version: .v1_2))
    }

    /// A cut of the power between the label writes of two DIMMs: only then may saved label areas be written back.
    @Test func labelsOfARegionDisagreeWhereOneIsMissingOnADIMM() throws {
        let (one, two) = (try Self.label(1, "a"), try Self.label(2, "b", at: 8192))
        #expect(!NamespaceLabel.disagree([]) && !NamespaceLabel.disagree([[one], [one]]))
        #expect(!NamespaceLabel.disagree([[one, two], [try Self.label(2, "b", at: 4096), one]]))
        #expect(NamespaceLabel.disagree([[one, two], [one]]) && NamespaceLabel.disagree([[], [one]]))
        #expect(NamespaceLabel.disagree([[one], [two]]))
        #expect(NamespaceLabel.disagree([[one], [one, try Self.label(1, "a", at: 8192, slot: 1)]]))
    }

    @Test func aSlotIsNoDifferenceBetweenLabelsAndEverythingElseIs() throws {
        let old = [try Self.label(1, "a"), try Self.label(2, "b"), try Self.label(2, "b", at: 8192)]
        func changes(_ now: NamespaceLabel...) -> Set<String> {
            Set(LabelChange.changes(from: old, to: now).map(\.description))
        }
        let moved = try Self.label(1, "a", slot: 9)
        #expect(changes(old[2], old[1], moved).isEmpty)
        #expect(changes(moved, old[1]) == ["b was changed"])
        #expect(changes(try Self.label(1, "c"), old[1], old[2]) == ["c was changed"])
        #expect(changes(old[1], old[2]) == ["a was destroyed"])
        #expect(changes(old[0], old[1], old[2], try Self.label(3, "d")) == ["d was created"])
    }

    @Test func oneValidBlockIsEnough() {
        var area = Self.area(minor: 2, labelSize: 256, slots: 510)
        area[100] ^= 1
        #expect(Self.read(area)?.slots == 510)
    }

    @Test func aTornIndexIsNone() {
        var area = Self.area(minor: 2, labelSize: 256, slots: 510)
        area[100] ^= 1
        area[256 + 100] ^= 1
        #expect(Self.read(area) == nil)
    }

    @Test func aFreshAreaHasNoIndex() {
        #expect(Self.read([UInt8](repeating: 0, count: Int(Self.areaSize))) == nil)
        #expect(Self.read([UInt8](repeating: 0xff, count: Int(Self.areaSize))) == nil)
    }

    @Test(arguments: [UInt32(0), 1, 255, 256, 1024, 131_072, 2 << 20, .max])
    func anyAreaSizeIsReadWithoutATrap(size: UInt32) {
        let length = min(LabelIndex.prefixLength(areaSize: size), size)
        #expect(
            LabelIndex.read(areaSize: size, bytes: [UInt8](repeating: 0, count: Int(min(length, 4096))))
                == nil)
    }
}
