/// What a device of a dynamic dax region is: which memory, with which alignment, used as what, by whom.
public struct DeviceLayout: Hashable, Sendable {
    /// The physical addresses of its memory, in the order of the offsets in the device, which need not be that of the addresses.
    public var ranges: [Range<UInt64>]
    /// What addresses and lengths of its mappings into processes are multiples of.
    public var align: ByteCount
    /// What it is used as; nil: it has no driver, or none that a profile can declare.
    public var use: DeviceUse?
    /// Whose its node is, and who may open it.
    public var rights: DeviceRights
    /// Whether it is memory of which some blocks are online, and some are not: then it has no use that a profile can declare.
    package var isPartlyOnline: Bool

    /// A device of these parts.
    public init(ranges: [Range<UInt64>], align: ByteCount, use: DeviceUse?, rights: DeviceRights = .none) {
        self.init(ranges: ranges, align: align, use: use, rights: rights, isPartlyOnline: false)
    }

    package init(
        ranges: [Range<UInt64>], align: ByteCount, use: DeviceUse?, rights: DeviceRights, isPartlyOnline: Bool
    ) {
        self.ranges = ranges
        self.align = align
        self.use = use
        self.rights = rights
        self.isPartlyOnline = isPartlyOnline
    }

    /// Its capacity.
    public var size: ByteCount { ranges.size }

    /// Whether what it holds is the kernel's own memory.
    package var isKernels: Bool { use?.isOnline == true }

    /// Whether the kernel has its own in it, be it in some blocks alone.
    package var holdsKernels: Bool { isKernels || isPartlyOnline }

    /// Whether it is neither for programs nor the kernel's: without a driver, or memory that is offline.
    package var isOffline: Bool { use.map { $0.isSystemRAM && !$0.isOnline } ?? !isPartlyOnline }

    /// The same device, but for who may open it: that says nothing of what it holds.
    package var withoutRights: DeviceLayout {
        DeviceLayout(ranges: ranges, align: align, use: use, rights: .none, isPartlyOnline: isPartlyOnline)
    }

    /// Whether it is the same as far as daxprov has a say: what else a node has, other rules of udev may have given, or somebody.
    package func matches(_ other: DeviceLayout) -> Bool {
        withoutRights == other.withoutRights && rights.rule == other.rights.rule
    }

    /// Whether it is the same memory in the same order, with the same alignment, whatever it is used as.
    package func hasPlace(of other: DeviceLayout) -> Bool { ranges == other.ranges && align == other.align }
}

extension [Range<UInt64>] {
    /// The bytes in all of them. What an untrusted file makes too many is as many as there can be.
    package var size: ByteCount {
        ByteCount(
            reduce(0) { sum, range in
                let (next, overflow) = sum.addingReportingOverflow(range.upperBound - range.lowerBound)
                return overflow ? .max : next
            })
    }

    /// The same addresses in the same order, with what touches joined.
    package var joined: [Range<UInt64>] {
        reduce(into: []) { joined, range in
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else if !range.isEmpty {
                joined.append(range)
            }
        }
    }

    /// The first bytes of them, as many as are asked for, and there are.
    package func prefix(bytes: ByteCount) -> [Range<UInt64>] {
        var left = bytes.bytes
        var taken: [Range<UInt64>] = []
        for range in self where left > 0 {
            let length = Swift.min(left, UInt64(range.count))
            taken.append(range.lowerBound..<(range.lowerBound + length))
            left -= length
        }
        return taken
    }

    /// What is in none of the others, sorted.
    package func subtracting(_ others: [Range<UInt64>]) -> [Range<UInt64>] {
        flatMap { $0.subtracting(others) }.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// Whether one of them shares a byte with one of the others.
    package func overlap(_ others: [Range<UInt64>]) -> Bool {
        contains { range in others.contains { $0.overlaps(range) } }
    }
}
