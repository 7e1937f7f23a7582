import ProvisionCore

/// What a region lists of media errors, and what clearing them requires of it.
extension KernelRegion {
    /// Fails while an address range scrub runs: its result lists again what is cleared meanwhile.
    func requireIdleScrub(while operation: String) throws(OperationError) {
        guard directory.text("../nfit/scrub")?.hasSuffix("+") == true else { return }
        throw OperationError(
            .busy, while: operation, device: device,
            reason: "an address range scrub runs, whose result would list again what is cleared now",
            advice: "wait for its end: daxprov errors scrub --wait")
    }

    /// Fails where the device of a devdax namespace cannot be read in a range that no list has any more.
    func requireReadable(
        _ address: UInt64, _ length: ByteCount, of live: Live
    ) throws(OperationError) {
        do throws(OperationError) {
            try MappedRead(live, in: self, while: "read what was cleared")
                .requireReadable(at: address, length: length)
        } catch {
            var error = error
            error.reason =
                "the kernel lists no error there any more, but it could not be read: \(error.reason)"
            error.advice = "it is not counted as cleared: write it, and read it, before it is used"
            throw error
        }
    }

    /// Fails where a namespace lies in one of these ranges.
    func requireFree(
        _ ranges: [Extent], from start: UInt64, while operation: String
    ) throws(OperationError) {
        for name in directory.entries() where name.hasPrefix("namespace") && name.last?.isNumber == true {
            guard let size = directory.number("\(name)/size"), size > 0 else { continue }
            guard let address = directory.number("\(name)/resource"), address >= start else {
                throw OperationError(
                    .failed, while: operation, device: name, reason: "where it lies cannot be read")
            }
            let place = Extent(offset: ByteCount(address - start), length: ByteCount(size))
            guard !ranges.contains(where: place.overlaps) else {
                throw OperationError(
                    .changed, while: operation, device: name, reason: "it lies in the range now",
                    advice: "another tool changed the host: see daxprov errors list")
            }
        }
    }

    /// Fails where the region still lists errors in a range of it.
    func requireNotListed(_ range: Extent, while operation: String) throws(OperationError) {
        try requireNone(try listed(in: range, while: operation), of: range, device, "the region", operation)
    }

    /// Fails where a block device still lists errors in a range of it.
    func requireNotListed(
        _ range: Extent, by disk: String, of live: Live, while operation: String
    ) throws(OperationError) {
        try requireNone(
            try listed(in: range, by: disk, of: live, while: operation), of: range, live.device, disk,
            operation)
    }

    /// The errors that the region lists in a range of it.
    func listed(in range: Extent, while operation: String) throws(OperationError) -> [Extent] {
        try listed(in: range, by: "badblocks", of: device, "the region", operation)
    }

    /// The errors that a block device lists in a range of it.
    func listed(
        in range: Extent, by disk: String, of live: Live, while operation: String
    ) throws(OperationError) -> [Extent] {
        try listed(
            in: range, by: "\(live.running)/block/\(disk)/badblocks", of: live.device, disk, operation)
    }

    /// - Throws: where the list cannot be read, or has none in the range and is longer than the kernel shows.
    private func listed(
        in range: Extent, by attribute: String, of device: String, _ list: String, _ operation: String
    ) throws(OperationError) -> [Extent] {
        let text: String
        do {
            text = try directory.read(attribute)
        } catch {
            throw .system(error.rawValue, while: "read the list of media errors of \(list)", device: device)
        }
        let all = SysfsText.badBlocks(text)
        let found = all.compactMap { $0.bytes.overlap(range) }
        guard
            !found.isEmpty || !SysfsText.isCut(text) || all.contains(where: { $0.bytes.offset >= range.end })
        else {
            throw OperationError(
                .failed, while: operation, device: device,
                reason:
                    "the list of \(list) is longer than the kernel shows: whether they are still in it is not known",
                advice: "clear those that are shown, and look again: daxprov errors list")
        }
        return found
    }

    private func requireNone(
        _ listed: [Extent], of range: Extent, _ device: String, _ list: String, _ operation: String
    ) throws(OperationError) {
        let left = listed.reduce(ByteCount.zero) { $0 + $1.length }
        guard left > .zero else { return }
        throw OperationError(
            .failed, while: operation, device: device,
            reason: "\(left) of \(range.length) are still listed by \(list)",
            advice: "errors that cannot be cleared stay: use another range, or replace the DIMM")
    }

    /// Whether the region's list has an error in a range of it; also where the list cannot be read.
    func lists(_ range: Extent) -> Bool {
        // An empty attribute is a list without errors, and no missing one.
        guard let text = try? directory.read("badblocks") else { return true }
        return SysfsText.badBlocks(text).contains { $0.bytes.overlaps(range) }
    }
}
