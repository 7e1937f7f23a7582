import CNdctl
import Glibc
package import ProvisionCore

/// The block device of an active sector-mode namespace, sector by sector and past the page cache: which of its sectors cannot be read, and
/// zeroes over these.
///
/// A sector that cannot be read has lost all of its bytes: the translation table marks it at the first read that fails, and answers every
/// later one with an error, whatever became of the media (drivers/nvdimm/btt.c, `btt_read_pg`: the error flag of the map). Only a write of the
/// sector ends that. It goes to a free block; then the block that cannot be read is free, and the kernel zeroes it before it is used
/// (`arena_clear_freelist_error`). No write touches another sector, and each is whole or not at all.
package struct SectorDevice: ~Copyable {
    /// The size of a sector in bytes.
    package let sector: UInt64
    /// How many sectors there are.
    package let count: UInt64
    private let descriptor: Int32
    private let namespace: String
    private let stores: StoreCount
    private let operation: String

    private static let piece: UInt64 = 1 << 20

    /// Opens the node of a disk for both, and checks that it leads to that disk.
    package init(
        _ disk: String, sector: UInt64, of namespace: String, _ places: KernelPlaces, while operation: String
    ) throws(OperationError) {
        let descriptor = try DeviceFile.open(
            block: disk, O_RDWR | Linux.openDirect, places, while: operation, device: namespace)
        self.descriptor = descriptor
        self.sector = sector
        count = daxprov_block_size(descriptor) / sector
        self.namespace = namespace
        stores = places.stores
        self.operation = operation
    }

    deinit { close(descriptor) }

    /// The sectors that cannot be read, in order: every sector is read.
    package func unreadable() throws(OperationError) -> [UInt64] {
        let many = max(Self.piece / sector, 1)
        var found: [UInt64] = []
        var start: UInt64 = 0
        while start < count {
            let length = min(many, count - start)
            if try read(start, length) == nil {
                for number in start..<start + length where try read(number, 1) == nil { found.append(number) }
            }
            start += length
        }
        return found
    }

    /// Writes zeroes over a sector, durably, if it cannot be read or holds zeroes already.
    /// - Returns: whether it was written: somebody else may have written to it meanwhile, and that stays.
    package func zero(_ number: UInt64) throws(OperationError) -> Bool {
        if try read(number, 1) == false { return false }
        stores.add()
        let code = unsafe withUnsafeTemporaryAllocation(byteCount: Int(sector), alignment: 4096) { buffer in
            _ = unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
            let written = unsafe pwrite(descriptor, buffer.baseAddress, Int(sector), off_t(number * sector))
            guard written == Int(sector) else { return written < 0 ? errno : EIO }
            return fsync(descriptor) == 0 ? 0 : errno
        }
        guard code == 0 else { throw failure(code, number) }
        return true
    }

    /// Fails where a sector does not read as zeroes.
    package func requireZeroes(_ number: UInt64) throws(OperationError) {
        guard let holdsZeroes = try read(number, 1) else { throw failure(EIO, number) }
        guard holdsZeroes else {
            throw .notZeroed("sector \(number)", while: operation, device: namespace)
        }
    }

    /// Whether sectors hold zeroes alone; nil where one of them cannot be read.
    private func read(_ first: UInt64, _ length: UInt64) throws(OperationError) -> Bool? {
        let size = Int(length * sector)
        var holdsZeroes = false
        let code = unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 4096) { buffer in
            let count = unsafe pread(descriptor, buffer.baseAddress, size, off_t(first * sector))
            guard count == size else { return count < 0 ? errno : EIO }
            holdsZeroes = unsafe buffer.allSatisfy { $0 == 0 }
            return 0
        }
        guard code != EIO else { return nil }
        guard code == 0 else { throw failure(code, first) }
        return holdsZeroes
    }

    private func failure(_ code: Int32, _ number: UInt64) -> OperationError {
        var error = OperationError.system(
            code, while: operation, device: namespace,
            advice: OperationError.unreadableAdvice)
        error.reason += " at sector \(number)"
        return error
    }
}
