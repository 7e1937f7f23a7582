package import ProvisionCore

/// What an index block of a label area says (UEFI 2.7; kernel drivers/nvdimm/label.h, `struct nd_namespace_index`).
package struct LabelIndex: Equatable {
    /// The version of the labels.
    package var version: LabelVersion
    /// The number of slots, free or not.
    package var slots: Int
    /// The slots that are in use, in order: those whose bit is clear.
    package var used: [Int]
    /// 1, 2, 3, 1, ...: one more at every update.
    package private(set) var sequence: UInt64
    /// The size of each of the two blocks.
    private var blockSize: UInt64

    /// The length of the two index blocks of the version that needs the longest ones (1.1, 128-byte labels).
    package static func prefixLength(areaSize: UInt32) -> UInt32 {
        let blocks = blockSize(areaSize: UInt64(areaSize), labelSize: 128) * 2
        return UInt32(clamping: blocks)
    }

    /// Reads the valid index blocks at the start of a label area: the later one of two (label.c, `best_seq`); nil
    /// where none is valid.
    package static func read(areaSize: UInt32, bytes: [UInt8]) -> LabelIndex? {
        let valid = Self.blocks(areaSize: areaSize, bytes: bytes).compactMap { $0 }
        return valid.first.map { first in valid.dropFirst().reduce(first) { $0.later($1) } }
    }

    /// The two index blocks at the start of a label area, in their order, nil where one is not valid: those of the first version of which
    /// one is. Empty where none is valid.
    package static func blocks(areaSize: UInt32, bytes: [UInt8]) -> [LabelIndex?] {
        for version in [LabelVersion.v1_1, .v1_2] {
            let size = blockSize(areaSize: UInt64(areaSize), labelSize: version.labelSize)
            let blocks = [0, size].map { start -> LabelIndex? in
                guard start + size <= UInt64(bytes.count) else { return nil }
                let block = Array(bytes[Int(start)..<Int(start + size)])
                return LabelIndex(block: block, at: start, version: version)
            }
            if blocks.contains(where: { $0 != nil }) { return blocks }
        }
        return []
    }

    /// Where in the area a slot lies, and how long it is.
    package func place(ofSlot slot: Int) -> (offset: UInt64, length: UInt64) {
        (blockSize * 2 + UInt64(slot) * version.labelSize, version.labelSize)
    }

    /// Where the slots from the first to the last one in use lie; nil where no index is valid.
    package static func usedSlots(areaSize: UInt32, bytes: [UInt8]) -> (offset: UInt32, length: UInt32)? {
        read(areaSize: areaSize, bytes: bytes).map { index in
            let start = index.place(ofSlot: 0).offset
            let end = index.used.last.map { index.place(ofSlot: $0 + 1).offset } ?? start
            return (UInt32(start), UInt32(clamping: end - start))
        }
    }

    private func later(_ other: LabelIndex) -> LabelIndex {
        other.sequence == sequence % 3 + 1 ? other : self
    }

    private init?(block: [UInt8], at start: UInt64, version: LabelVersion) {
        guard Array(block[..<16]) == Self.signature else { return nil }
        guard Self.integer(block, at: 60, count: 2) == 1 else { return nil }
        guard Self.integer(block, at: 62, count: 2) == version.minor else { return nil }
        guard Self.integer(block, at: 20, count: 4) & 3 != 0 else { return nil }
        guard Self.integer(block, at: 24, count: 8) == start else { return nil }
        guard Self.checksum(block) == Self.integer(block, at: Self.checksumOffset, count: 8) else {
            return nil
        }
        self.version = version
        self.slots = Int(Self.integer(block, at: 56, count: 4))
        self.sequence = Self.integer(block, at: 20, count: 4) & 3
        self.blockSize = UInt64(block.count)
        let bitmap = block[Int(Self.headerSize)...]
        self.used = (0..<min(slots, bitmap.count * 8)).filter { slot in
            bitmap[bitmap.startIndex + slot / 8] & (1 << UInt8(slot % 8)) == 0
        }
    }

    private static let signature = Array("NAMESPACE_INDEX\0".utf8)
    private static let checksumOffset = 64
    private static let headerSize: UInt64 = 72
    private static let blockUnit: UInt64 = 256

    /// The size of one index block, as the kernel computes it (label.c, `sizeof_namespace_index`).
    private static func blockSize(areaSize: UInt64, labelSize: UInt64) -> UInt64 {
        func size(slots: UInt64) -> UInt64 {
            (headerSize + (slots + 7) / 8 + blockUnit - 1) / blockUnit * blockUnit
        }
        let most = areaSize / labelSize
        guard areaSize >= 2 * size(slots: most) else { return blockUnit }
        return size(slots: (areaSize - 2 * size(slots: most)) / labelSize)
    }

    /// Fletcher's sum over little-endian 32-bit words, with the checksum's own field (at `checksumOffset`) as zero (`nd_fletcher64`).
    package static func checksum(_ block: [UInt8], at checksumOffset: Int = checksumOffset) -> UInt64 {
        var low: UInt32 = 0
        var high: UInt64 = 0
        for offset in stride(from: 0, to: block.count - 3, by: 4) {
            let isOwnField = (checksumOffset..<checksumOffset + 8).contains(offset)
            low &+= isOwnField ? 0 : UInt32(truncatingIfNeeded: integer(block, at: offset, count: 4))
            high &+= UInt64(low)
        }
        return high << 32 | UInt64(low)
    }

    /// The little-endian number at an offset.
    package static func integer(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension LabelVersion {
    package var labelSize: UInt64 { self == .v1_1 ? 128 : 256 }
    fileprivate var minor: UInt64 { self == .v1_1 ? 1 : 2 }
}
