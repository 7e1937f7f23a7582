import Glibc
package import ProvisionCore

/// Looks whether anybody ever wrote to a block device.
package enum ContentProbe {
    /// How much an enumeration looks at: every common signature (partition tables, LVM, ext4, XFS, btrfs at 64 KiB) lies
    /// in it.
    private static let start = Extent(offset: .zero, length: .kib(128))

    /// Whether the first 128 KiB of the block device with this kernel name have a byte other than zero; nil where they
    /// have none, or cannot be read: that says nothing of the rest.
    package static func hasContent(_ blockDevice: String, _ places: KernelPlaces) -> Bool? {
        guard let look = try? look(at: [start], of: blockDevice, size: start.length, places),
            look.firstContent != nil
        else { return nil }
        return true
    }

    /// Looks at a block device as far as ``ContentLook`` says; nil where it cannot be opened. What cannot be read of it
    /// is not counted.
    /// - Throws: where its node leads to something else (``DeviceFile``).
    package static func look(
        _ blockDevice: String, size: ByteCount, _ places: KernelPlaces
    ) throws(OperationError) -> ContentLook? {
        try look(at: ContentLook.places(in: size), of: blockDevice, size: size, places)
    }

    private static func look(
        at ranges: [Extent], of blockDevice: String, size: ByteCount, _ places: KernelPlaces
    ) throws(OperationError) -> ContentLook? {
        let operation = "see whether it holds data"
        guard
            let descriptor = try DeviceFile.readable(
                block: blockDevice, Linux.openDirect, places, while: operation)
        else { return nil }
        defer { close(descriptor) }
        return look(at: ranges, in: descriptor, size: size)
    }

    /// Looks at ranges of an open device or file, up to the first that has a byte other than zero. Past the page cache
    /// where it was opened so: a device can be much larger than memory.
    package static func look(at ranges: [Extent], in descriptor: Int32, size: ByteCount) -> ContentLook {
        var look = ContentLook(read: .zero, size: size)
        let unit = 1 << 20
        return unsafe withUnsafeTemporaryAllocation(byteCount: 2 * unit, alignment: 4096) { memory in
            let buffer = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<unit])
            let zeroes = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[unit...])
            unsafe zeroes.initializeMemory(as: UInt8.self, repeating: 0)
            for range in ranges {
                for offset in stride(from: range.offset.bytes, to: range.end.bytes, by: unit) {
                    let length = min(unit, Int(range.end.bytes - offset))
                    let count = unsafe pread(descriptor, buffer.baseAddress, length, off_t(offset))
                    guard count > 0 else { continue }
                    look.read += ByteCount(UInt64(count))
                    let found = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    guard let start = found.baseAddress, let zero = zeroes.baseAddress,
                        unsafe memcmp(start, zero, count) != 0
                    else { continue }
                    let place = unsafe found.firstIndex { $0 != 0 } ?? 0
                    look.firstContent = ByteCount(offset) + ByteCount(UInt64(place))
                    return look
                }
            }
            return look
        }
    }
}
