/// The alignment, and thereby the mapping granularity, of an fsdax or devdax namespace.
///
/// The kernel offers a list for each device (`supported_alignments`); on x86-64 it is 4 KiB, 2 MiB, 1 GiB.
public struct Alignment: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The alignment in bytes: a power of two, at least 4 KiB.
    public let size: ByteCount

    /// An alignment of `size`, or nil where that is no power of two of at least 4 KiB.
    public init?(_ size: ByteCount) {
        guard size >= .kib(4), size.bytes.nonzeroBitCount == 1 else { return nil }
        self.size = size
    }

    /// Those that a profile can declare: the page sizes of x86-64.
    public static let declarable: [Alignment] = [.page, .huge, .gigantic]

    /// The alignment of `size` that a profile can declare; nil where there is none.
    package init?(declarable size: ByteCount) {
        guard let known = Self.declarable.first(where: { $0.size == size }) else { return nil }
        self = known
    }

    private init(powerOfTwo size: ByteCount) {
        self.size = size
    }

    /// 4 KiB: one base page.
    public static let page = Alignment(powerOfTwo: .kib(4))
    /// 2 MiB: one page middle directory entry on x86-64.
    public static let huge = Alignment(powerOfTwo: .mib(2))
    /// 1 GiB: one page upper directory entry on x86-64.
    public static let gigantic = Alignment(powerOfTwo: .gib(1))

    public static func < (left: Alignment, right: Alignment) -> Bool { left.size < right.size }

    public var description: String { size.description }
}
