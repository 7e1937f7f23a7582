internal import CNdctl
import Glibc
package import ProvisionCore

/// Looking at a device outside its memory blocks.
extension KernelDaxDevice {
    /// What lies there now; nil where the device is not one now, or memory blocks cover all of it.
    ///
    /// A character device of device-dax can only be mapped.
    package func margins() throws(HostError) -> MemoryMargins? {
        guard driver == Self.deviceDriver, let unit = MemoryBlocks.size else { return nil }
        let offsets = MemoryMargins.offsets(in: range, blockSize: unit).map(\.bytes)
        guard !offsets.isEmpty else { return nil }
        guard let node, let align = alignment else {
            throw failed("its number or its alignment cannot be read", nil, while: Self.looking)
        }
        let descriptor = try DeviceFile.open(
            "/dev/\(name)", of: name, node, O_RDONLY, while: Self.looking, device: name)
        defer { close(descriptor) }
        var sums = [UInt32](repeating: 0, count: offsets.count)
        let code = unsafe daxprov_checksum_mapped(
            descriptor, align, offsets, offsets.count, &sums, Self.deadline)
        guard code == 0 else {
            throw .system(
                code, while: Self.looking, device: name,
                advice: code == EIO
                    ? "see whether the region has media errors: ndctl list -RM" : nil)
        }
        return MemoryMargins(pages: sums)
    }

    private static let looking = "look at the device outside its memory blocks"
}
