/// What an index block of a label area says (UEFI 2.7; kernel drivers/nvdimm/label.h, `struct nd_namespace_index`).
struct LabelIndex: Equatable {
    /// The version of the labels.
    var version: LabelVersion
    /// The number of slots, free or not.
    var slots: Int

    /// The length of the two index blocks of the version that needs the longest ones (1.1, 128-byte labels).
    static func prefixLength(areaSize: UInt32) -> UInt32 {
        let blocks = blockSize(areaSize: UInt64(areaSize), labelSize: 128) * 2
        return UInt32(clamping: blocks)
    }

    /// Reads the valid index blocks at the start of a label area; nil where none is valid. Two valid blocks of one
    /// area always agree in what is read here.
    static func read(areaSize: UInt32, bytes: [UInt8]) -> LabelIndex? {
        for version in [LabelVersion.v1_1, .v1_2] {
            let size = blockSize(areaSize: UInt64(areaSize), labelSize: version.labelSize)
            for start in [0, size] where start + size <= UInt64(bytes.count) {
                let block = bytes[Int(start)..<Int(start + size)]
                if let index = LabelIndex(block: Array(block), at: start, version: version) { return index }
            }
        }
        return nil
    }

    /// Where the slots from the first to the last one in use lie; nil where no index is valid.
    ///
    /// A slot is in use where its bit in the active index's bitmap is clear. Two valid blocks: the one with the later
    /// sequence number, of 1, 2, 3, 1, ... (label.c, `to_current_namespace_index`).
    static func usedSlots(areaSize: UInt32, bytes: [UInt8]) -> (offset: UInt32, length: UInt32)? {
        for version in [LabelVersion.v1_1, .v1_2] {
            let size = blockSize(areaSize: UInt64(areaSize), labelSize: version.labelSize)
            let blocks = [0, size].filter { $0 + size <= UInt64(bytes.count) }
                .map { start in (start, Array(bytes[Int(start)..<Int(start + size)])) }
                .filter { LabelIndex(block: $0.1, at: $0.0, version: version) != nil }
                .map(\.1)
            guard let active = blocks.max(by: { isLater(sequence($1), than: sequence($0)) }) else { continue }
            let slots = Int(integer(active, at: 56, count: 4))
            let last = (0..<slots).last { active[72 + $0 / 8] >> UInt8($0 % 8) & 1 == 0 }
            let count = UInt64(last.map { $0 + 1 } ?? 0)
            return (UInt32(size * 2), UInt32(clamping: count * version.labelSize))
        }
        return nil
    }

    private static func sequence(_ block: [UInt8]) -> UInt64 { integer(block, at: 20, count: 4) & 3 }

    private static func isLater(_ left: UInt64, than right: UInt64) -> Bool { left == right % 3 + 1 }

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

    /// Fletcher's sum over little-endian 32-bit words, with the checksum's own field as zero (`nd_fletcher64`).
    private static func checksum(_ block: [UInt8]) -> UInt64 {
        var low: UInt32 = 0
        var high: UInt64 = 0
        for offset in stride(from: 0, to: block.count - 3, by: 4) {
            let isOwnField = (checksumOffset..<checksumOffset + 8).contains(offset)
            low &+= isOwnField ? 0 : UInt32(truncatingIfNeeded: integer(block, at: offset, count: 4))
            high &+= UInt64(low)
        }
        return high << 32 | UInt64(low)
    }

    private static func integer(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension LabelVersion {
    fileprivate var labelSize: UInt64 { self == .v1_1 ? 128 : 256 }
    fileprivate var minor: UInt64 { self == .v1_1 ? 1 : 2 }
}
