public import ProvisionCore

/// What is left alone as long as an earlier transaction is not settled: it was interrupted and could not be recovered, or
/// it cannot be read, so that nobody knows whether it was. Elsewhere on the host work goes on.
public enum UnsettledRegions {
    /// A refusal for each transaction that cannot be read and that the plan has to do with. One of which not even the first
    /// record can be read may be about any region.
    static func refusals(
        for plan: Plan, on observed: Observed, _ unreadable: [UnreadableTransaction]
    ) -> [Refusal] {
        refusals(toTouch: Set(plan.steps.map(\.step.region)), on: observed, unreadable)
    }

    /// The same for undoing a transaction.
    public static func refusals(
        for log: TransactionLog, on observed: Observed, _ unreadable: [UnreadableTransaction]
    ) -> [Refusal] {
        refusals(toTouch: regions(of: log.header, on: observed), on: observed, unreadable)
    }

    /// The same for regions, by kernel name.
    static func refusals(
        toTouch touched: Set<String>, on observed: Observed, _ unreadable: [UnreadableTransaction]
    ) -> [Refusal] {
        guard !touched.isEmpty else { return [] }
        return unreadable.compactMap { transaction in
            let regions = transaction.header.map { Self.regions(of: $0, on: observed) }
            guard regions.map({ !$0.isDisjoint(with: touched) }) ?? true else { return nil }
            let place = touched.intersection(regions ?? touched).sorted().joined(separator: ", ")
            return refusal(transaction, place)
        }
    }

    /// A refusal to touch a place because of a transaction that cannot be read.
    static func refusal(_ transaction: UnreadableTransaction, _ address: String) -> Refusal {
        Refusal(
            .transactionUnreadable, address,
            "transaction \(transaction.name) may have been interrupted here, and cannot be read: "
                + transaction.error.description,
            advice: transaction.error.advice)
    }

    /// Whether a plan has to do with what one of these transactions touched. One that changes nothing says of no region
    /// that it is settled, so it has to do with all that are there.
    public static func concern(_ plan: Plan, on observed: Observed, _ open: [TransactionLog]) -> Bool {
        let touched = Set(plan.steps.map(\.step.region))
        return concern(
            touched.isEmpty ? Set(observed.regions.map(\.device) + observed.daxRegions.map(\.name)) : touched,
            on: observed, open)
    }

    /// Whether a profile declares what is in a region that one of these transactions has to do with: then the host is not as it says, as
    /// long as that one is not ended, whether the plan changes anything there or not.
    static func concern(_ profile: Profile, on observed: Observed, _ open: [TransactionLog]) -> Bool {
        let blocks = RegionMatcher.assign(profile.regions, on: observed).0.map(\.region.device)
        let divided = DaxRegionMatcher.assign(profile.daxRegions, on: observed).0.map(\.region.name)
        let others = profile.unmanaged == .destroy ? observed.regions.map(\.device) : []
        return concern(Set(blocks + divided + others), on: observed, open)
    }

    /// Whether a region has to do with what one of these transactions touched.
    public static func concern(region: String, on observed: Observed, _ open: [TransactionLog]) -> Bool {
        concern([region], on: observed, open)
    }

    /// Whether undoing a transaction has to do with what one of the others touched.
    public static func concern(_ log: TransactionLog, on observed: Observed, _ open: [TransactionLog]) -> Bool
    {
        concern(regions(of: log.header, on: observed), on: observed, open)
    }

    private static func concern(
        _ touched: Set<String>, on observed: Observed, _ open: [TransactionLog]
    ) -> Bool {
        open.contains { !regions(of: $0.header, on: observed).isDisjoint(with: touched) }
    }

    /// The kernel names now of the regions that a transaction may have changed, and of those that share a DIMM with one:
    /// undoing may write that DIMM's labels. A region that is not there now cannot be touched.
    static func regions(of header: JournalHeader, on observed: Observed) -> Set<String> {
        let then = Set(header.steps.compactMap(\.home))
        let regions = RegionsThenAndNow(header, observed)
        let dimms = header.before.identities(ofDimmsUnder: then.compactMap(header.region))
        let sharing = observed.regions.filter {
            !observed.identities(ofDimmsUnder: [$0]).isDisjoint(with: dimms)
        }
        let dax = header.steps.compactMap(\.transition).compactMap { observed.daxRegion($0.region)?.name }
        return Set((then.compactMap(regions.region) + sharing).map(\.device)).union(dax)
    }
}

extension Observed {
    /// The DIMMs' own identities of regions of this observation; DIMMs that have none are left out.
    fileprivate func identities(ofDimmsUnder regions: [Region]) -> Set<String> {
        let devices = Set(regions.map(\.device))
        var identities: Set<String> = []
        for bus in buses {
            for region in bus.regions where devices.contains(region.device) {
                identities.formUnion(bus.dimms(under: region).compactMap(\.uniqueID))
            }
        }
        return identities
    }
}
