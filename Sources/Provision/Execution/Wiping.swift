import Glibc
public import ProvisionCore
public import ProvisionHost

/// Fills the data area of a namespace with zeroes, in chunks, so that it can stop and go on. The caller holds the host's lock, and has
/// reviewed the target (``WipeReview``).
public struct Wiping {
    private let host: any RestoringHost
    private let store: WipeStore
    private let interruption: Interruption
    private let progress: (Progress) -> Void

    /// Wipes on a host.
    /// - Parameters:
    ///   - interruption: asked after each chunk whether to stop.
    ///   - progress: told after each chunk how far it came.
    public init(
        host: any RestoringHost, store: WipeStore, interruption: Interruption = .never,
        progress: @escaping (Progress) -> Void = { _ in }
    ) {
        self.host = host
        self.store = store
        self.interruption = interruption
        self.progress = progress
    }

    /// How far a wipe came.
    public struct Progress: Sendable {
        /// What is wiped: `region0/wal`.
        public var address: String
        /// How many bytes of it are zeroed.
        public var done: ByteCount
        /// How many there are.
        public var total: ByteCount
        /// How long this process has worked on it, in milliseconds.
        public var milliseconds: UInt64
        /// How many bytes this process has zeroed.
        public var bytes: ByteCount
    }

    /// How much is zeroed before somebody is asked whether to stop.
    static let chunk = ByteCount.mib(64)
    /// After how much, or how long, it is recorded how far it came.
    static let recordedLength = ByteCount.gib(1)
    static let recordedMilliseconds: UInt64 = 2000

    /// Whether a wipe goes on where an earlier one stopped.
    public enum Beginning: Sendable {
        /// There is no earlier one that could.
        case new
        /// It does: what is zeroed already, but for one chunk, is not zeroed again.
        case resumed(WipeRecord)
        /// It does not, for this reason.
        case anew(WipeRecord, String)
    }

    /// How a wipe of one namespace came out.
    public struct Outcome: Sendable {
        /// What was wiped.
        public var target: WipeTarget
        /// The record.
        public var record: WipeRecord
        /// Where it went on; nil where it began at the start.
        public var resumedAt: ByteCount?
        /// How many bytes this run zeroed.
        public var bytes: ByteCount = .zero
        /// How long that took.
        public var milliseconds: UInt64 = 0
        /// How many pages of 4 KiB were read back.
        public var sampledPages = 0
        /// Whether a signal stopped it.
        public var isInterrupted = false
        /// Why it failed; nil where it did not.
        public var failure: OperationError?

        /// The bytes that were zeroed in a second.
        public var rate: ByteCount { Wiping.rate(bytes, milliseconds) }
    }

    static func rate(_ bytes: ByteCount, _ milliseconds: UInt64) -> ByteCount {
        let (product, overflows) = bytes.bytes.multipliedReportingOverflow(by: 1000)
        let time = max(milliseconds, 1)
        return ByteCount(overflows ? bytes.bytes / time * 1000 : product / time)
    }

    /// Whether an earlier wipe of the namespace can go on. Looks at a sample of the media: what was zeroed must be zero, and what was not
    /// must be what it was.
    public func beginning(of target: WipeTarget) throws(OperationError) -> Beginning {
        let earlier: WipeRecord?
        let open = try store.unfinished().filter { $0.isAbout(target) }
        earlier = open.last { $0.scope == .all } ?? open.last

        guard let earlier else { return .new }
        // A wipe of all of it stays unfinished, whatever becomes of the ends.
        if target.scope == .ends, earlier.scope == .all { return .new }
        if target.scope == .ends || earlier.scope == .ends {
            return .anew(earlier, "only a wipe of the whole data area goes on")
        }
        if let difference = earlier.difference(to: target) { return .anew(earlier, difference) }
        let area = try host.openDataArea(of: target.namespace, in: target.region)
        let offsets = MediaSample.offsets(in: Extent(offset: .zero, length: target.size))
        let found = try area.sums(at: offsets)
        guard let place = Self.changed(earlier, offsets, found) else { return .resumed(earlier) }
        return .anew(earlier, "something was written at byte \(place.bytes) of its data since")
    }

    /// The first page of a sample that an unfinished wipe does not explain.
    static func changed(_ record: WipeRecord, _ offsets: [ByteCount], _ found: [UInt32?]) -> ByteCount? {
        for (index, offset) in offsets.enumerated() where index < found.count {
            let wasZeroed = offset + MediaSample.page <= record.offset
            if found[index] == MediaSample.zeroPage { continue }
            if wasZeroed || index >= record.sums.count || found[index] != record.sums[index] { return offset }
        }
        return nil
    }

    /// Wipes a namespace.
    /// - Parameter beginning: of ``beginning(of:)``, or ``Beginning/new``.
    /// - Throws: where nothing was written yet. What happens later is in the outcome.
    public func run(_ target: WipeTarget, _ beginning: Beginning) throws(OperationError) -> Outcome {
        let area: any DataArea
        var record: WipeRecord
        var resumedAt: ByteCount?
        area = try host.openDataArea(of: target.namespace, in: target.region)
        guard area.size == target.size else {
            throw OperationError(
                .changed, while: "zero \(target.address)", device: target.namespace.device,
                reason: "its data area had \(target.size), and has \(area.size)")
        }
        (record, resumedAt) = try begun(target, beginning, area)

        // In this order: dying between them leaves two unfinished ones, and not none.
        if resumedAt == nil { try store.begin(record) }
        if case .anew(let earlier, _) = beginning { try store.end(earlier, .restarted, at: UTCTime.now) }

        var outcome = Outcome(target: target, record: record, resumedAt: resumedAt)
        do throws(OperationError) {
            try zero(area, from: resumedAt ?? .zero, &outcome)
            guard !outcome.isInterrupted else { return outcome }
            try readBack(area, &outcome)
            area.forgetPartitions()
            record = outcome.record
            try store.end(record, .wiped, at: UTCTime.now)
            outcome.record.end = .wiped
        } catch {
            outcome.failure = error.asHostError
            outcome.record.failure = outcome.failure?.account
            // What is recorded already stays where this cannot be.
            try? store.write(outcome.record)
        }
        return outcome
    }

    private func begun(
        _ target: WipeTarget, _ beginning: Beginning, _ area: any DataArea
    ) throws(OperationError) -> (WipeRecord, ByteCount?) {
        switch beginning {
        case .resumed(let record):
            // It was looked at before somebody was asked, and perhaps before another one was wiped.
            let offsets = MediaSample.offsets(in: Extent(offset: .zero, length: target.size))
            if let place = Self.changed(record, offsets, try area.sums(at: offsets)) {
                throw OperationError(
                    .changed, while: "zero \(target.address)", device: target.namespace.device,
                    reason: "something was written at byte \(place.bytes) of its data since it was looked at",
                    advice: "look what it is, and run daxprov wipe again: it begins anew then")
            }
            let back = min(record.offset, Self.chunk)
            return (record, record.offset - back)
        case .new, .anew:
            var generator = SystemRandomNumberGenerator()
            var record = WipeRecord(of: target, key: .random(using: &generator), time: UTCTime.now)
            if target.scope == .all {
                record.sums = try area.sums(
                    at: MediaSample.offsets(in: Extent(offset: .zero, length: target.size)))
            }
            return (record, nil)
        }
    }

    private func zero(
        _ area: any DataArea, from start: ByteCount, _ outcome: inout Outcome
    ) throws(OperationError) {
        let target = outcome.target
        var watch = Watch()
        var done = start
        for range in target.ranges {
            var offset = max(range.offset, target.scope == .all ? start : .zero)
            while offset < range.end {
                if interruption.isRequested {
                    try record(offset, area, &outcome, &watch)
                    outcome.isInterrupted = true
                    return
                }
                let piece = Extent(offset: offset, length: min(Self.chunk, range.end - offset))
                do throws(OperationError) {
                    try area.zero(piece)
                } catch {
                    // What was zeroed before it need not be zeroed again.
                    try? record(offset, area, &outcome, &watch)
                    throw error
                }
                offset = piece.end
                done += piece.length
                outcome.bytes += piece.length
                outcome.milliseconds = watch.milliseconds
                if watch.isDue(at: outcome.bytes) { try record(offset, area, &outcome, &watch) }
                progress(
                    Progress(
                        address: target.address, done: done, total: target.length,
                        milliseconds: outcome.milliseconds, bytes: outcome.bytes))
            }
            try record(range.end, area, &outcome, &watch)
        }
        outcome.milliseconds = watch.milliseconds
    }

    /// Records how far it came, once that is durable; stops where somebody else uses the device by now.
    private func record(
        _ offset: ByteCount, _ area: any DataArea, _ outcome: inout Outcome, _ watch: inout Watch
    ) throws(OperationError) {
        try area.makeDurable()
        watch.note(outcome.bytes)
        if outcome.target.scope == .all { outcome.record.offset = offset }
        outcome.record.failure = nil
        let record = outcome.record
        try store.write(record)
        try area.requireAlone()
    }

    private func readBack(_ area: any DataArea, _ outcome: inout Outcome) throws(OperationError) {
        let offsets = outcome.target.ranges.flatMap { MediaSample.offsets(in: $0) }
        let found: [UInt32?]
        found = try area.sums(at: offsets)
        outcome.sampledPages = offsets.count
        for (offset, sum) in zip(offsets, found) where sum != MediaSample.zeroPage {
            throw OperationError(
                .failed, while: "read back what was zeroed", device: outcome.target.namespace.device,
                reason: MediaSample.notZero(sum, at: offset),
                advice: "look who writes to it (daxprov report shows its users), and wipe it again")
        }
    }
}

/// How long a wipe has taken, and what was recorded last.
private struct Watch {
    private let start = Self.now
    private var recordedTime = Self.now
    private var recordedBytes = ByteCount.zero

    var milliseconds: UInt64 { Self.now - start }

    func isDue(at bytes: ByteCount) -> Bool {
        bytes - recordedBytes >= Wiping.recordedLength
            || Self.now - recordedTime >= Wiping.recordedMilliseconds
    }

    mutating func note(_ bytes: ByteCount) {
        recordedBytes = bytes
        recordedTime = Self.now
    }

    private static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}

extension OperationError {
    /// The failure as a host's: what the state directory could not take is one of the host as well.
    fileprivate var asHostError: OperationError {
        switch kind {
        case .notPermitted, .busy, .changed, .failed, .unavailable: self
        case .record: OperationError(.failed, while: "record how far it came", reason: reason, advice: advice)
        case .interrupted, .unfinished, .declined, .consentMissing:
            OperationError(.failed, while: "zero it", reason: reason)
        }
    }
}
