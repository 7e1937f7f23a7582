/// The granularity of namespace sizes in a region.
public enum AllocationUnit {
    /// The least common multiple of the region's alignment (the kernel refuses other sizes with EINVAL,
    /// drivers/nvdimm/namespace_devs.c `__size_store`) and the namespace's alignment times the interleave ways (what
    /// ndctl demands, and what keeps every DIMM's share mappable at that alignment).
    /// - Returns: nil where it does not fit in 64 bits.
    public static func size(regionAlign: ByteCount, align: Alignment, ways: Int) -> ByteCount? {
        guard let stripe = align.size.multiplied(by: UInt64(ways)) else { return nil }
        let divisor = greatestCommonDivisor(regionAlign.bytes, stripe.bytes)
        return (regionAlign / divisor).multiplied(by: stripe.bytes)
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return max(larger, 1)
    }
}
