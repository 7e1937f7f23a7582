public import ProvisionCore

/// What was interrupted, and how the host differs from what the last application left.
public struct HostStatus: Sendable {
    /// The names of the transactions that did not end.
    public var interrupted: [String] = []
    /// The transactions that cannot be read: they may have been interrupted too.
    public var unreadable: [UnreadableTransaction] = []
    /// The last transaction that can be read; nil where there is none.
    public var newest: TransactionSummary?
    /// The name of the last application that ended and was not undone; nil where there is none.
    public var last: String? { lastSummary?.id }
    /// What changed since that.
    public var drift: [HostDrift.Difference] = []
    /// Why the drift is not known; nil where it is.
    public var unknown: String?
    /// The protected namespaces.
    public var protected: [ProtectionMark]
    /// Those of them whose label no namespace shows; none where the host could not be observed.
    public private(set) var unseenMarks: [ProtectionMark] = []
    /// The disabled regions in which a namespace with an unseen mark can lie, by the UUID in its label.
    private(set) var disabledRegions: [UUID: [String]] = [:]
    /// The transaction of ``last``.
    public private(set) var lastSummary: TransactionSummary?
    /// The host as it was found; nil where it was not looked at, or could not be.
    public var observed: Observed?
    /// The DIMMs that report something, as far as that could be seen.
    public private(set) var troubledDimms: [Dimm] = []
    /// Whether the boot unit ran; nil where there is none.
    public var bootUnit: BootUnit?
    /// The devices that are to be memory after a boot.
    public var kept: [KeptDevice]
    /// The wipes that did not end.
    public var unfinishedWipes: [WipeRecord]
    /// Who else makes memory of dax devices; nil where that was not looked at.
    public var memoryAgents: MemoryAgents?

    /// The recorded CXL regions that are not there as they were.
    public private(set) var cxlRegions: [CXLRegionStanding] = []
    /// Soft-reserved memory that a newer kernel would make system RAM of; nil where there is none, or it is not known.
    public private(set) var softReserved: SoftReservedRisk?

    /// Whether something must be ended before the host is known to be in one state.
    public var isUnsettled: Bool { !interrupted.isEmpty || !unreadable.isEmpty }

    /// What daxctl's files come to here; none where they were not looked at.
    public var daxctlEffects: [DaxctlEffect] {
        memoryAgents.map { DaxctlEffect.all($0, kept: kept, on: observed) } ?? []
    }

    /// The status of the host that `observe` shows.
    /// - Parameter always: whether the host must be seen where there is nothing to compare it with as well.
    public init(
        of store: TransactionStore, observingAlways always: Bool = false,
        observe: () throws(OperationError) -> Observed
    ) throws(OperationError) {
        protected = try ProtectionStore(store.directory).marks()
        kept = try KeptDeviceStore(store.directory).kept().devices
        let cxlRecords = try CXLRegionStore(store.directory).found().records
        unfinishedWipes = try WipeStore(store).unfinished()
        var ended: [TransactionSummary] = []
        for reading in try store.readings() {
            switch reading {
            case .unreadable(let transaction): unreadable.append(transaction)
            case .readable(let summary):
                if summary.end == nil { interrupted.append(summary.id) }
                // What a boot put back is no application of anybody's, and clearing errors changes no layout.
                if !summary.isApplication { continue }
                newest = summary
                if summary.end == .committed || summary.end == .incomplete { ended.append(summary) }
            }
        }
        let after = result(of: ended, in: store)
        let isCompared = always || after != nil || !cxlRecords.isEmpty
        do throws(OperationError) {
            let now = try observe()
            let protection = Protection(protected, on: now)
            unseenMarks = protection.hidden
            for mark in unseenMarks {
                let regions = protection.disabledRegions(thatMayHide: mark)
                if !regions.isEmpty { disabledRegions[mark.labelUUID] = regions }
            }
            troubledDimms = now.buses.flatMap(\.dimms).filter { !$0.trouble.isEmpty }
            if isCompared { observed = now }
            cxlRegions = CXLRegionStanding.all(cxlRecords, on: now)
            softReserved = SoftReservedRisk(of: now)
            if let after { drift = HostDrift(from: after, to: now).differences }
        } catch {
            if isCompared { unknown = error.description }
        }
    }

    /// The host as the last of these transactions left it. One that cannot be read to its end is said to be such a one.
    private mutating func result(of ended: [TransactionSummary], in store: TransactionStore) -> Observed? {
        for summary in ended.reversed() {
            do throws(OperationError) {
                guard let after = try store.log(summary.id).after else { continue }
                lastSummary = summary
                return after
            } catch {
                unreadable.append(UnreadableTransaction(name: summary.id, error: error, header: nil))
            }
        }
        return nil
    }
}
