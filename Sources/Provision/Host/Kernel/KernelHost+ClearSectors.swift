import ProvisionCore

/// Clearing the media errors of a sector-mode namespace: through its block device, while it stays online.
///
/// Where a sector lies is for the translation table to say, and the firmware knows nothing of it: what it clears the table still answers
/// with an error, or, worse, with bytes that nobody wrote. So every sector is read, and zeroes are written to those that cannot be read. That
/// changes no other sector, no info block, and the table only as any write of these sectors does. What is listed afterwards lies in blocks
/// that no sector has, and is left to the table, which zeroes them before it uses them.
extension KernelHost {
    /// Writes over the sectors that cannot be read, and tells of them, and of each range.
    func clearSectors(
        _ clearing: ErrorClearing, of live: KernelRegion.Live, on disk: String, sector: UInt64,
        _ home: borrowing KernelRegion, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        let device = try SectorDevice(
            disk, sector: sector, of: live.device, home.places, while: Self.operation)
        // One write can clear what is listed of several: all of them begin at once.
        for index in clearing.ranges.indices { guard tell(index, .begins) else { return } }
        let failure = OperationError.collected { () throws(OperationError) in
            try home.requireIdleScrub(while: Self.operation)
            try heal(device, of: live, home, clearing.ranges) { _ = tell(0, .lost($0)) }
        }
        for (index, range) in clearing.ranges.enumerated() {
            let event = Self.event { () throws(OperationError) in
                if let failure { throw failure }
                try home.requireIdleScrub(while: Self.operation)
                if home.lists(range) { throw Self.inFreeBlock(range, live) }
                try home.requireNotListed(range, while: Self.operation)
            }
            guard tell(index, event) else { return }
        }
    }

    private func heal(
        _ device: borrowing SectorDevice, of live: KernelRegion.Live, _ home: borrowing KernelRegion,
        _ ranges: [Extent], _ lost: (Extent) -> Void
    ) throws(OperationError) {
        let failing = try device.unreadable()
        guard !failing.isEmpty else { return }
        var written: [UInt64] = []
        // One write frees the block with the error; that block is zeroed by the same write, or by the next one on the same processor.
        for pass in 0..<4 where pass == 0 || ranges.contains(where: { home.lists($0) }) {
            try UseGuard.requireNoOthers(of: live, in: home, for: Self.operation)
            for number in pass == 0 ? failing : written {
                let place = Extent(
                    offset: ByteCount(number * device.sector), length: ByteCount(device.sector))
                do throws(OperationError) {
                    guard try device.zero(number), pass == 0 else { continue }
                } catch {
                    // The table is changed before the block that the write freed is zeroed, which can fail.
                    if pass == 0, (try? device.requireZeroes(number)) != nil { lost(place) }
                    throw error
                }
                written.append(number)
                lost(place)
            }
        }
        for number in written { try device.requireZeroes(number) }
        let left = try device.unreadable()
        guard left.isEmpty else {
            throw OperationError(
                .failed, while: Self.operation, device: live.device,
                reason:
                    "\(left.count) of its sectors still cannot be read, the first of them sector \(left[0])",
                advice: OperationError.unreadableAdvice)
        }
    }

    private static func inFreeBlock(_ range: Extent, _ live: KernelRegion.Live) -> OperationError {
        OperationError(
            .failed, while: operation, device: live.device,
            reason:
                "the region still lists it, and every sector can be read: it lies in a block that no sector has",
            advice:
                "nothing is lost there: the translation table zeroes such a block before it uses it. To have it cleared now, copy the data, "
                + "destroy the namespace, clear the range, and create it again")
    }
}
