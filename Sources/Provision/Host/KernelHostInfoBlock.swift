import Glibc
import SystemPackage

/// The first 8 KiB of a namespace, where every info block lies: fsdax, devdax and BTT version 1.1 at 4 KiB, BTT
/// version 2 at 0.
struct InfoBlockArea {
    /// The kernel's name of the namespace: inactive, unclaimed.
    let namespace: String

    /// The length of the area.
    static let length = 8192

    /// Replaces the bytes of the area (nil: by zeros), durably, and returns what was there.
    ///
    /// The namespace is enabled raw for that: `force_raw` is set, which the kernel forgets at the next boot, and
    /// cleared again.
    func replace(with bytes: [UInt8]?, in region: borrowing KernelRegion) throws(HostError) -> [UInt8] {
        try region.store("1", in: "\(namespace)/force_raw", "enable it raw")
        var outcome: Result<[UInt8], HostError>
        do {
            try region.bind(namespace)
            outcome = .success(try exchange(bytes, in: region))
        } catch {
            outcome = .failure(error)
        }
        let failures =
            region.failure { () throws(HostError) in
                try region.takeOffline(namespace)
            }
            + region.failure { () throws(HostError) in
                try region.store("0", in: "\(namespace)/force_raw", "end raw access")
            }
        switch outcome {
        case .failure(let error): throw error.adding(undoFailures: failures)
        case .success(let saved):
            if let first = failures.first { throw first }
            return saved
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
