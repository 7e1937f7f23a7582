package import ProvisionCore

/// Turns attributes of a region into what they say (drivers/nvdimm/region_devs.c).
///
/// Each is nil where it is absent, or not for this user; a failure to read it is noted (``ReadFailures``). Free capacity
/// has no meaning without labels: `available_size` is then bogus.
package enum SysfsRegionReader {
    /// The attribute `align`: namespaces' sizes are multiples of it. With a namespace's own alignment it gives the allocation unit.
    package static func align(_ region: borrowing SysfsDirectory) -> ByteCount? {
        region.number("align").map(ByteCount.init)
    }

    /// The attribute `available_size`: the sum of the free extents.
    package static func availableSize(_ region: borrowing SysfsDirectory) -> ByteCount? {
        region.number("available_size").map(ByteCount.init)
    }

    /// The attribute `max_available_extent`: the largest namespace that the kernel would allocate.
    package static func maxAvailableExtent(_ region: borrowing SysfsDirectory) -> ByteCount? {
        region.number("max_available_extent").map(ByteCount.init)
    }

    /// The first physical address; also nil where it is none.
    package static func resource(_ region: borrowing SysfsDirectory) -> UInt64? {
        region.number("resource").flatMap { $0 == 0 || $0 > Region.maximumAddress ? nil : $0 }
    }

    /// The memory's node; also nil where the platform gives none.
    package static func numaNode(_ region: borrowing SysfsDirectory) -> Int? {
        region.number("numa_node").map(Int.init(clamping:))
    }

    /// The node that the memory would become; also nil where the platform gives none.
    package static func targetNode(_ region: borrowing SysfsDirectory) -> Int? {
        region.number("target_node").map(Int.init(clamping:))
    }

    /// How far a store must travel.
    package static func persistenceDomain(_ region: borrowing SysfsDirectory) -> PersistenceDomain {
        region.text("persistence_domain").flatMap(PersistenceDomain.init) ?? .unknown
    }

    /// The media errors that the kernel knows of.
    package static func badBlocks(_ region: borrowing SysfsDirectory) -> [BadBlocks] {
        region.text("badblocks").map(SysfsText.badBlocks) ?? []
    }
}
