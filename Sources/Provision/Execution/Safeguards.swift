public import SystemPackage
public import ProvisionCore

/// What an application takes into account beside the profile and the host: what was protected, and where it records.
public struct Safeguards: Sendable {
    /// The marks of protected namespaces.
    public var marks: [ProtectionMark]
    /// Where marks are kept and transactions recorded; nil where nothing is.
    public var stateDirectory: FilePath?
    /// Why the marks are not known; nil where they are.
    public var unknown: String?
    /// The transactions that cannot be read: what they concerned is left alone.
    public var unreadable: [UnreadableTransaction] = []

    /// What is recorded of dynamic dax regions.
    public var daxRegions: [DaxRegionRecord] = []
    /// What the files of damaged records of dynamic dax regions are named by.
    public var damagedDaxRegions: [UUID] = []

    /// What is recorded of CXL regions.
    public var cxlRegions: [CXLRegionRecord] = []
    /// What the files of damaged records of CXL regions are named by.
    public var damagedCXLRegions: [UUID] = []

    /// The transactions that were interrupted, oldest first.
    public var interrupted: [TransactionLog] = []

    /// Nothing is protected, and nothing recorded.
    public static let none = Safeguards(marks: [], stateDirectory: nil, unknown: nil)

    /// The safeguards in a state directory. Writes nothing.
    /// - Parameter others: other state directories of the same host, whose marks protect as well.
    public init(reading store: TransactionStore, andMarksIn others: [StateDirectory] = []) {
        stateDirectory = store.directory.path
        marks = []
        let directories = [store.directory] + others.filter { $0.path != store.directory.path }
        do throws(OperationError) {
            // What is known protects, whether the transactions can be listed or not. Whoever cannot list them cannot begin one either.
            let readings = Result { () throws(OperationError) in try store.readings() }
            unreadable = (try? readings.get()).map(TransactionStore.unreadable) ?? []
            for directory in directories { marks += try ProtectionStore(directory).marks() }
            interrupted = try store.interrupted(among: try readings.get())
            let found = try DaxRegionStore(store.directory).found()
            daxRegions = found.records
            damagedDaxRegions = found.damaged
            let regions = try CXLRegionStore(store.directory).found()
            cxlRegions = regions.records
            damagedCXLRegions = regions.damaged
        } catch {
            unknown = error.description
        }
    }

    private init(marks: [ProtectionMark], stateDirectory: FilePath?, unknown: String?) {
        self.marks = marks
        self.stateDirectory = stateDirectory
        self.unknown = unknown
    }

    /// Throws where the marks are not known: then nothing may be changed.
    public func requireKnown() throws(OperationError) {
        guard let unknown else { return }
        throw OperationError(
            record: .unusable, unknown, advice: "\(UntouchedText.advice), since it may be protected")
    }
}

extension Safeguards {
    /// What is checked of a plan with what is protected and recorded.
    /// - Parameter isAfterBoot: whether the plan puts back what a boot forgot.
    func reviews(
        for profile: Profile, on observed: Observed, isAfterBoot: Bool = false
    ) -> [any PlanReview] {
        [
            ProtectionReview(marks: marks, on: observed, isAfterBoot: isAfterBoot),
            UnsettledReview(unreadable: unreadable, observed: observed),
            DamagedRecordReview(damaged: damagedDaxRegions),
            MovedRegionReview(records: daxRegions, observed: observed),
            CXLRegionReview(
                records: cxlRegions, damaged: damagedCXLRegions, profile: profile, observed: observed,
                place: (stateDirectory?.appending(CXLRegionStore.directory)).map(\.string)
                    ?? CXLRegionStore.directory.string),
            DeclaredProtectionReview(profile: profile, observed: observed, unknown: unknown),
        ]
    }
}

/// Refuses to divide a dax region as long as what is recorded of it cannot be read: whose memory is whose is not known then. What a
/// record is named by says which region it is of.
private struct DamagedRecordReview: PlanReview {
    let damaged: [UUID]

    func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for key in damaged {
            guard
                let step = plan.steps.lazy.compactMap(\.step.transition).first(where: {
                    $0.region.recordKey == key
                })
            else { continue }
            plan.refusals.append(
                Refusal(
                    .notListed, step.regionName,
                    "what is recorded of its devices is damaged (\(DaxRegionStore.directory)/\(key) in the state directory)",
                    advice:
                        "bring that file back, or remove it: then all of its memory that no device has counts as free"
                ))
        }
        return plan
    }
}

/// Refuses to divide a dax region over the devices that are recorded of a region that is not there as it was, and lay where this one does:
/// a boot has laid the memory out anew, and what the devices held may be there still.
private struct MovedRegionReview: PlanReview {
    let records: [DaxRegionRecord]
    let observed: Observed

    func completed(_ plan: Plan) -> Plan {
        var plan = plan
        for record in records where !record.devices.isEmpty && observed.daxRegion(record.region) == nil {
            let step = plan.steps.lazy.compactMap(\.step.transition).first {
                $0.region.range.overlaps(record.region.range)
            }
            guard let step else { continue }
            plan.refusals.append(
                Refusal(
                    .hostChanged, step.regionName,
                    "\(record.devices.map(\.name).joined(separator: ", ")) lay in a region \(record.region) that is not there, and "
                        + "some of that memory would be divided anew",
                    advice: "see daxprov inventory; if what they held may go, remove "
                        + "\(DaxRegionStore.directory)/\(record.key) from the state directory"))
        }
        return plan
    }
}

/// Adds to a plan the refusals for regions in which a transaction may have been interrupted that cannot be read.
private struct UnsettledReview: PlanReview {
    let unreadable: [UnreadableTransaction]
    let observed: Observed

    func completed(_ plan: Plan) -> Plan {
        var plan = plan
        plan.refusals += UnsettledRegions.refusals(for: plan, on: observed, unreadable)
        return plan
    }
}

/// Adds to a plan what the profile protects and cannot be marked, and that the marks are not known.
private struct DeclaredProtectionReview: PlanReview {
    let profile: Profile
    let observed: Observed
    let unknown: String?

    func completed(_ plan: Plan) -> Plan {
        var plan = plan
        plan.notes += ProtectionReview.protected(by: profile, on: observed).notes
        if let unknown, !plan.changes.isEmpty {
            plan.notes.append(
                Note(
                    .protectionUnknown, "marks", "which namespaces are protected is not known: \(unknown)",
                    advice: "an apply is refused as long as that is so"))
        }
        return plan
    }
}
