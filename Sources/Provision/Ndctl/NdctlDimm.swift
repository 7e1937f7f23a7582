import CNdctl

/// A DIMM of a bus (`struct ndctl_dimm`). Only ever lent by ``NdctlBus`` or ``NdctlRegion``.
@safe struct NdctlDimm: ~Copyable {
    let pointer: OpaquePointer

    /// The handle of a DIMM that the caller's context owns.
    @unsafe init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// The kernel's name, such as `nmem0` (`ndctl_dimm_get_devname`).
    var device: String { unsafe String(cString: ndctl_dimm_get_devname(pointer)) }

    /// The stable identity (`ndctl_dimm_get_unique_id`); nil where the platform gives none.
    var uniqueID: String? {
        guard let text = unsafe ndctl_dimm_get_unique_id(pointer) else { return nil }
        return unsafe String(cString: text)
    }

    /// The NFIT device handle (`ndctl_dimm_get_handle`, all ones: none).
    var handle: UInt32? {
        let handle = unsafe ndctl_dimm_get_handle(pointer)
        return handle == .max ? nil : handle
    }

    /// The SMBIOS physical id (`ndctl_dimm_get_phys_id`, all ones: none).
    var physicalID: UInt16? {
        let id = unsafe ndctl_dimm_get_phys_id(pointer)
        return id == .max ? nil : id
    }

    /// What the DIMM reports as wrong (`ndctl_dimm_failed_save` and its like, which libndctl has cached).
    var flags: [DimmFlag] {
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
    var security: DimmSecurity? {
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
    var isSecurityFrozen: Bool { unsafe ndctl_dimm_security_is_frozen(pointer) }

    /// Whether the DIMM offers the commands that a label area needs.
    var hasLabelArea: Bool { unsafe daxprov_dimm_has_label_area(pointer) }

    /// Unbinds the DIMM's driver (`ndctl_dimm_disable`).
    func disable() throws(HostError) {
        try check(unsafe ndctl_dimm_disable(pointer), "disable the DIMM")
    }

    /// Binds the DIMM's driver, which reads the label area (`ndctl_dimm_enable`).
    func enable() throws(HostError) {
        try check(unsafe ndctl_dimm_enable(pointer), "enable the DIMM")
    }

    /// Writes two empty index blocks of version 1.2. The slots are left as they are, but all count as free.
    ///
    /// `ndctl_dimm_init_labels` works on the buffer that `ndctl_dimm_read_label_index` leaves in the DIMM; the
    /// kernel refuses the write while an enabled region uses the DIMM.
    func initializeLabels() throws(HostError) {
        guard let command = unsafe ndctl_dimm_read_label_index(pointer) else {
            throw .system(Self.lastErrno, while: "read the label index", device: device)
        }
        defer { unsafe ndctl_cmd_unref(command) }
        try check(unsafe ndctl_dimm_init_labels(pointer, NDCTL_NS_VERSION_1_2), "write the label index")
    }

    /// The size of the label area and its first bytes: both index blocks, whatever their version.
    /// Two ioctls on the DIMM's device node, which only root may open.
    func readLabelIndex() throws(HostError) -> (areaSize: UInt32, bytes: [UInt8]) {
        try readLabelArea { min(LabelIndex.prefixLength(areaSize: $0), $0) }
    }

    /// The labels in use: the index blocks are read, and then all up to the last slot in use.
    func readLabels() throws(HostError) -> [LabelSlot] {
        let area = try readLabelIndex()
        guard let index = LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes),
            let last = index.used.last.map({ index.place(ofSlot: $0) }),
            last.offset + last.length <= UInt64(area.areaSize)
        else { return [] }
        let slots = try readLabelArea { _ in UInt32(last.offset + last.length) }
        return LabelSlot.labels(index, in: slots.bytes)
    }

    /// The size of the label area and its first bytes.
    /// - Parameter length: how many, given the size.
    private func readLabelArea(
        _ length: (UInt32) -> UInt32
    ) throws(HostError) -> (areaSize: UInt32, bytes: [UInt8]) {
        guard let query = unsafe ndctl_dimm_cmd_new_cfg_size(pointer) else {
            throw HostError(
                .unavailable, while: "read the label area", device: device, reason: "the DIMM has none")
        }
        defer { unsafe ndctl_cmd_unref(query) }
        try check(unsafe ndctl_cmd_submit(query), "read the size of the label area")
        let areaSize = unsafe ndctl_cmd_cfg_size_get_size(query)
        guard let read = unsafe ndctl_dimm_cmd_new_cfg_read(query) else {
            throw .system(Self.lastErrno, while: "read the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(read) }
        let length = length(areaSize)
        try check(unsafe ndctl_cmd_cfg_read_set_extent(read, length, 0), "read the label area")
        try check(unsafe ndctl_cmd_submit(read), "read the label area")
        var bytes = [UInt8](repeating: 0, count: Int(length))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe ndctl_cmd_cfg_read_get_data(read, buffer.baseAddress, length, 0)
        }
        guard count == Int(length) else {
            throw HostError(
                .failed, while: "read the label area", device: device, reason: "the read was short")
        }
        return (areaSize, bytes)
    }

    func check(_ result: Int32, _ operation: String) throws(HostError) {
        guard result < 0 else { return }
        throw .system(result, while: operation, device: device)
    }

    private static var lastErrno: Int32 { daxprov_errno() }
}
