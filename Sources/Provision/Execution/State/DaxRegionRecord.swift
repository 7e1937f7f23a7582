import SystemPackage
public import ProvisionCore

/// The devices of one dynamic dax region as daxprov made or adopted them. The kernel keeps neither names nor ranges over a boot: this
/// is all there is.
public struct DaxRegionRecord: Equatable, Sendable {
    /// Which region.
    public var region: DaxRegionIdentity
    /// What it was called: for words alone.
    public var regionName: String
    /// Its devices, in the order in which they were made.
    public var devices: [RecordedDevice]

    /// A record of these devices.
    init(region: DaxRegionIdentity, regionName: String, devices: [RecordedDevice]) {
        self.region = region
        self.regionName = regionName
        self.devices = devices
    }

    /// The records after these transitions.
    static func after(
        _ transitions: [DeviceTransition], from records: [DaxRegionRecord]
    ) -> [DaxRegionRecord] {
        var records = records
        for transition in transitions {
            let known = records.firstIndex { $0.region == transition.region }
            let index = known ?? records.count
            if known == nil {
                records.append(
                    DaxRegionRecord(
                        region: transition.region, regionName: transition.regionName, devices: []))
            }
            records[index].set(transition.after, for: transition.name)
        }
        return records
    }

    /// Records that the page maps of devices are to lie in their memory, where that was recorded of the same memory.
    mutating func keepPageMaps(of before: [DaxRegionRecord]) {
        let wished = before.filter { $0.region == region }.flatMap(\.devices).filter {
            $0.layout.use?.hasMemmapOnMemory == true
        }
        for index in devices.indices {
            guard case .systemRAM(let online, false)? = devices[index].layout.use,
                wished.contains(where: { $0.layout.ranges == devices[index].layout.ranges })
            else { continue }
            devices[index].layout.use = .systemRAM(online, memmapOnMemory: true)
        }
    }

    /// Records what a device is now; nil: it is not any more.
    mutating func set(_ layout: DeviceLayout?, for name: String) {
        // Which of its blocks are online is nothing that is kept.
        var layout = layout
        layout?.isPartlyOnline = false
        let index = devices.firstIndex { $0.name == name }
        switch (index, layout) {
        case (let index?, let layout?): devices[index].layout = layout
        case (nil, let layout?): devices.append(RecordedDevice(name: name, layout: layout))
        case (let index?, nil): devices.remove(at: index)
        case (nil, nil): break
        }
        // The same memory cannot be two devices: what another name had there is over.
        guard let layout else { return }
        devices.removeAll { $0.name != name && $0.layout.ranges.overlap(layout.ranges) }
    }
}

/// The records of dynamic dax regions: a file each, in the directory `dax-regions` of the state directory.
public struct DaxRegionStore: Sendable {
    /// The name of the directory.
    static let directory: FilePath.Component = "dax-regions"

    private let records: StateRecords<DaxRegionRecord>

    /// The records in a state directory.
    public init(_ directory: StateDirectory) {
        records = StateRecords(directory, Self.directory)
    }

    /// What there is.
    public typealias Found = FoundRecords<DaxRegionRecord>

    /// What is recorded, by the start of the regions. Writes nothing.
    public func found() throws(OperationError) -> Found {
        var found = try records.found()
        found.records.sort { $0.region.start < $1.region.start }
        return found
    }

    /// Writes records, durably, in place of those of the same regions. One without devices is removed.
    func write(_ all: [DaxRegionRecord]) throws(OperationError) {
        try records.write(all.filter { !$0.devices.isEmpty })
        for record in all where record.devices.isEmpty { try records.remove(record.key) }
    }
}

extension DaxRegionIdentity {
    /// What the file of its record is named by: the two numbers that are its identity.
    var recordKey: UUID { UUID(start, size.bytes) }
}

extension DaxRegionRecord: StateRecord {
    var key: UUID { region.recordKey }

    var json: JSONValue {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("name", regionName)
        region.describe(in: &node)
        node.set("devices", each: devices) { $0.json }
        return node
    }

    init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.requireFormatVersion(1)
        self.init(
            region: try DaxRegionIdentity(cursor), regionName: try cursor.required("name").string(),
            devices: try cursor.limitedList("devices") { item throws(JSONError) in try RecordedDevice(item) })
    }
}

extension Observed {
    /// The host with what is recorded of its dynamic dax regions: the names of their devices, and those that a boot has forgotten.
    public func remembering(_ records: [DaxRegionRecord]) -> Observed {
        guard !records.isEmpty else { return self }
        var observed = self
        for index in observed.daxRegions.indices where observed.daxRegions[index].kind == .dynamic {
            let region = observed.daxRegions[index]
            let possible = records.compactMap { record in
                region.located(at: record.region).map { (record, $0) }
            }
            guard let (record, located) = possible.first, possible.count == 1 else { continue }
            observed.daxRegions[index] = located
            observed.daxRegions[index].recorded = record.devices
            for number in observed.daxRegions[index].devices.indices {
                let ranges = observed.daxRegions[index].devices[number].mappings?.map(\.range) ?? []
                guard !ranges.isEmpty else { continue }
                observed.daxRegions[index].devices[number].recordedName =
                    record.devices.device(of: ranges)?.name
            }
        }
        return observed
    }
}
