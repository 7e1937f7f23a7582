/// A label in its slot (UEFI 2.7; kernel drivers/nvdimm/label.h, `struct nd_namespace_label`).
struct LabelSlot: Equatable {
    /// The UUID of the namespace.
    var uuid: UUID
    /// Its name; nil where it is empty.
    var name: String?
    /// The first DIMM physical address.
    var offset: ByteCount
    /// The length on this DIMM.
    var length: ByteCount

    /// Reads the label of a slot; nil where the kernel would not take it for one (label.c, `slot_valid`).
    init?(_ bytes: [UInt8], slot: Int, version: LabelVersion) {
        guard LabelIndex.integer(bytes, at: 120, count: 4) == UInt64(slot),
            let uuid = UUID(bytes: Array(bytes[..<16]))
        else { return nil }
        if version == .v1_2 {
            guard LabelIndex.checksum(bytes, at: 248) == LabelIndex.integer(bytes, at: 248, count: 8) else {
                return nil
            }
        }
        let name = bytes[16..<80].prefix { $0 != 0 }
        self.uuid = uuid
        self.name = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        self.offset = ByteCount(LabelIndex.integer(bytes, at: 104, count: 8))
        self.length = ByteCount(LabelIndex.integer(bytes, at: 112, count: 8))
    }

    /// The labels of the slots that an index has in use, from the bytes at the start of the area.
    static func labels(_ index: LabelIndex, in area: [UInt8]) -> [LabelSlot] {
        index.used.compactMap { slot in
            let place = index.place(ofSlot: slot)
            guard place.offset + place.length <= UInt64(area.count) else { return nil }
            let bytes = area[Int(place.offset)..<Int(place.offset + place.length)]
            return LabelSlot(Array(bytes), slot: slot, version: index.version)
        }
    }
}

extension Bus {
    /// The DIMMs with more labels in use than their regions show namespaces: only their slots need reading.
    var dimmsWithHiddenLabels: Set<String> {
        let suspects = dimms.filter { dimm in
            guard let area = dimm.labelArea, let slots = area.slots, let free = area.availableSlots else {
                return false
            }
            let shown = regions.reduce(0) { sum, region in
                region.mappings.contains { $0.dimm == dimm.device } ? sum + region.namespaces.count : sum
            }
            return slots - free - 1 > shown
        }
        return Set(suspects.map(\.device))
    }

    /// Adds to the enabled labelled regions the labels of a DIMM that no namespace stands for.
    mutating func addUninstantiated(_ labels: [LabelSlot], of dimm: String) {
        for index in regions.indices where regions[index].isEnabled && regions[index].labelling == .labelled {
            guard let mapping = regions[index].mappings.first(where: { $0.dimm == dimm }) else { continue }
            for label in labels { regions[index].addUninstantiated(label, mapping) }
        }
    }
}

extension Region {
    fileprivate mutating func addUninstantiated(_ label: LabelSlot, _ mapping: Mapping) {
        guard label.offset >= mapping.offset, label.offset < mapping.offset + mapping.length else { return }
        let ways = UInt64(interleaveWays)
        guard let length = label.length.multiplied(by: ways), length > .zero else { return }
        let extent = Extent(
            offset: (label.offset - mapping.offset) * ways, length: min(length, size))
        guard !namespaces.contains(where: { $0.labelUUID == label.uuid }) else { return }
        let known = uninstantiated.firstIndex { $0.uuid == label.uuid && $0.extent == extent }
        if let known {
            uninstantiated[known].dimms.append(mapping.dimm)
        } else {
            uninstantiated.append(
                UninstantiatedLabel(extent: extent, uuid: label.uuid, name: label.name, dimms: [mapping.dimm])
            )
        }
    }
}
