/// A contiguous range of a region's capacity, counted from the region's start.
public struct Extent: Hashable, Comparable, Sendable {
    /// Where it begins, from the region's start.
    public var offset: ByteCount
    /// How long it is.
    public var length: ByteCount

    /// The range of `length` bytes from `offset`.
    public init(offset: ByteCount, length: ByteCount) {
        self.offset = offset
        self.length = length
    }

    /// The first offset behind it.
    public var end: ByteCount { offset + length }

    /// Whether the two share a byte.
    public func overlaps(_ other: Extent) -> Bool { offset < other.end && other.offset < end }

    public static func < (left: Extent, right: Extent) -> Bool {
        (left.offset, left.length) < (right.offset, right.length)
    }
}
