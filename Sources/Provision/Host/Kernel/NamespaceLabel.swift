package import ProvisionCore

/// A label in its slot (UEFI 2.7; kernel drivers/nvdimm/label.h, `struct nd_namespace_label`).
package struct NamespaceLabel: Equatable {
    /// The UUID of the namespace.
    package var uuid: UUID
    /// Its name; nil where it is empty.
    package var name: String?
    /// The first DIMM physical address.
    package var offset: ByteCount
    /// The length on this DIMM.
    package var length: ByteCount
    /// All that it says: its bytes without the number of the slot that it lies in and the checksum over that.
    package var content: [UInt8]
    /// What of it the kernel would not write again, each in a phrase (``LabelFidelity``).
    package var losses: [String]

    /// Reads the label of a slot; nil where the kernel would not take it for one (label.c, `slot_valid`).
    package init?(_ bytes: [UInt8], slot: Int, version: LabelVersion) {
        guard LabelIndex.integer(bytes, at: 120, count: 4) == UInt64(slot),
            let uuid = UUID(bytes: Array(bytes[..<16]))
        else { return nil }
        if version == .v1_2 {
            guard LabelIndex.checksum(bytes, at: 248) == LabelIndex.integer(bytes, at: 248, count: 8) else {
                return nil
            }
        }
        self.init(uuid, bytes, version)
    }

    private init(_ uuid: UUID, _ bytes: [UInt8], _ version: LabelVersion) {
        let name = bytes[16..<80].prefix { $0 != 0 }
        self.uuid = uuid
        self.name = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        self.offset = ByteCount(LabelIndex.integer(bytes, at: 104, count: 8))
        self.length = ByteCount(LabelIndex.integer(bytes, at: 112, count: 8))
        self.content = Array(bytes[..<120] + bytes[124..<min(bytes.count, 248)])
        self.losses = LabelFidelity.losses(bytes, version: version)
    }

    /// The labels of the slots that an index has in use, from the bytes at the start of the area.
    package static func labels(_ index: LabelIndex, in area: [UInt8]) -> [NamespaceLabel] {
        index.used.compactMap { slot in
            let place = index.place(ofSlot: slot)
            guard place.offset + place.length <= UInt64(area.count) else { return nil }
            let bytes = area[Int(place.offset)..<Int(place.offset + place.length)]
            return NamespaceLabel(Array(bytes), slot: slot, version: index.version)
        }
    }

    /// The labels that lie in an area without a valid index, wherever they are: those in use when it was lost, and also
    /// those that had been freed, since nothing tells them apart.
    ///
    /// Those of version 1.2 are known by their checksum, at any place where a slot of any layout may lie; those of
    /// version 1.1, which have none, by the number of the slot that they are in, and by fields that no other bytes have.
    package static func stray(in area: [UInt8]) -> [NamespaceLabel] {
        let size = Int(LabelVersion.v1_2.labelSize)
        let checked = stride(from: 0, through: area.count - size, by: size).compactMap { start in
            guard area[start..<start + 16].contains(where: { $0 != 0 }) else { return NamespaceLabel?.none }
            return NamespaceLabel(checked: Array(area[start..<start + size]))
        }
        return checked.isEmpty ? strayOfVersion1(in: area) : checked
    }

    private static func strayOfVersion1(in area: [UInt8]) -> [NamespaceLabel] {
        let size = Int(LabelVersion.v1_1.labelSize)
        let start = Int(LabelIndex.prefixLength(areaSize: UInt32(clamping: area.count)))
        return stride(from: start, through: area.count - size, by: size).enumerated().compactMap {
            slot, start in
            let bytes = Array(area[start..<start + size])
            guard LabelIndex.integer(bytes, at: 112, count: 8) > 0, isPlausible(bytes) else { return nil }
            return NamespaceLabel(bytes, slot: slot, version: .v1_1)
        }
    }

    /// Whether the fields of a label have values that labels have: flags, the count of labels and the position of this
    /// one, the sector size, and the range.
    private static func isPlausible(_ bytes: [UInt8]) -> Bool {
        func field(_ offset: Int, _ count: Int) -> UInt64 {
            LabelIndex.integer(bytes, at: offset, count: count)
        }
        let (dpa, length) = (field(104, 8), field(112, 8))
        return bytes[..<16].contains { $0 != 0 } && field(80, 4) < 16 && field(86, 2) < max(field(84, 2), 1)
            && field(84, 2) <= 64 && field(96, 8) <= 1 << 16 && dpa < Region.maximumAddress
            && length < Region.maximumAddress
    }

    /// A label of version 1.2 by its checksum alone.
    private init?(checked bytes: [UInt8]) {
        guard LabelIndex.checksum(bytes, at: 248) == LabelIndex.integer(bytes, at: 248, count: 8),
            let uuid = UUID(bytes: Array(bytes[..<16])), !uuid.isNull
        else { return nil }
        self.init(uuid, bytes, .v1_2)
    }
}

extension NamespaceLabel {
    /// Whether the labels on the DIMMs of a region are not the same namespaces, or one of them has another length on one DIMM
    /// (drivers/nvdimm/namespace_devs.c, `select_pmem_id`, wants each on every DIMM).
    package static func disagree(_ areas: [[NamespaceLabel]]) -> Bool {
        func lengths(_ labels: [NamespaceLabel]) -> [UUID: ByteCount] {
            labels.reduce(into: [:]) { $0[$1.uuid] = ($0[$1.uuid] ?? .zero) + $1.length }
        }
        guard let first = areas.first.map(lengths) else { return false }
        return areas.dropFirst().contains { lengths($0) != first }
    }
}

extension Bus {
    /// The DIMMs with more labels in use than their regions show namespaces: only their slots need reading.
    package var dimmsWithHiddenLabels: Set<String> {
        let suspects = dimms.filter { dimm in
            guard let area = dimm.labelArea, let slots = area.slots, let free = area.availableSlots else {
                return false
            }
            let shown = regions.reduce(0) { sum, region in
                region.lies(on: dimm) ? sum + region.namespaces.count : sum
            }
            return slots - free - 1 > shown
        }
        return Set(suspects.map(\.device))
    }

    /// Adds to the enabled labelled regions the labels of a DIMM that no namespace stands for.
    package mutating func addUninstantiated(_ labels: [NamespaceLabel], of dimm: String) {
        for index in regions.indices where regions[index].isEnabled && regions[index].labelling == .labelled {
            guard let mapping = regions[index].mappings.first(where: { $0.dimm == dimm }) else { continue }
            for label in labels { regions[index].addUninstantiated(label, mapping) }
        }
    }
}

extension Region {
    fileprivate mutating func addUninstantiated(_ label: NamespaceLabel, _ mapping: Mapping) {
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
