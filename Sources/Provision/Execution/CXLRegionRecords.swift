import ProvisionCore

/// When CXL regions are recorded (docs/decisions/0035).
///
/// A region is recorded as it is whenever daxprov has left it as a profile says, and it holds a namespace: at the end of an apply, that
/// of one that had nothing to do too, and of a recovery that finishes one. What conflicts with a record was refused before
/// (``CXLRegionReview``), so the record that is replaced here had nothing to lose.
struct CXLRegionRecords {
    private let store: CXLRegionStore

    init(_ store: TransactionStore) {
        self.store = CXLRegionStore(store.directory)
    }

    /// Records the regions of these kernel names as they are.
    func record(_ devices: Set<String>, on observed: Observed) throws(OperationError) {
        let regions = observed.buses.filter { $0.provider == Bus.cxlProvider }.flatMap(\.regions)
            .filter { devices.contains($0.device) && $0.isEnabled && $0.cxl != nil }
        guard !regions.isEmpty else { return }
        let known = try store.found().records
        for region in regions {
            guard let record = CXLRegionRecord(region, among: observed.cxlMemdevs) else { continue }
            let related = known.filter { $0.overlaps(region.cxl?.targets ?? []) }
            if region.namespaces.isEmpty {
                if region.uninstantiated.isEmpty { try store.remove(related) }
                continue
            }
            if related != [record] {
                try store.write([record])
                try store.remove(related.filter { $0.key != record.key })
            }
        }
    }
}
