import CNdctl
import Glibc
package import ProvisionCore

/// An nvdimm bus of a context (`struct ndctl_bus`). Only ever lent by ``NdctlContext``, which owns it.
@safe package struct NdctlBus: ~Copyable {
    private let pointer: OpaquePointer

    /// The handle of a bus that the caller's context owns.
    @unsafe package init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// The kernel's name, such as `ndbus0` (`ndctl_bus_get_devname`).
    package var device: String { unsafe String(cString: ndctl_bus_get_devname(pointer)) }

    /// Who provides the bus (`ndctl_bus_get_provider`).
    package var provider: String { unsafe String(cString: ndctl_bus_get_provider(pointer)) }

    /// The state of the address range scrub; nil where the bus has none (`ndctl_bus_get_scrub_state` < 0).
    package var scrubState: ScrubState? {
        switch unsafe ndctl_bus_get_scrub_state(pointer) {
        case 1: .active
        case 0: .idle
        default: nil
        }
    }

    /// The granularity in which the firmware clears media errors of physical addresses; nil where it cannot
    /// (`ndctl_cmd_ars_cap_get_clear_unit`).
    package func clearingUnit(at address: UInt64, length: ByteCount) throws(OperationError) -> ByteCount? {
        var unit: UInt64 = 0
        let code = unsafe daxprov_clear_unit(pointer, address, length.bytes, &unit)
        guard code != -EOPNOTSUPP, code != -ENOTTY else { return nil }
        guard code == 0 else {
            throw .system(code, while: "ask the firmware how it clears media errors", device: device)
        }
        return ByteCount(unit)
    }

    /// Has the firmware clear media errors (`ndctl_bus_cmd_new_clear_error`), and returns how many bytes it claims to have cleared.
    package func clearErrors(
        at address: UInt64, length: ByteCount, counting stores: StoreCount
    ) throws(OperationError) -> ByteCount {
        var cleared: UInt64 = 0
        stores.add()
        let code = unsafe daxprov_clear_errors(pointer, address, length.bytes, &cleared)
        guard code == 0 else {
            throw .system(code, while: "have the firmware clear media errors", device: device)
        }
        return ByteCount(cleared)
    }

    /// Waits until the kernel has probed every device of the bus (`ndctl_bus_wait_probe`).
    package func waitForProbe() {
        _ = unsafe ndctl_bus_wait_probe(pointer)
    }

    /// Lends each DIMM in turn (`ndctl_dimm_get_first`, `ndctl_dimm_get_next`).
    package func forEachDimm<Failure: Error>(
        _ body: (borrowing NdctlDimm) throws(Failure) -> Void
    ) throws(Failure) {
        var next = unsafe ndctl_dimm_get_first(pointer)
        while let current = unsafe next {
            try body(unsafe NdctlDimm(current))
            unsafe next = ndctl_dimm_get_next(current)
        }
    }

    /// Lends each region in turn (`ndctl_region_get_first`, `ndctl_region_get_next`).
    package func forEachRegion<Failure: Error>(
        _ body: (borrowing NdctlRegion) throws(Failure) -> Void
    ) throws(Failure) {
        var next = unsafe ndctl_region_get_first(pointer)
        while let current = unsafe next {
            try body(unsafe NdctlRegion(current))
            unsafe next = ndctl_region_get_next(current)
        }
    }
}
