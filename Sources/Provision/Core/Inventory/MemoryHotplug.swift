/// How the kernel takes memory in at run time (`/sys/devices/system/memory`).
public struct MemoryHotplug: Equatable, Sendable {
    /// The size of a memory block, the unit that goes online and offline (`block_size_bytes`).
    public var blockSize: ByteCount
    /// What becomes of new blocks (`auto_online_blocks`): `offline`, `online`, `online_kernel`, `online_movable`; nil
    /// where the kernel does not tell.
    public var policy: String?

    /// Memory that is taken in in blocks of a size, which must not be zero.
    public init(blockSize: ByteCount, policy: String? = nil) {
        self.blockSize = blockSize
        self.policy = policy
    }

    /// The numbers of the blocks that lie wholly in a physical range: those that the driver `kmem` makes of it
    /// (drivers/dax/kmem.c, `dax_kmem_range`). It does so for each range of a device apart.
    public func blocks(in range: Range<UInt64>) -> Range<UInt64> {
        let unit = blockSize.bytes
        let first = range.lowerBound / unit + (range.lowerBound.isMultiple(of: unit) ? 0 : 1)
        let end = range.upperBound / unit
        return first..<max(first, end)
    }
}
