import Glibc

/// The media of an inactive, unclaimed namespace, past any info block.
///
/// The namespace is enabled raw meanwhile: `force_raw` is set, which the kernel forgets at the next boot, and cleared
/// again.
struct RawAccess {
    /// The kernel's name of the namespace.
    let namespace: String

    /// The length of the area where every info block lies: fsdax, devdax and BTT version 1.1 have theirs at 4 KiB, BTT
    /// version 2 at 0.
    static let infoBlockArea = Extent(offset: .zero, length: .kib(8))

    /// Reads a range.
    func read(_ range: Extent, in region: borrowing KernelRegion) throws(HostError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(range.length.bytes))
        try use(in: region) { file throws(HostError) in
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Self.transfer(file, range.offset, UnsafeMutableRawBufferPointer(buffer), writes: false)
            }
            try check(result, "read its media")
        }
        return bytes
    }

    /// Writes ranges, durably.
    func write(
        _ pieces: [(offset: ByteCount, bytes: () throws(HostError) -> [UInt8])],
        in region: borrowing KernelRegion
    ) throws(HostError) {
        try use(in: region) { file throws(HostError) in
            for piece in pieces {
                var bytes = try piece.bytes()
                let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe Self.transfer(file, piece.offset, buffer, writes: true)
                }
                try check(result, "write its media")
            }
            try check(fsync(file.descriptor) == 0 ? 0 : errno, "make its media durable")
        }
    }

    private func check(_ code: Int32, _ operation: String) throws(HostError) {
        guard code != 0 else { return }
        throw .system(code, while: operation, device: namespace)
    }

    private func use(
        in region: borrowing KernelRegion, _ body: (borrowing ExclusiveOpen) throws(HostError) -> Void
    ) throws(HostError) {
        try region.store("1", in: "\(namespace)/force_raw", "enable it raw")
        var error: HostError?
        do throws(HostError) {
            try region.bind(namespace)
            try body(try open(in: region))
        } catch let failure {
            error = failure
        }
        let failures =
            region.failure { () throws(HostError) in try region.takeOffline(namespace) }
            + region.failure { () throws(HostError) in
                try region.store("0", in: "\(namespace)/force_raw", "end raw access")
            }
        if let error { throw error.adding(undoFailures: failures) }
        if let first = failures.first { throw first }
    }

    private func open(in region: borrowing KernelRegion) throws(HostError) -> ExclusiveOpen {
        guard let disk = region.directory.entries("\(namespace)/block").first else {
            throw HostError(
                .failed, while: "open it raw", device: namespace, reason: "the kernel made no block device")
        }
        return try ExclusiveOpen(
            "/dev/\(disk)", O_RDWR | Linux.openDirect | O_SYNC, while: "open it raw", device: namespace)
    }

    /// Moves bytes by way of an aligned buffer, as direct I/O demands. Returns 0 or an errno.
    private static func transfer(
        _ file: borrowing ExclusiveOpen, _ offset: ByteCount, _ bytes: UnsafeMutableRawBufferPointer,
        writes: Bool
    ) -> Int32 {
        let unit = 1 << 20
        let descriptor = file.descriptor
        return unsafe withUnsafeTemporaryAllocation(byteCount: unit, alignment: 4096) { buffer in
            var position = 0
            while position < bytes.count {
                let length = min(unit, bytes.count - position)
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[position..<position + length])
                let place = off_t(offset.bytes) + off_t(position)
                if writes { unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(part)) }
                let count =
                    writes
                    ? unsafe pwrite(descriptor, buffer.baseAddress, length, place)
                    : unsafe pread(descriptor, buffer.baseAddress, length, place)
                guard count == length else { return count < 0 ? errno : EIO }
                if !writes {
                    unsafe part.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
                }
                position += length
            }
            return 0
        }
    }
}
