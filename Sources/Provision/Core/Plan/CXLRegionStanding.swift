/// A recorded CXL region that is not there as it was.
public struct CXLRegionStanding: Equatable, Sendable {
    /// What it was.
    public var record: CXLRegionRecord
    /// What became of it.
    public var kind: Kind
    /// The memory devices as they are called now, in the recorded order; nil where one is not there.
    public var memdevs: [String]?
    /// The serials of memory devices that are not there.
    public var absent: [UInt64]

    /// What became of a region.
    public enum Kind: Equatable, Sendable {
        /// There is no nvdimm region on its memory devices. With the name of the CXL region that they are in all the same: it has no
        /// driver then.
        case missing(disabled: String?)
        /// There is a region on some of the same memory, of this kernel name and this name on the CXL bus, and it is another.
        case changed(device: String, cxl: String?, differences: [String])
    }

    /// The recorded regions that are not as they were, in the order in which they have to be made again: a memory device hands its
    /// addresses out upwards.
    ///
    /// A region whose label areas hold no label has nothing to lose: another may take its place.
    package static func all(_ records: [CXLRegionRecord], on observed: Observed) -> [CXLRegionStanding] {
        records.sorted { $0.lastOffset < $1.lastOffset }.flatMap { standings(of: $0, on: observed) }
    }

    private static func standings(
        of record: CXLRegionRecord, on observed: Observed
    ) -> [CXLRegionStanding] {
        let buses = observed.buses.filter { $0.provider == Bus.cxlProvider }
        var related: [(region: Region, bus: Bus)] = []
        for bus in buses {
            for region in bus.regions {
                let isSame =
                    region.cxl.map { record.overlaps($0.targets) }
                    ?? (region.interleaveSetID == record.cookie)
                if isSame { related.append((region, bus)) }
            }
        }
        let memdevs = record.serials.map { serial in
            observed.cxlMemdevs.filter { $0.serial == serial }
        }
        let names = memdevs.compactMap { $0.count == 1 ? $0[0].name : nil }
        func standing(_ kind: Kind) -> CXLRegionStanding {
            CXLRegionStanding(
                record: record, kind: kind, memdevs: names.count == record.ways ? names : nil,
                absent: zip(record.serials, memdevs).compactMap { $1.isEmpty ? $0 : nil })
        }
        guard !related.isEmpty else {
            let ids = Set(record.serials.flatMap(Bus.cxlIDs(ofSerial:)))
            let dimms = buses.flatMap(\.dimms).filter { $0.uniqueID.map(ids.contains) ?? false }
            if dimms.count == record.ways, dimms.allSatisfy(\.hasNoLabels) { return [] }
            let shared = memdevs.map { Set($0.flatMap(\.regions)) }
            let common = shared.dropFirst().reduce(shared.first ?? []) { $0.intersection($1) }
                .subtracting(buses.flatMap(\.regions).compactMap { $0.cxl?.name })
            return [standing(.missing(disabled: common.count == 1 ? common.first : nil))]
        }
        return related.compactMap { region, bus in
            let differences = record.differences(from: region)
            let dimms = bus.dimms(under: region)
            guard !differences.isEmpty, !dimms.allSatisfy(\.hasNoLabels) else { return nil }
            return standing(
                .changed(device: region.device, cxl: region.cxl.map(\.name), differences: differences))
        }
    }
}

extension CXLRegionRecord {
    fileprivate var lastOffset: ByteCount { members.map(\.offset).max() ?? .zero }
}

extension Dimm {
    /// Whether its label area is known to have an index, and no label in use. The kernel keeps one slot for updates.
    package var hasNoLabels: Bool {
        guard let slots = labelArea?.slots, let free = labelArea?.availableSlots else { return false }
        return slots - free - 1 <= 0
    }
}

extension CXLRegionStanding {
    /// What became of the region, in a sentence without its end.
    public var message: String {
        switch kind {
        case .missing:
            let gone =
                absent.isEmpty
                ? "" : "; of these \(absent.map { "\($0)" }.joined(separator: " ")) is not there"
            return
                "the CXL region of \(record.size) on the memory devices with the serials \(record.serialWords) is missing\(gone)"
        case .changed(let device, _, let differences):
            return "\(device) came back as another region: \(differences.joined(separator: "; ")). "
                + "Data written before is scrambled or out of sight, and writing would destroy it"
        }
    }

    /// What brings the recorded region back: commands, or what has to be there first.
    public var advice: String {
        guard let memdevs else {
            let names = absent.map { "\($0)" }.joined(separator: " ")
            return absent.isEmpty
                ? "several memory devices have one serial: tell them apart before the region is made again (cxl list -M)"
                : "bring the memory device with the serial \(names) back first (cxl list -M lists those that are there)"
        }
        let creation =
            "cxl create-region -m -t pmem -d \(record.decoder) -w \(record.ways) -g \(record.granularity.bytes) -s \(record.size.bytes) "
            + memdevs.joined(separator: " ")
        switch kind {
        case .missing(let disabled?): return "bring it back: cxl enable-region \(disabled)"
        case .missing(nil): return "bring it back: \(creation)"
        case .changed(let device, let cxl?, _):
            return "make it anew as it was: ndctl disable-region \(device) && cxl disable-region \(cxl) && "
                + "cxl destroy-region \(cxl) && \(creation)"
        case .changed(_, nil, _): return "make it anew as it was: \(creation)"
        }
    }
}
