import ProvisionCore
import ProvisionHost

/// What was saved of a namespace's media, compared with what is there now, and written back where that differs.
struct SavedMedia {
    private let rollback: Rollback
    /// The saved ranges, from the namespace's start, the last first: as long as an info block, which comes first, is not
    /// written back, what was written over the rest can be told.
    private let ranges: [(offset: ByteCount, range: SavedRange)]

    init(_ rollback: Rollback, _ ranges: [(offset: ByteCount, range: SavedRange)]) {
        self.rollback = rollback
        self.ranges = ranges.sorted { $0.offset > $1.offset }
    }

    /// Where it was saved.
    var extents: [Extent] { ranges.map { Extent(offset: $0.offset, length: $0.range.length) } }

    /// What a comparison found.
    struct Comparison {
        /// The ranges that hold something else than was saved.
        var differing: [Int] = []
        /// The pages that hold what the transaction wrote where info blocks lie.
        var tracesOfInfoBlock = 0
        /// The pages that hold neither that nor what was saved.
        var foreignPages = 0
        /// The checksums of the further pages that were looked at.
        var sums: [UInt32] = []

        fileprivate mutating func add(_ verdict: MediaAccount.Verdict, of number: Int) {
            if verdict != MediaAccount.Verdict() { differing.append(number) }
            tracesOfInfoBlock += verdict.ofInfoBlock
            foreignPages += verdict.foreign
        }
    }

    /// Compares what is there, and looks at further pages as well.
    func compare(
        on target: NamespaceTarget, _ account: MediaAccount, pages: [ByteCount] = []
    ) throws(OperationError) -> Comparison {
        var places = extents + pages.map { Extent(offset: $0, length: MediaSample.page) }
        // A read enables the object once: the kernel offers the next one only then.
        if places.isEmpty { places = [Extent(offset: .zero, length: MediaSample.page)] }
        var found = Comparison()
        var failure: OperationError?
        try rollback.host.readMedia(of: target, places) { number, bytes in
            guard number < ranges.count else {
                found.sums.append(Checksum.of(bytes ?? []))
                return true
            }
            do throws(OperationError) {
                found.add(try verdict(number, bytes, account), of: number)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        return found
    }

    /// Compares what a raw namespace holds that is active, as its users see it: that is its media.
    func compareActive(
        on target: NamespaceTarget, _ account: MediaAccount
    ) throws(OperationError) -> Comparison {
        var found = Comparison()
        for number in ranges.indices {
            let range = Extent(offset: ranges[number].offset, length: ranges[number].range.length)
            let count = range.length.bytes / MediaSample.page.bytes
            let places = (0..<count).map { range.offset + MediaSample.page * $0 }
            let pages = try rollback.host.readPages(of: target, at: places)
            let bytes = pages.map { pages in
                pages.flatMap {
                    $0.isEmpty ? [UInt8](repeating: 0, count: Int(MediaSample.page.bytes)) : $0
                }
            }
            found.add(try verdict(number, bytes, account), of: number)
        }
        return found
    }

    private func verdict(
        _ number: Int, _ bytes: [UInt8]?, _ account: MediaAccount
    ) throws(OperationError) -> MediaAccount.Verdict {
        account.verdict(
            saved: try rollback.contents(of: ranges[number].range), now: bytes, at: ranges[number].offset)
    }

    /// Writes those ranges back that hold something else.
    func write(_ found: Comparison, to target: NamespaceTarget) throws(OperationError) {
        guard !found.differing.isEmpty else { return }
        let rollback = rollback
        let pieces = found.differing.map { number in
            let (offset, range) = ranges[number]
            return MediaPiece(
                offset: offset, bytes: { () throws(OperationError) in try rollback.contents(of: range) })
        }
        try rollback.host.writeMedia(of: target, pieces)
    }

    /// Writes back what spanned a region, unless somebody's data is there and its loss was not agreed to.
    func putBack(
        on target: NamespaceTarget, _ account: MediaAccount, orLosing region: Region
    ) throws(OperationError) {
        let found = try compare(on: target, account)
        if found.foreignPages > 0 {
            let loss = Loss(
                address: region.device, words: [],
                consequence: "holds data that somebody wrote since, where its old data would be written back "
                    + "(\(found.foreignPages) pages)")
            let missing = rollback.consent.missing(among: [loss])
            guard missing.isEmpty else { throw .consentMissing(missing) }
        }
        try write(found, to: target)
    }
}

extension MediaAccount {
    /// The account of a transaction for a place in a region.
    /// - Parameters:
    ///   - region: the region that it lies in.
    ///   - start: where the namespace begins in it.
    ///   - accounted: the metadata of what steps made, as ranges of their regions.
    init(of log: TransactionLog, in region: RegionThen, from start: ByteCount, accounted: [Int: [Extent]]) {
        let ranges = accounted.filter { log.header.steps[$0.key].home == region }.values.flatMap(\.self)
        self.init(
            infoBlocks: Set(log.begun.values.map(\.infoBlock)),
            metadata: ranges.compactMap { range in
                guard range.end > start else { return nil }
                let first = max(range.offset, start)
                return Extent(offset: first - start, length: range.end - first)
            })
    }
}
