import ProvisionCore

/// What becomes of the records of dynamic dax regions at the end of a transaction: they are written before the end is, by the run that
/// ends it or by recovery, so they are never behind what the journal says.
struct DaxRegionRecords {
    private let store: DaxRegionStore

    init(_ store: TransactionStore) {
        self.store = DaxRegionStore(store.directory)
    }

    /// Records what a transaction of which every step was done made.
    func settle(_ log: TransactionLog) throws(OperationError) {
        let transitions = log.header.steps.compactMap(\.transition)
        guard !transitions.isEmpty else { return }
        let touched = Set(transitions.map(\.region))
        let before = try store.found().records.filter { touched.contains($0.region) }
        var after = DaxRegionRecord.after(transitions, from: before)
        // A boot that could not put a page map where it was is no wish.
        if log.header.isAfterBoot {
            for index in after.indices { after[index].keepPageMaps(of: before) }
        }
        try store.write(after)
    }

    /// Records what was recorded, before a transaction that is undone, of what it touched.
    func settle(undone log: TransactionLog) throws(OperationError) {
        guard !log.touchedDaxRegions.isEmpty else { return }
        let now = try store.found().records
        try store.write(
            log.touchedDaxRegions.map { region in
                let before = log.header.before.daxRegion(region)
                var record =
                    now.first { $0.region == region }
                    ?? DaxRegionRecord(region: region, regionName: before?.name ?? "", devices: [])
                let touched = Set(
                    log.begun.keys.compactMap { log.header.steps[$0].transition }
                        .filter { $0.region == region }.map(\.name))
                for name in touched { record.set(nil, for: name) }
                // Those of others that the transaction had put out of the record come back with theirs.
                for device in before?.recorded ?? []
                where touched.contains(device.name)
                    || !record.devices.contains(where: { $0.name == device.name })
                {
                    record.set(device.layout, for: device.name)
                }
                return record
            })
    }

    /// Records the names of devices that are there already as a profile declares them.
    func adopt(_ profile: Profile, on now: Observed) throws(OperationError) {
        var changed: [DaxRegionRecord] = []
        let damaged = try store.found().damaged
        for assignment in DaxRegionMatcher.assign(profile.daxRegions, on: now).0 {
            guard let identity = assignment.region.identity, !damaged.contains(identity.recordKey) else {
                continue
            }
            var record = DaxRegionRecord(
                region: identity, regionName: assignment.region.name, devices: assignment.region.recorded)
            for entry in DaxDeviceMatching(assignment.block.devices, in: assignment.region).entries {
                guard let layout = entry.device?.layout else { continue }
                record.set(layout, for: entry.declaration.name.text)
            }
            if record.devices != assignment.region.recorded { changed.append(record) }
        }
        try store.write(changed)
    }
}
