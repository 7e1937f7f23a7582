/// Which dynamic dax region is meant: its physical addresses, which the firmware, the kernel's command line or a CXL region fix.
/// Paths and numbers are the kernel's, and change.
public struct DaxRegionIdentity: Hashable, Sendable {
    /// Its first physical address.
    public var start: UInt64
    /// Its capacity.
    public var size: ByteCount

    /// The region with these addresses.
    public init(start: UInt64, size: ByteCount) {
        self.start = start
        self.size = size
    }
}

extension DaxRegionIdentity {
    /// Its physical addresses.
    package var range: Range<UInt64> {
        let (end, overflow) = start.addingReportingOverflow(size.bytes)
        return start..<(overflow ? .max : end)
    }
}

extension DaxRegionIdentity: CustomStringConvertible {
    public var description: String { "of \(size) at \(Hexadecimal.number(start))" }
}
