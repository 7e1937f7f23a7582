import CNdctl

extension NdctlDimm {
    /// Reads a part of the label area. The corresponding C function is `ndctl_dimm_read_label_extent`.
    func readLabelArea(_ offset: UInt32, _ length: UInt32) throws(HostError) -> [UInt8] {
        guard let read = unsafe ndctl_dimm_read_label_extent(pointer, length, offset) else {
            throw .system(daxprov_errno(), while: "read the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(read) }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe ndctl_cmd_cfg_read_get_data(read, buffer.baseAddress, length, offset)
        }
        guard count == Int(length) else {
            throw HostError(
                .failed, while: "read the label area", device: device, reason: "the read was short")
        }
        return bytes
    }

    /// Writes a part of the label area, and reads it back. The kernel refuses while an enabled region uses the DIMM.
    /// The corresponding C functions are `ndctl_dimm_cmd_new_cfg_write` and `ndctl_cmd_cfg_write_set_data`.
    func writeLabelArea(_ offset: UInt32, _ bytes: [UInt8]) throws(HostError) {
        let length = UInt32(bytes.count)
        guard let read = unsafe ndctl_dimm_read_label_extent(pointer, length, offset) else {
            throw .system(daxprov_errno(), while: "read the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(read) }
        guard let write = unsafe ndctl_dimm_cmd_new_cfg_write(read) else {
            throw .system(daxprov_errno(), while: "write the label area", device: device)
        }
        defer { unsafe ndctl_cmd_unref(write) }
        var data = bytes
        let taken = unsafe data.withUnsafeMutableBytes { buffer in
            unsafe ndctl_cmd_cfg_write_set_data(write, buffer.baseAddress, length, 0)
        }
        guard taken == Int(length) else {
            throw HostError(
                .failed, while: "write the label area", device: device, reason: "the buffer is short")
        }
        try check(unsafe ndctl_cmd_submit(write), "write the label area")
        guard try readLabelArea(offset, length) == bytes else {
            throw HostError(
                .failed, while: "write the label area", device: device,
                reason: "it does not read back as it was written")
        }
    }
}
