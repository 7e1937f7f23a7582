package import ProvisionCore

/// How the kernel divides a namespace into metadata and data when it enables a claim (Linux 6.1,
/// drivers/nvdimm/pfn_devs.c `nd_pfn_init`, btt.c `create_arenas` and `alloc_arena`), step by step as it does.
///
/// Written apart from the planner's model (`NamespaceGeometry`) on purpose: the two are tested against each other.
package enum SimulatedGeometry {
    /// The least size that a claim accepts (`ND_MIN_NAMESPACE_SIZE` of 4 KiB aside: ndctl's and the BTT's minimum).
    package static let leastClaimed: UInt64 = 16 << 20
    /// The info block's place and what lies before it, `SZ_8K` in `nd_pfn_init`.
    package static let superBlock: UInt64 = 8 << 10

    /// The size of a memory block on most machines (arch/x86/mm/init_64.c, `MIN_MEMORY_BLOCK_SIZE`).
    package static let memoryBlock = ByteCount.mib(128)

    /// The data of an fsdax or devdax namespace.
    /// - Parameters:
    ///   - start: the first system physical address; `size`: the length in bytes.
    ///   - isMapOnDevice: whether the page map lies on the namespace (`PFN_MODE_PMEM`).
    ///   - align: the alignment in bytes.
    /// - Returns: the data's offset and length in bytes; nil where the kernel does not enable such a namespace.
    package static func pageMapped(
        start: UInt64, size: UInt64, isMapOnDevice: Bool, align: UInt64
    ) -> (offset: UInt64, length: UInt64)? {
        let subsection: UInt64 = 2 << 20  // memremap_compat_align
        guard size >= leastClaimed, start % subsection == 0 else { return nil }
        let (end, overflow) = start.addingReportingOverflow(size)
        guard !overflow else { return nil }
        let align = max(align, subsection)
        let pages = (size - superBlock) >> 12
        let metadata = superBlock + (isMapOnDevice ? pages << 6 : 0)
        let (head, excess) = start.addingReportingOverflow(metadata + align - 1)
        guard !excess else { return nil }
        let first = head / align * align
        let last = end / align * align
        return first < last ? (first - start, last - first) : nil
    }

    /// The capacity of a sector-mode namespace's block device in bytes; nil where it is too small.
    /// - Parameters:
    ///   - sector: the external sector size (`lbasize`), metadata bytes included.
    ///   - isSecondVersion: whether the table is of version 2.0, which begins at the very start.
    package static func translated(size: UInt64, sector: UInt64, isSecondVersion: Bool) -> UInt64? {
        let initialOffset: UInt64 = isSecondVersion ? 0 : 4096
        guard size >= leastClaimed + initialOffset else { return nil }
        var remaining = size - initialOffset
        var sectors: UInt64 = 0
        while remaining >= leastClaimed {
            let arena = min(remaining, 512 << 30)
            sectors += externalSectors(ofArena: arena, sector: sector)
            remaining -= arena
        }
        return sectors * (sector < 4096 ? 512 : 4096)
    }

    /// `alloc_arena`: the sectors that an arena offers.
    private static func externalSectors(ofArena size: UInt64, sector: UInt64) -> UInt64 {
        let page: UInt64 = 4096
        let spare: UInt64 = 256  // BTT_DEFAULT_NFREE
        var available = size
        available -= available % page
        available -= 2 * page
        available -= (spare * 64 + page - 1) / page * page
        let inner = (sector + 63) / 64 * 64
        return (available - page) / (inner + 4) - spare
    }
}
