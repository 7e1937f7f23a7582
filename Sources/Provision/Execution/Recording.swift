import ProvisionCore
import ProvisionHost

/// A run of steps that is recorded as it goes: saves first, then an intent before each step and its outcome after.
/// Without a writer nothing is: for simulations that nobody wants to undo.
struct Recording: ~Copyable {
    private let host: any RestoringHost
    /// The host before the steps.
    private let observed: Observed
    private var writer: TransactionWriter?
    /// The name of the transaction; nil where nothing is recorded.
    let name: String?
    /// What lies, by the step, where a namespace that becomes devdax will have its data: its device can only be mapped, where
    /// a media error ends the process.
    private(set) var directSamples: [Int: MediaSample] = [:]

    /// A recording of steps on a host.
    /// - Parameter observed: the host before them; for undoing, which saves nothing, no host.
    init(
        host: any RestoringHost, on observed: Observed = Observed(buses: []),
        writer: consuming TransactionWriter
    ) {
        self.host = host
        self.observed = observed
        self.name = writer.name
        self.writer = consume writer
    }

    /// No recording.
    init(discardingFor host: any RestoringHost) {
        self.host = host
        self.observed = Observed(buses: [])
        self.name = nil
        self.writer = nil
    }

    /// Makes sure, before the first step, that there is room for everything that the steps will save.
    mutating func reserve(for steps: [PlannedStep]) throws(OperationError) {
        for (number, planned) in steps.enumerated() {
            for piece in Self.pieces(of: planned.backup, step: number) {
                try writer?.reserve(piece.range.length, for: piece.file)
            }
        }
    }

    /// Saves the labels of the DIMMs of regions: before the first step, since labels of one DIMM are written by all.
    mutating func saveLabels(of regions: [String]) throws(OperationError) {
        guard name != nil else { return }
        var saved: Set<String> = []
        for region in regions {
            for image in try host.labelImages(of: region)
            where saved.insert(image.dimm).inserted {
                try save(image, number: saved.count)
            }
        }
    }

    private mutating func save(_ image: LabelAreaImage, number: Int) throws(OperationError) {
        let file = "labels-\(number)"
        guard let checksum = try writer?.save(Array(image.json.utf8), as: file) else { return }
        try writer?.append(.labels(SavedLabels(dimm: image.dimm, file: file, checksum: checksum)))
    }

    /// Saves what a step, or a later one, writes over, and looks at some of the rest: undoing tells by that whether what it
    /// brings back is still there.
    mutating func backUp(_ planned: PlannedStep, number: Int) throws(OperationError) {
        guard name != nil, let target = planned.backup?.target ?? planned.step.target,
            let start = target.resource, let home = observed.region(target.region)?.offset(of: start)
        else { return }
        let pieces = Self.pieces(of: planned.backup, step: number)
        let range =
            planned.step.kind.effects.contains(.takesDataAway)
            ? observed.namespace(target.device)?.dataRange : nil
        let offsets = range.map { MediaSample.offsets(in: $0) } ?? []
        guard !pieces.isEmpty || !offsets.isEmpty else { return }
        // Where the new namespace has its data: in sector mode the translation table moves that.
        var direct: Extent?
        if case .reconfigure(_, let layout) = planned.step, layout.mode != .sector {
            direct = layout.dataRange(at: start)
        }
        let directOffsets = direct.map { MediaSample.offsets(in: $0) } ?? []
        let places =
            pieces.map(\.range)
            + (offsets + directOffsets).map { Extent(offset: $0, length: MediaSample.page) }
        var pages: [[UInt8]] = []
        var failure: OperationError?
        // A look brings it online for a moment. What was disabled before any step must not stay so: no intent says yet that it was touched.
        if observed.namespace(target.device)?.isActive == false {
            try note(.look(step: number, device: target.device))
        }
        try withMedia(of: target, places) { recording, index, bytes in
            guard index < pieces.count else {
                pages.append(bytes ?? [])
                return true
            }
            let (range, file) = pieces[index]
            let place = Place.offset(home + range.offset, region: nil)
            failure = recording.save(bytes, range.length, at: place, as: file, target, number)
            return failure == nil
        }
        if let failure { throw failure }
        if let direct {
            let looked = Array(pages.suffix(directOffsets.count))
            let sample = MediaSample(view: .media, range: direct, pages: looked)
            if case .reconfigure(_, let layout) = planned.step, layout.mode == .devdax {
                directSamples[number] = sample
            }
            try note(.expected(step: number, sample))
        }
        guard let range, !offsets.isEmpty else { return }
        let looked = Array(pages.prefix(offsets.count))
        try note(.sample(step: number, MediaSample(view: .media, range: range, pages: looked)))
    }

    private mutating func withMedia(
        of target: NamespaceTarget, _ places: [Extent],
        _ receive: (inout Recording, Int, [UInt8]?) -> Bool
    ) throws(OperationError) {
        let host = host
        try host.readMedia(of: target, places) { receive(&self, $0, $1) }
    }

    /// Saves a range, and says what of that failed.
    private mutating func save(
        _ bytes: [UInt8]?, _ length: ByteCount, at place: Place, as file: String, _ target: NamespaceTarget,
        _ number: Int
    ) -> OperationError? {
        guard let bytes else {
            return OperationError(
                .failed, while: "save what would be written over", device: target.device,
                reason: "a media error makes it unreadable",
                advice: "clear the error first (daxprov errors clear), or set --backup-limit 0")
        }
        do throws(OperationError) {
            guard let checksum = try writer?.save(bytes, as: file) else { return nil }
            let saved = SavedRange(place: place, length: length, file: file, checksum: checksum)
            try writer?.append(.range(step: number, saved))
            return nil
        } catch {
            return error
        }
    }

    /// Appends a record.
    mutating func note(_ record: JournalRecord) throws(OperationError) {
        try writer?.append(record)
        if case .end(let end, _) = record { writer?.giveBack(after: end) }
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
