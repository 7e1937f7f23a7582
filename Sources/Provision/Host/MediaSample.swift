public import ProvisionCore

/// How places of a namespace are read.
public enum MediaView: String, CaseIterable, Sendable {
    /// Through the block device that its users have, while it is active.
    case device
    /// As they lie on the media, past any info block, while it is inactive.
    case media
}

/// Checksums of some pages of a namespace: they tell, as far as was looked, whether anybody wrote to it since.
public struct MediaSample: Equatable, Sendable {
    /// How the pages were read.
    public var view: MediaView
    /// The part of the namespace that they are spread over, counted as ``view`` counts.
    public var range: Extent
    /// The CRC-32C of each page, in the order of ``offsets(in:)``.
    public var sums: [UInt32]

    /// The unit that is read: 4 KiB.
    public static let page = ByteCount.kib(4)

    /// How many pages are looked at at the start and at the end each, where partition tables, superblocks and their copies
    /// lie, and how many in between.
    private static let edge = 16, spread = 64

    /// Checksums of pages that were read.
    public init(view: MediaView, range: Extent, sums: [UInt32]) {
        self.view = view
        self.range = range
        self.sums = sums
    }

    /// The sample of these pages.
    public init(view: MediaView, range: Extent, pages: [[UInt8]]) {
        self.init(view: view, range: range, sums: pages.map { Checksum.of($0) })
    }

    /// Where the pages lie that are looked at in a range: every page of a short one, else those at both ends and some at
    /// even distances in between. The same range always gives the same pages.
    public static func offsets(in range: Extent) -> [ByteCount] {
        let count = range.length.bytes / page.bytes
        let most = UInt64(2 * edge + spread)
        let numbers: [UInt64]
        if count <= most {
            numbers = Array(0..<count)
        } else {
            let inner = count - UInt64(2 * edge)
            numbers =
                Array(0..<UInt64(edge))
                + (0..<UInt64(spread)).map {
                    UInt64(edge) + inner / UInt64(spread) * $0 + inner % UInt64(spread) / 2
                }
                + Array(count - UInt64(edge)..<count)
        }
        return numbers.map { range.offset + page * $0 }
    }

    /// The checksum of a page of zeroes.
    package static let zeroPage = Checksum.of([UInt8](repeating: 0, count: Int(page.bytes)))

    /// What is wrong with a page that should hold zeroes.
    /// - Parameters:
    ///   - sum: its checksum; nil where it cannot be read.
    ///   - offset: where it begins in the data area.
    package static func notZero(_ sum: UInt32?, at offset: ByteCount) -> String {
        sum == nil
            ? "a media error lies at byte \(offset.bytes) of its data"
            : "the 4 KiB at byte \(offset.bytes) of its data are not zero"
    }
}
