import Glibc
package import ProvisionCore

/// An active block device whose blocks are written over with zeroes, past the page cache, and read back.
package struct ZeroedBlocks: ~Copyable {
    private let descriptor: Int32
    private let namespace: String
    private let stores: StoreCount
    private let operation: String

    private static let piece = 1 << 20

    /// Opens the node of a disk for both, and checks that it leads to that disk.
    package init(
        _ disk: String, of namespace: String, _ places: KernelPlaces, while operation: String
    ) throws(OperationError) {
        descriptor = try DeviceFile.open(
            block: disk, O_RDWR | Linux.openDirect, places, while: operation, device: namespace)
        self.namespace = namespace
        stores = places.stores
        self.operation = operation
    }

    deinit { close(descriptor) }

    /// Writes zeroes over a range of whole blocks, durably. What fails in one piece does not keep the others from being written.
    package func write(_ range: Extent) throws(OperationError) {
        var failed: Int32 = 0
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.piece, alignment: 4096) { buffer in
            _ = unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
            for (offset, length) in Self.pieces(of: range) {
                stores.add()
                let count = unsafe pwrite(descriptor, buffer.baseAddress, length, off_t(offset))
                if count != length { failed = count < 0 ? errno : EIO }
            }
        }
        if failed == 0, fsync(descriptor) != 0 { failed = errno }
        guard failed == 0 else {
            throw .system(
                failed, while: operation, device: namespace, advice: OperationError.unreadableAdvice)
        }
    }

    /// Fails where a range does not read as zeroes.
    package func verify(_ range: Extent) throws(OperationError) {
        var failed: Int32 = 0
        var isZero = true
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.piece, alignment: 4096) { buffer in
            for (offset, length) in Self.pieces(of: range) where failed == 0 {
                let count = unsafe pread(descriptor, buffer.baseAddress, length, off_t(offset))
                guard count == length else {
                    failed = count < 0 ? errno : EIO
                    return
                }
                let holdsZeroes = unsafe buffer[..<length].allSatisfy { $0 == 0 }
                isZero = isZero && holdsZeroes
            }
        }
        guard failed == 0 else {
            throw .system(
                failed, while: operation, device: namespace, advice: OperationError.unreadableAdvice)
        }
        guard isZero else {
            throw .notZeroed(
                "\(range.length) at \(range.offset) of its device", while: operation, device: namespace)
        }
    }

    private static func pieces(of range: Extent) -> [(offset: UInt64, length: Int)] {
        stride(from: range.offset.bytes, to: range.end.bytes, by: piece).map {
            ($0, Int(min(UInt64(piece), range.end.bytes - $0)))
        }
    }
}
