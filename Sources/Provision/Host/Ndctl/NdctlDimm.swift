import CNdctl
package import ProvisionCore

/// A DIMM of a bus (`struct ndctl_dimm`). Only ever lent by ``NdctlBus`` or ``NdctlRegion``.
@safe package struct NdctlDimm: ~Copyable {
    package let pointer: OpaquePointer

    /// The handle of a DIMM that the caller's context owns.
    @unsafe package init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// The kernel's name, such as `nmem0` (`ndctl_dimm_get_devname`).
    package var device: String { unsafe String(cString: ndctl_dimm_get_devname(pointer)) }

    /// The stable identity (`ndctl_dimm_get_unique_id`); nil where the platform gives none.
    package var uniqueID: String? {
        guard let text = unsafe ndctl_dimm_get_unique_id(pointer) else { return nil }
        return unsafe String(cString: text)
    }

    /// The NFIT device handle (`ndctl_dimm_get_handle`, all ones: none).
    package var handle: UInt32? {
        let handle = unsafe ndctl_dimm_get_handle(pointer)
        return handle == .max ? nil : handle
    }

    /// The SMBIOS physical id (`ndctl_dimm_get_phys_id`, all ones: none).
    package var physicalID: UInt16? {
        let id = unsafe ndctl_dimm_get_phys_id(pointer)
        return id == .max ? nil : id
    }

    /// What the DIMM reports as wrong (`ndctl_dimm_failed_save` and its like, which libndctl has cached).
    package var flags: [DimmFlag] {
        DimmFlag.allCases.filter { flag in
            switch flag {
            case .failedMap: unsafe ndctl_dimm_failed_map(pointer) > 0
            case .failedSave: unsafe ndctl_dimm_failed_save(pointer) > 0
            case .failedArm: unsafe ndctl_dimm_failed_arm(pointer) > 0
            case .failedRestore: unsafe ndctl_dimm_failed_restore(pointer) > 0
            case .failedFlush: unsafe ndctl_dimm_failed_flush(pointer) > 0
            case .smartEvent: unsafe ndctl_dimm_smart_pending(pointer) > 0
            }
        }
    }

    /// The state of the DIMM's security (`ndctl_dimm_get_security`); nil where it has none.
    package var security: DimmSecurity? {
        switch unsafe ndctl_dimm_get_security(pointer) {
        case NDCTL_SECURITY_DISABLED: .disabled
        case NDCTL_SECURITY_UNLOCKED: .unlocked
        case NDCTL_SECURITY_LOCKED: .locked
        case NDCTL_SECURITY_FROZEN: .frozen
        case NDCTL_SECURITY_OVERWRITE: .overwrite
        default: nil
        }
    }

    /// Whether the security state is frozen until the next power cycle (`ndctl_dimm_security_is_frozen`).
    package var isSecurityFrozen: Bool { unsafe ndctl_dimm_security_is_frozen(pointer) }

    /// Whether the DIMM offers the commands that a label area needs.
    package var hasLabelArea: Bool { unsafe daxprov_dimm_has_label_area(pointer) }

    /// Unbinds the DIMM's driver (`ndctl_dimm_disable`).
    package func disable(counting stores: StoreCount) throws(OperationError) {
        stores.add()
        try check(unsafe ndctl_dimm_disable(pointer), "disable the DIMM")
    }

    /// Binds the DIMM's driver, which reads the label area (`ndctl_dimm_enable`).
    package func enable(counting stores: StoreCount) throws(OperationError) {
        stores.add()
        try check(unsafe ndctl_dimm_enable(pointer), "enable the DIMM")
    }

    /// Writes two empty index blocks of version 1.2. The slots are left as they are, but all count as free.
    ///
    /// `ndctl_dimm_init_labels` works on the buffer that `ndctl_dimm_read_label_index` leaves in the DIMM; the
    /// kernel refuses the write while an enabled region uses the DIMM.
    package func initializeLabels(counting stores: StoreCount) throws(OperationError) {
        guard let command = unsafe ndctl_dimm_read_label_index(pointer) else {
            throw .system(Self.lastErrno, while: "read the label index", device: device)
        }
        defer { unsafe ndctl_cmd_unref(command) }
        stores.add()
        try check(unsafe ndctl_dimm_init_labels(pointer, NDCTL_NS_VERSION_1_2), "write the label index")
    }

    package func check(_ result: Int32, _ operation: String) throws(OperationError) {
        guard result < 0 else { return }
        throw .system(result, while: operation, device: device)
    }

    package static var lastErrno: Int32 { daxprov_errno() }
}
