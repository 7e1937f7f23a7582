package import ProvisionCore

/// What a label says that the kernel would not write again: each store to a namespace's attributes writes its label
/// anew, from what the kernel keeps of it (drivers/nvdimm/label.c, `__pmem_label_update`).
///
/// A label without such things can be taken away and given again through sysfs, to the byte but for what is no one's
/// choice: its slot, the interleave set's cookie, and the flag for an update in progress.
package enum LabelFidelity {
    /// What is lost, each in a phrase; empty where nothing is.
    /// - Parameter bytes: the label's slot.
    package static func losses(_ bytes: [UInt8], version: LabelVersion) -> [String] {
        var losses: [String] = []
        if let loss = nameLoss(Array(bytes[16..<80])) { losses.append(loss) }
        let flags = LabelIndex.integer(bytes, at: 80, count: 4)
        if flags & ~updating != 0 {
            losses.append(
                flags & readOnly != 0
                    ? "it is marked read-only (flag ROLABEL)" : "its flags are \(Hexadecimal.number(flags))")
        }
        let sectors = LabelIndex.integer(bytes, at: 96, count: 8)
        var kind = Abstraction.none
        if version == .v1_2 {
            let guid = Array(bytes[144..<160])
            guard let known = Abstraction(rawValue: guid) else {
                return losses + ["its abstraction GUID \(text(guid)) is none that the kernel knows"]
            }
            kind = known
            if bytes[124] != 0 { losses.append("it has an alignment (\(bytes[124]))") }
            if bytes[125..<128].contains(where: { $0 != 0 }) || bytes[160..<248].contains(where: { $0 != 0 })
            {
                losses.append("its reserved bytes are not zero")
            }
        }
        if !kind.keeps(sectorSize: sectors) {
            losses.append("its sector size is \(sectors)")
        }
        if kind == .tableOfVersion1 {
            losses.append(
                "it names a translation table of version 1.1, which the kernel calls 2 when it is set")
        }
        return losses
    }

    /// NSLABEL_FLAG_UPDATING: set while the kernel updates all labels of a namespace.
    private static let updating: UInt64 = 1 << 3
    /// NSLABEL_FLAG_ROLABEL.
    private static let readOnly: UInt64 = 1 << 0

    private static func nameLoss(_ field: [UInt8]) -> String? {
        let name = field.prefix { $0 != 0 }
        guard name.count < field.count else { return "its name has 64 bytes, and 63 can be written" }
        if field[name.count...].contains(where: { $0 != 0 }) { return "bytes follow the end of its name" }
        let text = String(decoding: name, as: UTF8.self)
        guard Array(text.utf8) == Array(name) else { return "its name is not UTF-8" }
        if name.contains(UInt8(ascii: "\n")) { return "its name has a line end" }
        return NamespaceName.isCut(name)
            ? "its name begins or ends with a byte that the kernel takes for white space" : nil
    }

    /// What a namespace's space is used as, by the GUID as its bytes lie in a label (drivers/nvdimm/label.h,
    /// `NVDIMM_BTT_GUID` and its like).
    private enum Abstraction: CaseIterable {
        case none, tableOfVersion1, table, pages, direct

        init?(rawValue bytes: [UInt8]) {
            guard let found = Self.allCases.first(where: { $0.bytes == bytes }) else { return nil }
            self = found
        }

        private var bytes: [UInt8] {
            switch self {
            case .none: [UInt8](repeating: 0, count: 16)
            case .tableOfVersion1:
                [
                    0xa2, 0x63, 0xed, 0x8a, 0xa2, 0x29, 0x66, 0x4c, 0x8b, 0x12, 0xf0, 0x5d, 0x15, 0xd3, 0x92,
                    0x2a,
                ]
            case .table:
                [
                    0xfc, 0x3b, 0x63, 0x18, 0x35, 0x17, 0x17, 0x42, 0x8a, 0xc9, 0x17, 0x23, 0x92, 0x82, 0xd3,
                    0xf8,
                ]
            case .pages:
                [
                    0xba, 0x00, 0x64, 0x26, 0x9f, 0xfb, 0x77, 0x46, 0xbc, 0xb0, 0x96, 0x8f, 0x11, 0xd0, 0xd2,
                    0x25,
                ]
            case .direct:
                [
                    0x9c, 0x6d, 0xa8, 0x97, 0xdd, 0x3c, 0xda, 0x4e, 0x98, 0x6f, 0x50, 0x68, 0xb4, 0xf8, 0x00,
                    0x88,
                ]
            }
        }

        /// Whether a sector size that the label says comes back. 0 means 512. Translation tables and devdax have none of
        /// their label's (btt.c keeps its own), and of an fsdax namespace it is not recorded.
        func keeps(sectorSize: UInt64) -> Bool {
            switch self {
            case .none: sectorSize == 0 || SectorSize.supported.contains(UInt32(clamping: sectorSize))
            case .pages: sectorSize == 0 || sectorSize == 512
            case .tableOfVersion1, .table, .direct: true
            }
        }
    }

    private static func text(_ guid: [UInt8]) -> String {
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        return UUID(bytes: order.map { guid[$0] })?.description ?? "unknown"
    }
}
