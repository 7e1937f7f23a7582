/// A run of steps that is recorded as it goes: saves first, then an intent before each step and its outcome after.
/// Without a writer nothing is: for simulations that nobody wants to undo.
struct Recording: ~Copyable {
    private let host: any RestoringHost
    private var writer: TransactionWriter?
    /// The name of the transaction; nil where nothing is recorded.
    let name: String?

    /// A recording of steps on a host.
    init(host: any RestoringHost, writer: consuming TransactionWriter) {
        self.host = host
        self.name = writer.name
        self.writer = consume writer
    }

    /// No recording.
    init(discardingFor host: any RestoringHost) {
        self.host = host
        self.name = nil
        self.writer = nil
    }

    /// Makes sure, before the first step, that there is room for everything that the steps will save.
    mutating func reserve(for steps: [PlannedStep]) throws(ExecutionError) {
        for (number, planned) in steps.enumerated() {
            for piece in Self.pieces(of: planned.backup, step: number) {
                do throws(StateError) {
                    try writer?.reserve(piece.range.length, for: piece.file)
                } catch {
                    throw .state(error)
                }
            }
        }
    }

    /// Saves the labels of the DIMMs of regions: before the first step, since labels of one DIMM are written by all.
    mutating func saveLabels(of regions: [String]) throws(ExecutionError) {
        guard name != nil else { return }
        var saved: Set<String> = []
        for region in regions {
            for image in try translating({ () throws(HostError) in try host.labelImages(of: region) })
            where saved.insert(image.dimm).inserted {
                try save(image, number: saved.count)
            }
        }
    }

    private mutating func save(_ image: LabelAreaImage, number: Int) throws(ExecutionError) {
        let file = "labels-\(number)"
        do throws(StateError) {
            guard let checksum = try writer?.save(Array(image.json.utf8), as: file) else { return }
            try writer?.append(.labels(SavedLabels(dimm: image.dimm, file: file, checksum: checksum)))
        } catch {
            throw .state(error)
        }
    }

    /// Saves what a step, or a later one, writes over.
    mutating func backUp(_ planned: PlannedStep, number: Int) throws(ExecutionError) {
        guard name != nil, let backup = planned.backup, let start = backup.target.resource else { return }
        for (range, file) in Self.pieces(of: backup, step: number) {
            let bytes = try translating { () throws(HostError) in try host.readMedia(of: backup.target, range)
            }
            do throws(StateError) {
                guard let checksum = try writer?.save(bytes, as: file) else { return }
                let saved = SavedRange(
                    address: start + range.offset.bytes, length: range.length, file: file, checksum: checksum)
                try writer?.append(.range(step: number, saved))
            } catch {
                throw .state(error)
            }
        }
    }

    /// Appends a record.
    mutating func note(_ record: JournalRecord) throws(ExecutionError) {
        do throws(StateError) {
            try writer?.append(record)
            if case .end(let end, _) = record { writer?.giveBack(after: end) }
        } catch {
            throw .state(error)
        }
    }

    private func translating<Value>(_ body: () throws(HostError) -> Value) throws(ExecutionError) -> Value {
        do throws(HostError) {
            return try body()
        } catch {
            throw .host(error)
        }
    }

    /// The pieces of a backup, with the file for each.
    private static func pieces(of backup: Backup?, step: Int) -> [(range: Extent, file: String)] {
        (backup?.ranges ?? []).flatMap { pieces(of: $0) }.enumerated().map { index, range in
            (range, "\(TransactionStore.mediaPrefix)\(step)-\(index)")
        }
    }

    /// A range in pieces that fit into memory.
    private static func pieces(of range: Extent) -> [Extent] {
        let largest = ByteCount.mib(64)
        var pieces: [Extent] = []
        var offset = range.offset
        while offset < range.end {
            let length = min(range.end - offset, largest)
            pieces.append(Extent(offset: offset, length: length))
            offset += length
        }
        return pieces
    }
}

/// Why a run stopped.
public enum ExecutionError: Error, Equatable, Sendable {
    /// The host failed a step, or is not what it should be.
    case host(HostError)
    /// The journal or a backup could not be written or read.
    case state(StateError)
    /// A signal asked for the run to end.
    case interrupted
}

extension ExecutionError: CustomStringConvertible {
    /// The error in one sentence.
    public var description: String {
        switch self {
        case .host(let error): error.description
        case .state(let error): error.description
        case .interrupted: "a signal asked to stop"
        }
    }

    /// What the administrator can do; nil where nothing general helps.
    public var advice: String? {
        switch self {
        case .host(let error): error.advice
        case .state(let error): error.advice
        case .interrupted: nil
        }
    }
}

extension Step {
    /// The existing namespace that the step acts on; nil for a creation and an initialisation of labels.
    var target: NamespaceTarget? {
        switch self {
        case .initializeLabels, .create: nil
        case .disable(let target), .destroy(let target), .reconfigure(let target, _), .rename(let target, _),
            .enable(let target):
            target
        }
    }

    /// The kernel name of the region that the step works in.
    var region: String {
        switch self {
        case .initializeLabels(let region): region
        case .create(let placement): placement.region
        case .disable(let target), .destroy(let target), .reconfigure(let target, _), .rename(let target, _),
            .enable(let target):
            target.region
        }
    }
}
