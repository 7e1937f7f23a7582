internal import CNdctl
import Glibc
package import ProvisionCore

/// Looking at a device outside its memory blocks.
extension KernelDaxDevice {
    /// What lies there now; nil where the device is not one now, or memory blocks cover all of it.
    ///
    /// A character device of device-dax can only be mapped.
    package func margins() throws(OperationError) -> MemoryMargins? {
        guard driver == Self.deviceDriver, let unit = MemoryBlocks.size(places) else { return nil }
        // The device of a namespace is one range.
        guard ranges.count == 1 else { return nil }
        let offsets = MemoryMargins.offsets(in: ranges[0], blockSize: unit)
        guard !offsets.isEmpty else { return nil }
        return MemoryMargins(pages: try sums(of: offsets, while: Self.looking))
    }

    /// The checksums of pages, at offsets in the device.
    func sums(of offsets: [ByteCount], while operation: String) throws(OperationError) -> [UInt32] {
        var sums = [UInt32](repeating: 0, count: offsets.count)
        let places = offsets.map(\.bytes)
        try onMapping(O_RDONLY, while: operation) { descriptor, align in
            unsafe daxprov_checksum_mapped(descriptor, align, places, places.count, &sums, Self.deadline)
        }
        return sums
    }

    /// Fills it with zeroes.
    func zero() throws(OperationError) {
        let size = self.ranges.size.bytes
        try onMapping(O_RDWR, while: "fill the device with zeroes") { descriptor, align in
            daxprov_zero_mapped(descriptor, align, size)
        }
    }

    /// Opens the node, and calls what maps it.
    private func onMapping(
        _ flags: Int32, while operation: String, _ body: (Int32, UInt64) -> Int32
    ) throws(OperationError) {
        guard let node, let align = alignment else {
            throw failed("its number or its alignment cannot be read", nil, while: operation)
        }
        let descriptor = try DeviceFile.open(name, node, flags, places, while: operation, device: name)
        defer { close(descriptor) }
        let code = body(descriptor, align)
        guard code == 0 else {
            throw .system(
                code, while: operation, device: name,
                advice: code == EIO ? "see whether the memory has errors (dmesg)" : nil)
        }
    }

    private static let looking = "look at the device outside its memory blocks"
}
