import CNdctl
package import ProvisionCore

/// A region of a bus (`struct ndctl_region`). Only ever lent by ``NdctlBus``.
///
/// Its namespaces are not read through libndctl: that costs some 117 system calls for each, of which most read
/// `holder` again (see ``SysfsNamespaceReader``). Nor are attributes of which libndctl says the same whether they are
/// absent or could not be read (see ``SysfsRegionReader``).
@safe package struct NdctlRegion: ~Copyable {
    private let pointer: OpaquePointer

    /// The handle of a region that the caller's context owns.
    @unsafe package init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// The kernel's name, such as `region0` (`ndctl_region_get_devname`).
    package var device: String { unsafe String(cString: ndctl_region_get_devname(pointer)) }

    /// The capacity (`ndctl_region_get_size`).
    package var size: ByteCount { unsafe ByteCount(ndctl_region_get_size(pointer)) }

    /// The cookie of the interleave set; nil where there is none (`ndctl_interleave_set_get_cookie`).
    package var interleaveSetID: UInt64? {
        guard let set = unsafe ndctl_region_get_interleave_set(pointer) else { return nil }
        return unsafe ndctl_interleave_set_get_cookie(set)
    }

    /// Whether the region only accepts reads (`ndctl_region_get_ro`).
    package var isReadOnly: Bool { unsafe ndctl_region_get_ro(pointer) > 0 }

    /// Whether its namespaces come from labels (`ndctl_region_get_nstype`: 4 is `ND_DEVICE_NAMESPACE_IO`).
    package var labelling: RegionLabelling {
        unsafe ndctl_region_get_nstype(pointer) == 4 ? .labelLess : .labelled
    }

    /// How many DIMMs it lies on (`ndctl_region_get_mappings`).
    package var mappingCount: Int { Int(unsafe ndctl_region_get_mappings(pointer)) }

    /// The share of each DIMM, by position in the interleave set (`ndctl_mapping_get_first` and its like).
    package var mappings: [Mapping] {
        var mappings: [Mapping] = []
        var next = unsafe ndctl_mapping_get_first(pointer)
        while let mapping = unsafe next {
            let position = unsafe ndctl_mapping_get_position(mapping)
            guard let dimm = unsafe ndctl_mapping_get_dimm(mapping) else { break }
            mappings.append(
                unsafe Mapping(
                    dimm: String(cString: ndctl_dimm_get_devname(dimm)),
                    offset: ByteCount(ndctl_mapping_get_offset(mapping)),
                    length: ByteCount(ndctl_mapping_get_length(mapping)),
                    position: position < 0 ? nil : Int(position)))
            unsafe next = ndctl_mapping_get_next(mapping)
        }
        return mappings.sorted { ($0.position ?? 0, $0.dimm) < ($1.position ?? 0, $1.dimm) }
    }

    /// The DIMMs on which bytes from a system physical address lie, by kernel name: of the region's one, or as the firmware
    /// translates each 512 bytes (`ndctl_bus_get_dimm_by_physical_address`), as `ndctl list -M` asks; empty where it does not tell. It is
    /// asked of so many at most: interleave sets repeat well before.
    package func dimms(at address: UInt64, length: ByteCount) -> [String] {
        let bus = unsafe ndctl_region_get_bus(pointer)
        let end = address &+ min(length, Self.translatedLength).bytes
        var found: [String] = []
        for place in stride(from: address, to: max(end, address), by: 512) where found.count < mappingCount {
            guard let dimm = unsafe ndctl_bus_get_dimm_by_physical_address(bus, place) else { break }
            let name = unsafe String(cString: ndctl_dimm_get_devname(dimm))
            if !found.contains(name) { found.append(name) }
        }
        return found
    }

    private static let translatedLength = ByteCount.kib(64)

    /// Lends each of its DIMMs in turn (`ndctl_region_get_first_dimm`, `ndctl_region_get_next_dimm`).
    package func forEachDimm<Failure: Error>(
        _ body: (borrowing NdctlDimm) throws(Failure) -> Void
    ) throws(Failure) {
        var next = unsafe ndctl_region_get_first_dimm(pointer)
        while let current = unsafe next {
            try body(unsafe NdctlDimm(current))
            unsafe next = ndctl_region_get_next_dimm(pointer, current)
        }
    }

    /// Unbinds the region's driver, whatever uses its namespaces, and forgets what libndctl has cached of them
    /// (`ndctl_region_disable_invalidate`).
    package func disable(counting stores: StoreCount) throws(OperationError) {
        stores.add()
        let result = unsafe ndctl_region_disable_invalidate(pointer)
        guard result >= 0 else { throw .system(result, while: "disable the region", device: device) }
    }

    /// Binds the region's driver, which makes its namespaces from the labels (`ndctl_region_enable`).
    package func enable(counting stores: StoreCount) throws(OperationError) {
        stores.add()
        let result = unsafe ndctl_region_enable(pointer)
        guard result >= 0 else { throw .system(result, while: "enable the region", device: device) }
    }
}
