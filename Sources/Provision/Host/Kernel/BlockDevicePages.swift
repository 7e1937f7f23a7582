import Glibc
package import ProvisionCore

/// Pages of an active block device, read past the page cache, without claiming the device.
package struct BlockDevicePages: ~Copyable {
    private let descriptor: Int32
    private let namespace: String

    /// Opens the node of a disk for reading, and checks that it leads to that disk.
    package init(_ disk: String, of namespace: String, _ places: KernelPlaces) throws(OperationError) {
        self.descriptor = try DeviceFile.open(
            block: disk, O_RDONLY | Linux.openDirect, places, while: "look at /dev/\(disk)", device: namespace
        )
        self.namespace = namespace
    }

    deinit { close(descriptor) }

    /// The pages at these offsets; an empty one where a media error makes it unreadable.
    package func read(at offsets: [ByteCount]) throws(OperationError) -> [[UInt8]] {
        let length = Int(MediaSample.page.bytes)
        var pages: [[UInt8]] = []
        let code = unsafe withUnsafeTemporaryAllocation(byteCount: length, alignment: length) { buffer in
            for offset in offsets {
                let count = unsafe pread(descriptor, buffer.baseAddress, length, off_t(offset.bytes))
                if count == length {
                    pages.append(unsafe Array(buffer))
                } else if count < 0, errno == EIO {
                    pages.append([])
                } else {
                    return count < 0 ? errno : EIO
                }
            }
            return 0
        }
        guard code == 0 else { throw .system(code, while: "look at its device", device: namespace) }
        return pages
    }
}
