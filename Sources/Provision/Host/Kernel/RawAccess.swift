import Glibc
package import ProvisionCore

/// The media of an inactive, unclaimed namespace, past any info block.
///
/// The namespace is enabled raw meanwhile: `force_raw` is set, which the kernel forgets at the next boot, and cleared
/// again.
package struct RawAccess {
    /// The kernel's name of the namespace.
    package let namespace: String

    /// The length of the area where every info block lies: fsdax, devdax and BTT version 1.1 have theirs at 4 KiB, BTT
    /// version 2 at 0.
    package static let infoBlockArea = Extent(offset: .zero, length: .kib(8))

    /// Zeroes the pages of the info block area that hold an info block, whoever wrote it, and adds what was in them to `wiped`: also where
    /// it fails, since a page may be zero by then.
    ///
    /// A raw namespace has none. The kernel ignores one of another parent, but takes a translation table without a
    /// parent, which a region without labels leaves, for the namespace's own (btt_devs.c, `nd_btt_arena_is_valid`).
    /// A page with a media error holds none that the kernel could read.
    /// - Parameter size: the namespace's capacity, which can be less than the area.
    package func wipeInfoBlocks(
        of size: ByteCount, in region: borrowing KernelRegion,
        noting wiped: inout [(offset: ByteCount, bytes: [UInt8])]
    ) throws(OperationError) {
        try use(in: region) { file throws(OperationError) in
            for start in stride(from: 0, to: min(Self.infoBlockArea.length, size).bytes, by: Self.page) {
                var page = [UInt8](repeating: 0, count: Self.page)
                let result = Self.move(&page, file, at: ByteCount(start), writes: false)
                if result == EIO { continue }
                try check(result, "read its media")
                guard Self.signatures.contains(where: { page.starts(with: $0) }) else { continue }
                wiped.append((ByteCount(start), page))
                var zeroes = [UInt8](repeating: 0, count: Self.page)
                try check(
                    Self.move(&zeroes, file, at: ByteCount(start), writes: true), "wipe an old info block")
            }
            try check(fsync(file.descriptor) == 0 ? 0 : errno, "make its media durable")
        }
    }

    private static let page = 4096

    /// How info blocks begin (pfn.h, btt.h).
    private static let signatures = ["NVDIMM_PFN_INFO\0", "NVDIMM_DAX_INFO\0", "BTT_ARENA_INFO\0\0"].map {
        Array($0.utf8)
    }

    private static func move(
        _ bytes: inout [UInt8], _ file: borrowing ExclusiveOpen, at offset: ByteCount, writes: Bool
    ) -> Int32 {
        unsafe bytes.withUnsafeMutableBytes { unsafe transfer(file, offset, $0, writes: writes) }
    }

    /// Enables the namespace and disables it again; its media is not looked at.
    package func enableOnce(in region: borrowing KernelRegion) throws(OperationError) {
        try use(in: region) { _ throws(OperationError) in }
    }

    /// Reads ranges, and hands on the bytes of each, or nil where a media error makes it unreadable, until `receive` says
    /// no.
    package func read(
        _ ranges: [Extent], in region: borrowing KernelRegion, _ receive: (Int, [UInt8]?) -> Bool
    ) throws(OperationError) {
        try withoutActuallyEscaping(receive) { receive throws(OperationError) in
            try use(in: region) { file throws(OperationError) in
                for (index, range) in ranges.enumerated() {
                    var bytes = [UInt8](repeating: 0, count: Int(range.length.bytes))
                    let result = Self.move(&bytes, file, at: range.offset, writes: false)
                    if result != EIO { try check(result, "read its media") }
                    guard receive(index, result == EIO ? nil : bytes) else { return }
                }
            }
        }
    }

    /// Reads one range whole.
    package func read(_ range: Extent, in region: borrowing KernelRegion) throws(OperationError) -> [UInt8] {
        var found: [UInt8]?
        try read([range], in: region) { _, bytes in
            found = bytes
            return false
        }
        guard let found else { throw .system(EIO, while: "read its media", device: namespace) }
        return found
    }

    /// Writes pieces in their order, durably.
    package func write(_ pieces: [MediaPiece], in region: borrowing KernelRegion) throws(OperationError) {
        try use(in: region) { file throws(OperationError) in
            for piece in pieces {
                var bytes = try piece.bytes()
                try check(Self.move(&bytes, file, at: piece.offset, writes: true), "write its media")
            }
            try check(fsync(file.descriptor) == 0 ? 0 : errno, "make its media durable")
        }
    }

    private func check(_ code: Int32, _ operation: String) throws(OperationError) {
        guard code != 0 else { return }
        throw .system(code, while: operation, device: namespace)
    }

    /// Enables the namespace raw, and disables it again.
    ///
    /// Its block device is held exclusively until it is offline: udev hears of it, and whoever it starts (LVM, md, a mount) could claim the
    /// device. In the moment before it is held somebody can. Then that one has it: it stays online and forced raw, as where this program
    /// dies here, and recovery takes it offline when nobody has it any more.
    private func use(
        in region: borrowing KernelRegion, _ body: (borrowing ExclusiveOpen) throws(OperationError) -> Void
    ) throws(OperationError) {
        try region.store("1", in: "\(namespace)/force_raw", "enable it raw")
        var error: OperationError?
        var failures: [OperationError]
        do throws(OperationError) {
            try region.bind(namespace)
            let file = try open(in: region)
            do throws(OperationError) { try body(file) } catch let failure { error = failure }
            failures = region.failure { () throws(OperationError) in
                try region.takeOffline(namespace, isHeld: true)
            }
            extendLifetime(file)
        } catch let failure {
            error = failure
            failures = region.failure { () throws(OperationError) in try region.takeOffline(namespace) }
            if let claim = failures.first, claim.kind == .busy, region.state(namespace).isActive {
                throw Self.taken(claim)
            }
        }
        failures += region.failure { () throws(OperationError) in
            try region.store("0", in: "\(namespace)/force_raw", "end raw access")
        }
        if let error { throw error.adding(undoFailures: failures) }
        if let first = failures.first { throw first }
    }

    /// The error where somebody claimed the block device in the moment since it came online.
    private static func taken(_ claim: OperationError) -> OperationError {
        var error = claim
        error.operation = "open it raw"
        error.reason =
            "somebody took its block device when it came online to be looked at, and it stays online: \(claim.reason)"
        return error
    }

    private func open(in region: borrowing KernelRegion) throws(OperationError) -> ExclusiveOpen {
        guard let disk = region.directory.entries("\(namespace)/block").first else {
            throw OperationError(
                .failed, while: "open it raw", device: namespace, reason: "the kernel made no block device")
        }
        // Should this program die here, the namespace stays raw: then the kernel's count tells whether somebody wrote to it.
        try? region.store("1", in: "\(namespace)/block/\(disk)/queue/iostats", "count what is written")
        return try ExclusiveOpen(
            block: disk, O_RDWR | Linux.openDirect | O_SYNC, region.places, while: "open it raw",
            device: namespace)
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

extension KernelRegion {
    /// Lets the info block of an inactive namespace decide its mode again, where a tool that died in raw access left it
    /// forced raw.
    package func endRawAccess(_ namespace: String) throws(OperationError) {
        guard directory.text("\(namespace)/force_raw") == "1" else { return }
        try store("0", in: "\(namespace)/force_raw", "end raw access")
    }
}
