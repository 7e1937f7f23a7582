public import ProvisionCore
public import ProvisionHost

/// A transaction as its journal tells it.
public struct TransactionLog: Equatable, Sendable {
    /// What it is, and the host before it.
    public var header: JournalHeader
    /// The identities that steps gave, by the steps' numbers; a step without one never began.
    public var begun: [Int: FreshIdentity] = [:]
    /// The numbers of the steps that were performed and read back.
    public var done: Set<Int> = []
    /// What the steps that were done left.
    public var results: [Int: StepResult] = [:]
    /// What was saved of namespaces' media, with the step that it was saved for, its region, and the offset in that.
    public var ranges: [(step: Int, region: RegionThen, offset: ByteCount, range: SavedRange)] = []
    /// What namespaces held before steps, by the steps' numbers.
    public var samples: [Int: MediaSample] = [:]
    /// The disabled namespaces that were looked at before steps, by the steps' numbers and their kernel names then.
    var looked: [Int: String] = [:]
    /// What was saved of DIMMs' labels.
    public var labels: [SavedLabels] = []
    /// The namespaces that undoing made to keep places.
    public var placeholders: [Placeholder] = []
    /// The metadata, as ranges of their regions, of what steps made and undoing saw running as it was made.
    public var accounted: [Int: [Extent]] = [:]
    /// The labels under which what was saved lies on the media again, each with the boot in which it was written; nil where that is not known.
    public var returned: [UUID: String?] = [:]
    /// What namespaces that steps configure anew hold where their users can write then, if nobody has written there.
    public var expected: [Int: MediaSample] = [:]
    /// The regions whose old labels undoing has written back, or was about to.
    public var labelsRestored: Set<RegionThen> = []
    /// What was agreed to when undoing began, in the words of `--allow-destroy`.
    public var agreed: Set<String> = []
    /// The kernel's policy for new memory blocks, where a step or undoing was about to change it for a while, and did not come to give it
    /// back.
    public var memoryPolicy: String?
    /// What undoing found online, and clears: where it died, the blocks can be offline by now.
    var foundOnline: [Range<UInt64>] = []
    /// What undoing took from the kernel, to clear it or as it was: without a driver it is its own doing.
    var taken: [Range<UInt64>] = []
    /// The devices that were kept over boots before it, where it changes some.
    public var kept: [KeptDevice] = []
    /// The proofs that the profile requires; those that were not made yet have no outcome.
    public var proofs: [RecordedProof] = []
    /// Why it was undone; nil where it was not.
    public var undoReason: String?
    /// The step that failed, with its error; nil where none did, and in journals that do not tell.
    public var failure: StepFailure?
    /// The host as it left it; nil where it did not come to its end.
    public var after: Observed?
    /// How it ended; nil where it did not: it was interrupted.
    public var end: TransactionEnd?
    /// What it comes to as a whole, with the times of its end and of its undoing.
    public var summary: TransactionSummary
    /// When steps began and were done, by their numbers; empty in journals that do not tell.
    var times: [Int: StepTimes] = [:]

    /// When a step began and was done, in seconds since 1970.
    struct StepTimes {
        var begun: Int?
        var done: Int?
    }

    /// The transaction of these records, with the times at which they were written; nil where they do not begin one, or tell of steps
    /// that it does not have.
    init?(_ entries: [Journal.Entry]) {
        guard case .begin(let header)? = entries.first?.record else { return nil }
        let steps = header.steps.indices
        guard entries.allSatisfy({ $0.record.step.map(steps.contains) ?? true }) else { return nil }
        self.header = header
        proofs = header.proves
        summary = TransactionSummary(header)
        for (record, time) in entries.dropFirst() {
            add(record)
            summary.add(record, at: time)
            if case .intent(let step, _) = record { times[step, default: StepTimes()].begun = time }
            if case .done(let step, _) = record { times[step, default: StepTimes()].done = time }
        }
    }

    /// A namespace that undoing made to keep a place.
    public struct Placeholder: Equatable, Sendable {
        /// The UUID of its label.
        public var label: UUID
        /// The region that it lies in.
        public var region: RegionThen
        /// Where it begins in the region.
        public var offset: ByteCount
    }

    private mutating func add(_ record: JournalRecord) {
        switch record {
        case .begin: break
        case .labels(let saved): labels.append(saved)
        case .range(let step, let saved):
            guard let place = located(saved.place, step: step) else { return }
            ranges.append((step, place.region, place.offset, saved))
        case .sample(let step, let sample): samples[step] = sample
        case .look(let step, let device): looked[step] = device
        case .intent(let step, let identity): begun[step] = identity
        case .done(let step, let result):
            done.insert(step)
            results[step] = result
            // The step had given it back by then. What the policy is from now on is the administrator's choice.
            memoryPolicy = nil
        case .undo(let reason, let agreed, let failure):
            undoReason = reason
            self.failure = failure ?? self.failure
            self.agreed.formUnion(agreed)
            end = nil
        case .accounted(let step, let ranges): accounted[step] = ranges
        case .placeholder(let label, let place):
            guard let found = located(place, step: nil) else { return }
            placeholders.append(Placeholder(label: label, region: found.region, offset: found.offset))
        case .returned(let label, let bootID): returned[label] = .some(bootID)
        case .expected(let step, let sample): expected[step] = sample
        case .labelsRestored(let region): labelsRestored.insert(region)
        case .memoryPolicy(let policy): memoryPolicy = policy == Self.heldPolicy ? nil : policy
        case .foundMemory(let online, let offline):
            foundOnline += online
            taken += online + offline
        case .memoryStays(let ranges): taken = taken.subtracting(ranges)
        case .kept(let devices): kept = devices
        case .proofs(let proofs): self.proofs = proofs
        case .end(let end, let after):
            self.end = end
            self.after = after ?? self.after
            // Undoing that stopped before it gave anything up leaves the transaction as it was.
            if end == .committed || end == .incomplete {
                (undoReason, failure) = (nil, nil)
                (agreed, foundOnline, taken) = ([], [], [])
                memoryPolicy = nil
            }
        }
    }

    /// The policy for new memory blocks while a step keeps them offline. A record of it says that the policy noted before is back, so that
    /// nothing has to be given back. A host that has this policy itself gets no record.
    static let heldPolicy = "offline"

    /// A place by its region; nil where no region of then holds it.
    private func located(_ place: Place, step: Int?) -> (region: RegionThen, offset: ByteCount)? {
        switch place {
        case .offset(let offset, let region):
            return (region ?? step.flatMap { header.steps[$0].home }).map { ($0, offset) }
        case .address(let address):
            for region in header.before.regions {
                guard let offset = region.offset(of: address), offset < region.size else { continue }
                return (RegionThen(region), offset)
            }
            return nil
        }
    }

    /// The regions in which a step began.
    var touchedRegions: Set<RegionThen> { Set(begun.keys.compactMap { header.steps[$0].home }) }

    /// Whether every step was performed, and nothing undone.
    public var isComplete: Bool { done.count == header.steps.count && undoReason == nil }

    public static func == (left: TransactionLog, right: TransactionLog) -> Bool {
        left.header == right.header && left.begun == right.begun && left.done == right.done
            && left.end == right.end && left.undoReason == right.undoReason && left.failure == right.failure
            && left.ranges.map(\.range) == right.ranges.map(\.range) && left.labels == right.labels
            && left.placeholders == right.placeholders && left.results == right.results
            && left.samples == right.samples && left.looked == right.looked
            && left.accounted == right.accounted
            && left.returned == right.returned && left.agreed == right.agreed
            && left.expected == right.expected && left.labelsRestored == right.labelsRestored
            && left.memoryPolicy == right.memoryPolicy && left.kept == right.kept
            && left.foundOnline == right.foundOnline
            && left.taken == right.taken && left.proofs == right.proofs
    }
}

extension TransactionLog {
    /// What a word of `--allow-destroy` can mean about it: what was there before, the namespaces that its steps left, which nobody can see while
    /// their region is disabled, and the devices of dax regions that it makes, which no record names yet.
    var consentWords: Set<String> {
        let devices = header.steps.compactMap(\.transition).flatMap { [$0.name, $0.address] }
        let left = results.flatMap { number, result -> [String] in
            guard let namespace = result.namespace else { return [] }
            let label = [namespace.labelUUID?.description].compactMap(\.self)
            return [namespace.displayName, "\(header.steps[number].region)/\(namespace.displayName)"] + label
        }
        return header.before.consentWords.union(devices).union(left)
    }
}
