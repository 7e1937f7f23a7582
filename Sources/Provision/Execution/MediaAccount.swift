import ProvisionCore
import ProvisionHost

/// Tells which bytes on a namespace's media undoing may write over: those that a step of the transaction wrote, or that are
/// what was saved. Everything else is somebody's data.
struct MediaAccount {
    /// The UUIDs that the transaction gave to info blocks.
    let infoBlocks: Set<UUID>
    /// The metadata, counted from the namespace's start, of what was seen to run as the transaction made it: whatever lies
    /// there is the kernel's, since nobody else can write there.
    let metadata: [Extent]

    private static let page = Int(MediaSample.page.bytes)

    /// What a range holds beside what was saved of it, in pages.
    struct Verdict: Equatable {
        /// The pages that hold what the transaction wrote.
        var own = 0
        /// Those of them where info blocks lie: the first that a step writes.
        var ofInfoBlock = 0
        /// The pages that hold something else.
        var foreign = 0
    }

    /// Compares what was saved of a range with what is there now; nil: a media error makes it unreadable, so that there is
    /// nothing to lose.
    /// - Parameter offset: where the range begins, from the namespace's start.
    func verdict(saved: [UInt8], now: [UInt8]?, at offset: ByteCount) -> Verdict {
        let infoBlock = Extent(offset: .zero, length: NamespaceGeometry.infoBlockReserve)
        guard let now else { return Verdict(own: 1, ofInfoBlock: offset < infoBlock.end ? 1 : 0) }
        guard !isSame(saved, now) else { return Verdict() }
        var verdict = Verdict()
        func addOwn(at start: Int) {
            verdict.own += 1
            if offset + ByteCount(UInt64(start)) < infoBlock.end { verdict.ofInfoBlock += 1 }
        }
        for start in stride(from: 0, to: now.count, by: Self.page) {
            let page = Array(now[start..<min(start + Self.page, now.count)])
            if start < saved.count, isSame(page, Array(saved[start..<min(start + Self.page, saved.count)])) {
                continue
            }
            // Where a store of zeroes died within a page, each of its bytes is zero or what it was.
            if start + page.count <= saved.count,
                zip(page, saved[start...]).allSatisfy({ $0 == 0 || $0 == $1 })
            {
                addOwn(at: start)
                continue
            }
            let place = Extent(
                offset: offset + ByteCount(UInt64(start)), length: ByteCount(UInt64(page.count)))
            let isMetadata = metadata.contains { $0.offset <= place.offset && place.end <= $0.end }
            if isMetadata || isOurs(page) { addOwn(at: start) } else { verdict.foreign += 1 }
        }
        return verdict
    }

    /// Whether a page is one that a step left: zeroes, by which info blocks are wiped and translation tables begin
    /// (drivers/nvdimm/btt.c, `btt_map_init`), or an info block with a UUID of the transaction's.
    private func isOurs(_ page: [UInt8]) -> Bool {
        if isSame(page, [UInt8](repeating: 0, count: page.count)) { return true }
        guard InfoBlockPage.signatures.contains(where: { page.starts(with: $0) }), page.count >= 32,
            let uuid = UUID(bytes: Array(page[16..<32]))
        else { return false }
        return infoBlocks.contains(uuid)
    }
}

/// How much of what was promised was found: pages that were looked at, and those that are not what they were.
public struct Looked: Equatable, Sendable {
    /// How many pages were looked at.
    public var pages = 0
    /// How many of them hold something else than before.
    public var changed = 0

    /// Whether everything that was looked at is as it was.
    public var isWhole: Bool { changed == 0 }

    /// Adds pages to what was looked at.
    mutating func add(_ sample: MediaSample, pages now: [UInt32], besides written: [Extent]) {
        let offsets = MediaSample.offsets(in: sample.range)
        for (index, offset) in offsets.enumerated() where index < now.count && index < sample.sums.count {
            let page = Extent(offset: offset, length: MediaSample.page)
            if written.contains(where: { $0.overlaps(page) }) { continue }
            pages += 1
            if sample.sums[index] != now[index] { changed += 1 }
        }
    }
}
