/// What was seen of whether anybody ever wrote to a namespace: bytes other than zero, in the parts that were read.
///
/// What was not read counts as content: only a namespace that was read wholly can be said to hold nothing.
public struct ContentLook: Equatable, Sendable {
    /// How many bytes of the namespace were read, from all places together.
    public var read: ByteCount
    /// The namespace's capacity.
    public var size: ByteCount
    /// Where a byte other than zero was found, from the namespace's start; nil where none was.
    public var firstContent: ByteCount?

    /// A look at `read` of `size` bytes.
    public init(read: ByteCount, size: ByteCount, firstContent: ByteCount? = nil) {
        self.read = read
        self.size = size
        self.firstContent = firstContent
    }

    /// Whether it is known to hold nothing.
    public var isEmpty: Bool { firstContent == nil && read == size }
}

extension ContentLook {
    /// The largest namespace that is read wholly: 256 MiB, which takes a tenth of a second, or three where a processor
    /// is emulated.
    package static let wholeLimit = ByteCount.mib(256)

    /// The length of the start and of the end that is read of a larger one. Partition tables, file systems, LVM and md
    /// begin within the first, and backup partition tables and the older md superblocks lie in the last.
    package static let edge = ByteCount.mib(4)

    /// The length of each place between, and how many there are at least: at every multiple of a power of two, where
    /// file systems keep copies of their superblocks.
    package static let place = ByteCount.kib(4)
    private static let leastPlaces: UInt64 = 1024

    /// The ranges that are read of a namespace, in order.
    package static func places(in size: ByteCount) -> [Extent] {
        guard size > wholeLimit else { return [Extent(offset: .zero, length: size)] }
        let step = ByteCount(powerOfTwo(upTo: size.bytes / leastPlaces))
        var ranges = [Extent(offset: .zero, length: edge)]
        var next = edge.roundedUp(to: step) ?? size
        let end = size - edge
        while next + place <= end {
            ranges.append(Extent(offset: next, length: place))
            next += step
        }
        return ranges + [Extent(offset: end, length: edge)]
    }

    private static func powerOfTwo(upTo number: UInt64) -> UInt64 {
        1 << UInt64(63 - max(number, 1).leadingZeroBitCount)
    }
}
