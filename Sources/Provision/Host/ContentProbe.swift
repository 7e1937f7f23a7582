import Glibc

/// Looks whether anybody ever wrote to the start of a block device.
enum ContentProbe {
    /// How much is looked at: every common signature (partition tables, LVM, ext4, XFS, btrfs at 64 KiB) lies in it.
    static let length = 128 << 10

    /// Whether the first 128 KiB of the block device with this kernel name have a byte other than zero; nil where it
    /// cannot be read.
    static func hasContent(_ blockDevice: String) -> Bool? {
        let descriptor = unsafe open("/dev/\(blockDevice)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: length)
        var filled = 0
        while filled < length {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled }, length - filled, off_t(filled))
            }
            guard count > 0 else { return count == 0 ? bytes.contains { $0 != 0 } : nil }
            filled += count
        }
        return bytes.contains { $0 != 0 }
    }
}
