public import ProvisionCore
public import ProvisionHost

/// One record of a transaction's journal.
enum JournalRecord: Equatable, Sendable {
    /// The transaction begins: what it is, and the host before it.
    case begin(JournalHeader)
    /// A DIMM's labels were saved in a file of the transaction's directory.
    case labels(SavedLabels)
    /// A range of a namespace's media was saved in a file of the transaction's directory.
    case range(step: Int, SavedRange)
    /// What a namespace held elsewhere, before a step: not saved, but to be recognised when undoing brings it back.
    case sample(step: Int, MediaSample)
    /// The media of a disabled namespace, of this kernel name, is about to be looked at for a step: it is online and raw meanwhile.
    case look(step: Int, device: String)
    /// A step is about to run, with the UUIDs that it gives.
    case intent(step: Int, FreshIdentity)
    /// A step was performed and read back: what it left, and what a namespace that it created holds.
    case done(step: Int, StepResult = StepResult())
    /// Everything before this is being undone, because a step failed or for another reason. What was agreed to is said by a second one, once everything was looked at and
    /// before anything is given up: words that were not enough are not kept.
    case undo(reason: String, agreed: [String] = [], failure: StepFailure? = nil)
    /// What the step made ran as it was made when undoing came to it: whatever lies in its metadata, at these ranges of its
    /// region, is the kernel's.
    case accounted(step: Int, [Extent])
    /// A namespace is about to be created while undoing, with this label UUID: it keeps a place.
    case placeholder(UUID, Place)
    /// What was saved of a namespace lies on the media again, under the label with this UUID: from now on what lies there
    /// may be somebody's. With the kernel's id of the boot, since the next one brings the namespace online.
    case returned(UUID, bootID: String?)
    /// What a namespace that a step is about to configure anew will hold where its users can write then, if nobody writes there.
    case expected(step: Int, MediaSample)
    /// The saved labels of a region's DIMMs are about to be written back: from then on a label does not tell whether the media under it
    /// is the old one.
    case labelsRestored(RegionThen)
    /// The kernel's policy for new memory blocks before a step that sets it to `offline` for a while.
    case memoryPolicy(String)
    /// Memory of devices of dynamic dax regions that undoing is about to take from the kernel: what was online holds what the kernel left there
    /// until undoing has cleared it; what never was holds what it held before.
    case foundMemory(online: [Range<UInt64>], offline: [Range<UInt64>])
    /// What of that undoing could not take: it is the kernel's still, and what becomes of it is another's doing.
    case memoryStays([Range<UInt64>])
    /// The devices that were kept over boots before the transaction, where it changes some.
    case kept([KeptDevice])
    /// The proofs that the profile requires, as they came out after the last step.
    case proofs([RecordedProof])
    /// The transaction is over, and the host is like this.
    case end(TransactionEnd, after: Observed?)
}

extension JournalRecord {
    /// The number of the step that it is about; nil where it is about none.
    var step: Int? {
        switch self {
        case .range(let step, _), .sample(let step, _), .look(let step, _), .intent(let step, _),
            .done(let step, _), .accounted(let step, _), .expected(let step, _):
            step
        case .begin, .labels, .undo, .placeholder, .returned, .labelsRestored, .memoryPolicy, .foundMemory,
            .memoryStays, .kept, .proofs, .end:
            nil
        }
    }
}

/// What a journal says first.
public struct JournalHeader: Equatable, Sendable {
    /// The transaction's name: a number that grows, and its time.
    public var id: String
    /// Seconds since 1970.
    public var time: Int
    /// The version of daxprov that ran it.
    public var toolVersion: String
    /// The path of the profile.
    public var source: String
    /// The host before it.
    public var before: Observed
    /// The steps.
    public var steps: [JournalStep]
    /// The kernel's id of the boot in which it began (`/proc/sys/kernel/random/boot_id`); nil where it has none.
    public var bootID: String? = nil
    /// The namespaces that the profile protects: they are marked when the transaction ends.
    public var protects: [ProtectedName] = []
    /// The proofs that the profile requires: yet to be made.
    public var proves: [RecordedProof] = []
    /// Whether it puts back what the kernel forgot at a boot: then it is no application of anybody's profile.
    public var isAfterBoot = false
    /// Whether it clears media errors, which no profile asks for and nothing can undo.
    public var clearsErrors = false

    /// Whether the transaction began in the boot with this id; false where one of the two is not known.
    func began(inBoot bootID: String?) -> Bool { bootID != nil && self.bootID == bootID }

    /// Whether it only divides dax regions again after a boot, as what was applied before had divided them.
    var restoresDivisions: Bool { isAfterBoot && !steps.isEmpty && steps.allSatisfy { $0.transition != nil } }
}

/// What a step left.
public struct StepResult: Equatable, Sendable {
    /// The namespace that it left; nil where it left none.
    public var namespace: Namespace?
    /// What a namespace that it created or reconfigured holds where its users can write; nil where that was not looked at.
    public var sample: MediaSample?
    /// What lay outside the memory blocks of a device that it made memory; nil where that was not looked at.
    public var margins: MemoryMargins?

    /// What a step left.
    public init(
        namespace: Namespace? = nil, sample: MediaSample? = nil, margins: MemoryMargins? = nil
    ) {
        self.namespace = namespace
        self.sample = sample
        self.margins = margins
    }
}

/// A place in a region.
public enum Place: Hashable, Sendable {
    /// So far from the start of this region; nil where the record's step says which.
    case offset(ByteCount, region: RegionThen?)
    /// At this system physical address then: how journals of format 1 say it.
    case address(UInt64)
}

/// What must be known of a step to undo it.
public struct JournalStep: Equatable, Sendable {
    /// What it did.
    public var kind: StepKind
    /// The kernel's name then of the region, or of the dax region: for words and for the journal. ``home`` is the region.
    public var region: String
    /// The namespace's kernel name then; nil for a creation or an initialisation of labels.
    public var device: String?
    /// The step in words.
    public var phrase: String
    /// What undoing its change brings back.
    public var reversibility: Reversibility
    /// Why.
    public var reversibilityReason: String
    /// What it made of a device of a dynamic dax region; nil of any other step.
    public var transition: DeviceTransition? = nil
    /// Where it clears media errors, from the start of the region; nil of any other step.
    public var errors: Extent? = nil
    /// Whether it made the device of a namespace system memory, or brought such memory online in another way. False in journals that do not tell.
    public var makesMemory = false
}

extension JournalStep {
    /// The region that it was in; nil where that was a dax region, which its transition names.
    public var home: RegionThen? { transition == nil ? RegionThen(device: region) : nil }

    /// What must be known of a planned step.
    init(_ planned: PlannedStep, of plan: Plan) {
        let change = plan.changes[planned.change]
        self.init(
            kind: planned.step.kind, region: planned.step.region,
            device: planned.step.target.flatMap { $0.device.isEmpty ? nil : $0.device },
            phrase: StepText.phrase(planned.step),
            reversibility: change.reversibility, reversibilityReason: change.reversibilityReason,
            transition: planned.step.transition)
        if case .configureDevice(_, let use) = planned.step { makesMemory = use.isSystemRAM }
    }
}

/// How a transaction ended.
public enum TransactionEnd: String, CaseIterable, Sendable {
    /// Every step was done, and the result is as the profile says.
    case committed
    /// Every step was done, and the result is not what the profile says: somebody else changed the host.
    case incomplete
    /// Everything was undone, and the host is as before.
    case rolledBack = "rolled_back"
    /// It could be neither finished nor undone, and somebody gave it up: the host is as that left it.
    case abandoned
}

/// A range of a namespace's media in a file.
public struct SavedRange: Equatable, Sendable {
    /// Where it begins.
    public var place: Place
    /// Its length.
    public var length: ByteCount
    /// The file's name in the transaction's directory.
    public var file: String
    /// The CRC-32C of its bytes.
    public var checksum: UInt32
}

/// The labels of a DIMM in a file.
public struct SavedLabels: Equatable, Sendable {
    /// The DIMM's stable identity, or its kernel name where it has none.
    public var dimm: String
    /// The file's name in the transaction's directory.
    public var file: String
    /// The CRC-32C of its bytes.
    public var checksum: UInt32
}
