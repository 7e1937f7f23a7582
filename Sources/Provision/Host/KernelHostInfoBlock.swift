import Glibc
import SystemPackage

/// The first 8 KiB of a namespace, where every info block lies: fsdax, devdax and BTT version 1.1 at 4 KiB, BTT
/// version 2 at 0.
struct InfoBlockArea {
    /// The kernel's name of the namespace: inactive, unclaimed.
    let namespace: String

    /// The length of the area.
    static let length = 8192

    /// Replaces the bytes of the area (nil: by zeros), durably, and returns what was there. Where that fails halfway,
    /// what was there is put back.
    ///
    /// The namespace is enabled raw for that: `force_raw` is set, which the kernel forgets at the next boot, and
    /// cleared again.
    func replace(with bytes: [UInt8]?, in region: borrowing KernelRegion) throws(HostError) -> [UInt8] {
        let (saved, failure) = try exchangeRaw(bytes, in: region)
        guard let failure else { return saved }
        throw failure.adding(
            undoFailures: region.failure { () throws(HostError) in
                try region.takeOffline(namespace)
                if let again = try exchangeRaw(saved, in: region).failure { throw again }
            })
    }

    /// Exchanges the bytes while the namespace is enabled raw. The failure is one to go back to how it was after
    /// the exchange; one before that is thrown.
    private func exchangeRaw(
        _ bytes: [UInt8]?, in region: borrowing KernelRegion
    ) throws(HostError) -> (saved: [UInt8], failure: HostError?) {
        try region.store("1", in: "\(namespace)/force_raw", "enable it raw")
        do {
            try region.bind(namespace)
            let saved = try exchange(bytes, in: region)
            return (saved, endRawAccess(region).first)
        } catch {
            throw error.adding(undoFailures: endRawAccess(region))
        }
    }

    private func endRawAccess(_ region: borrowing KernelRegion) -> [HostError] {
        region.failure { () throws(HostError) in try region.takeOffline(namespace) }
            + region.failure { () throws(HostError) in
                try region.store("0", in: "\(namespace)/force_raw", "end raw access")
            }
    }

    private func exchange(_ bytes: [UInt8]?, in region: borrowing KernelRegion) throws(HostError) -> [UInt8] {
        guard let disk = region.directory.entries("\(namespace)/block").first else {
            throw HostError(
                .failed, while: "open it raw", device: namespace, reason: "the kernel made no block device")
        }
        let operation = "write the info block area"
        let file = try ExclusiveOpen(
            "/dev/\(disk)", O_RDWR | Linux.openDirect | O_SYNC, while: operation, device: namespace)
        var saved = [UInt8](repeating: 0, count: Self.length)
        let result = unsafe withUnsafeTemporaryAllocation(byteCount: Self.length, alignment: 4096) { buffer in
            guard unsafe pread(file.descriptor, buffer.baseAddress, Self.length, 0) == Self.length else {
                return errno
            }
            unsafe saved.withUnsafeMutableBytes { unsafe $0.copyMemory(from: UnsafeRawBufferPointer(buffer)) }
            unsafe buffer.copyBytes(from: bytes ?? [UInt8](repeating: 0, count: Self.length))
            guard unsafe pwrite(file.descriptor, buffer.baseAddress, Self.length, 0) == Self.length else {
                return errno
            }
            return fsync(file.descriptor) == 0 ? 0 : errno
        }
        guard result == 0 else { throw .system(result, while: operation, device: namespace) }
        return saved
    }
}

/// A device node that is open exclusively (`O_EXCL`): the kernel refuses it for a mounted, swapped on or otherwise
/// claimed block device, and refuses a mount while it is open.
struct ExclusiveOpen: ~Copyable {
    /// The file descriptor, for as long as this value lives.
    let descriptor: Int32

    /// Opens the node at `path`.
    init(_ path: String, _ flags: Int32, while operation: String, device: String) throws(HostError) {
        let descriptor = unsafe open(path, flags | O_EXCL | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            let advice = code == ENOENT ? "there is no \(path): is devtmpfs mounted at /dev?" : nil
            throw .system(code, while: operation, device: device, advice: advice)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
