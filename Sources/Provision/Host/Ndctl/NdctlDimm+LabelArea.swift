import CNdctl
package import ProvisionCore

/// The label area. All of this begins at its start: libndctl 76 stops a transfer that begins elsewhere as if it had begun
/// at 0, and leaves zeroes for the rest (`do_cmd`, whose loop ends at `total_xfer`).
extension NdctlDimm {
    /// The size of the label area and its first bytes: both index blocks, whatever their version.
    /// Two ioctls on the DIMM's device node, which only root may open.
    package func readLabelIndex() throws(OperationError) -> (areaSize: UInt32, bytes: [UInt8]) {
        try readLabelArea { min(LabelIndex.prefixLength(areaSize: $0), $0) }
    }

    /// The labels in use: the index blocks are read, and then all up to the last slot in use.
    package func readLabels() throws(OperationError) -> [NamespaceLabel] {
        let area = try readLabelIndex()
        guard let index = LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes),
            let last = index.used.last.map({ index.place(ofSlot: $0) }),
            last.offset + last.length <= UInt64(area.areaSize)
        else { return [] }
        let slots = try readLabelArea { _ in UInt32(last.offset + last.length) }
        return NamespaceLabel.labels(index, in: slots.bytes)
    }

    /// The size of the label area and its first bytes.
    /// - Parameter length: how many, given the size.
    package func readLabelArea(
        _ length: (UInt32) -> UInt32
    ) throws(OperationError) -> (areaSize: UInt32, bytes: [UInt8]) {
        guard let query = unsafe ndctl_dimm_cmd_new_cfg_size(pointer) else {
            throw OperationError(
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
            throw OperationError(
                .failed, while: "read the label area", device: device, reason: "the read was short")
        }
        return (areaSize, bytes)
    }

    /// Writes the first bytes of the label area, and reads them back. The kernel refuses while an enabled region uses the
    /// DIMM. The corresponding C functions are `ndctl_dimm_cmd_new_cfg_write` and `ndctl_cmd_cfg_write_set_data`.
    package func writeLabelArea(_ bytes: [UInt8], counting stores: StoreCount) throws(OperationError) {
        let length = UInt32(bytes.count)
        guard let read = unsafe ndctl_dimm_read_label_extent(pointer, length, 0) else {
            throw .system(Self.lastErrno, while: "read the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(read) }
        guard let write = unsafe ndctl_dimm_cmd_new_cfg_write(read) else {
            throw .system(Self.lastErrno, while: "write the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(write) }
        var data = bytes
        let taken = unsafe data.withUnsafeMutableBytes { buffer in
            unsafe ndctl_cmd_cfg_write_set_data(write, buffer.baseAddress, length, 0)
        }
        guard taken == Int(length) else {
            throw OperationError(
                .failed, while: "write the label area", device: device, reason: "the buffer is short")
        }
        stores.add()
        try check(unsafe ndctl_cmd_submit(write), "write the label area")
        guard try readLabelArea({ _ in length }).bytes == bytes else {
            throw OperationError(
                .failed, while: "write the label area", device: device,
                reason: "it does not read back as it was written")
        }
    }
}
