@testable import ProvisionCore
@testable import ProvisionHost

/// A label area: its first bytes are the length that the area is said to have, less than 2^20.
enum LabelInput {
    static func run(_ input: [UInt8]) {
        guard input.count > 4 else { return }
        let size = UInt32(input[0]) << 12 | UInt32(input[1]) << 4 | UInt32(input[2]) >> 4
        let area = Array(input[3...])
        read(area, size)
        for labelSize in [128, 256] { read(repaired(area, size, labelSize), size) }
    }

    private static func read(_ area: [UInt8], _ size: UInt32) {
        _ = LabelIndex.usedSlots(areaSize: size, bytes: area)
        guard let index = LabelIndex.read(areaSize: size, bytes: area) else { return }
        var bus = Bus(
            device: "ndbus0", provider: "p", scrubState: nil, dimms: [],
            regions: [
                Region(
                    device: "region0", size: .gib(2), resource: 1 << 32,
                    mappings: [
                        Mapping(dimm: "nmem0", offset: .mib(16), length: .gib(1), position: 0),
                        Mapping(dimm: "nmem1", offset: .mib(16), length: .gib(1), position: 1),
                    ])
            ])
        bus.addUninstantiated(NamespaceLabel.labels(index, in: area), of: "nmem0")
        InventoryInput.view(SavedInventory(observed: Observed(buses: [bus]), limits: .none))
    }

    /// The area with the checksums of its index blocks and of its slots put right: no input finds them by itself.
    private static func repaired(_ area: [UInt8], _ size: UInt32, _ labelSize: Int) -> [UInt8] {
        var area = area
        let block = Int(LabelIndex.prefixLength(areaSize: size)) / 2
        for start in [0, block] where start + block <= area.count && block >= 72 {
            repair(&area, start..<start + block, at: 64)
        }
        for start in stride(from: 2 * block, through: area.count - labelSize, by: labelSize)
        where labelSize == 256 {
            repair(&area, start..<start + labelSize, at: 248)
        }
        return area
    }

    private static func repair(_ area: inout [UInt8], _ range: Range<Int>, at offset: Int) {
        let sum = LabelIndex.checksum(Array(area[range]), at: offset)
        for byte in 0..<8 {
            area[range.lowerBound + offset + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt64(byte)))
        }
    }
}
