import Glibc
public import ProvisionCore

/// Clearing media errors.
///
/// Through the block device, by writing zeroes past the page cache, where there is one: this alone clears both of the kernel's lists, and
/// keeps the node. In sector mode the sectors that cannot be read are written. What the firmware clears by ioctl stays in the list of the
/// block device, and reads go on failing, until the namespace is disabled and enabled, which makes its node anew. A devdax device has neither
/// a second list nor a way to write but a mapping; nor has a free range: there the ioctl is all.
extension KernelHost {
    static var operation: String { "clear media errors" }

    /// See ``RestoringHost/clearingUnit(in:for:)``.
    public func clearingUnit(
        in region: Region, for namespace: Namespace?
    ) throws(OperationError) -> ByteCount? {
        let sector = ByteCount(512)
        let disk = namespace?.mode == .devdax ? nil : namespace?.blockDevice
        let block = disk.flatMap { logicalBlockSize(of: $0) }
        var unit: ByteCount?
        if let start = region.resource {
            try Self.withBus(of: region.device) { bus throws(OperationError) in
                unit = try bus.clearingUnit(at: start, length: region.size)
            }
        }
        // Sectors are written, wherever the translation table has them: the range tells only where to look in the lists. A write frees the
        // block with the error; where nothing clears that, it would fail every later write on its lane (drivers/nvdimm/btt.c).
        if namespace?.mode == .sector { return unit == nil ? nil : sector }
        // A driver without firmware behind it clears by writing, or fails to: that is for the write to show.
        guard let least = block ?? (unit == nil ? nil : sector) else { return nil }
        return max(unit ?? sector, least, sector)
    }

    private func logicalBlockSize(of disk: String) -> ByteCount? {
        let queue = "\(places.blockDevices)/\(disk)/queue"
        guard let directory = SysfsDirectory.ifThere(queue, places) else { return nil }
        return directory.number("logical_block_size").map(ByteCount.init)
    }

    private static func withBus(
        of region: String, _ body: (borrowing NdctlBus) throws(OperationError) -> Void
    ) throws(OperationError) {
        var isFound = false
        let context = try NdctlContext()
        try context.forEachBus { bus throws(OperationError) in
            var isHere = false
            bus.forEachRegion { if $0.device == region { isHere = true } }
            guard isHere, !isFound else { return }
            isFound = true
            try body(bus)
        }
        guard isFound else {
            throw OperationError(
                .changed, while: operation, device: region, reason: "it is not there any more",
                advice: "see daxprov inventory")
        }
    }

    /// See ``RestoringHost/clearErrors(_:_:)``.
    public func clearErrors(
        _ clearing: ErrorClearing, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        regions[clearing.region] = nil
        let home = try region(clearing.region, places)
        guard let start = home.reader.region.start else {
            throw OperationError(
                .notPermitted, while: Self.operation, device: clearing.region,
                reason: "its address cannot be read", advice: "run it as root")
        }
        try home.requireIdleScrub(while: Self.operation)
        guard let target = clearing.target else {
            try home.requireFree(clearing.ranges, from: start, while: Self.operation)
            return try clearByFirmware(clearing, from: start, home, tell)
        }
        let live = try home.live(target)
        guard live.isActive else {
            throw OperationError(
                .changed, while: Self.operation, device: live.device, reason: "it is disabled",
                advice: "enable it first: ndctl enable-namespace \(live.device)")
        }
        let held = try UseGuard.unused(live, in: home, for: Self.operation)
        if home.characterDevice(of: live) != nil {
            try clearByFirmware(clearing, from: start, home, tell)
        } else if let disk = home.disk(of: live), live.claim?.hasPrefix("btt") == true,
            let sector = logicalBlockSize(of: disk)
        {
            try clearSectors(clearing, of: live, on: disk, sector: sector.bytes, home, tell)
        } else if let disk = home.disk(of: live), live.claim?.hasPrefix("btt") != true {
            try clear(clearing, from: start, through: disk, of: live, home, tell)
        } else {
            throw OperationError(
                .unavailable, while: Self.operation, device: live.device,
                reason: "it has no device through which errors can be cleared")
        }
        extendLifetime(held)
    }

    private func clearByFirmware(
        _ clearing: ErrorClearing, from start: UInt64, _ home: borrowing KernelRegion,
        _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        try Self.withBus(of: clearing.region) { bus throws(OperationError) in
            for (index, range) in clearing.ranges.enumerated() {
                guard tell(index, .begins) else { return }
                guard home.lists(range) else {
                    guard tell(index, .unread(Self.left(range.length, of: range))) else { return }
                    continue
                }
                var unread = home.isEmulated ? "the memory of an emulated bus cannot be mapped" : nil
                var event = Self.event { () throws(OperationError) in
                    try home.requireIdleScrub(while: Self.operation)
                    // Nothing is held, and the kernel refuses nothing: so each range is looked at anew.
                    guard home.directory.exists("driver") else {
                        throw OperationError(
                            .changed, while: Self.operation, device: clearing.region, reason: "it is disabled"
                        )
                    }
                    if let target = clearing.target {
                        try UseGuard.requireNoOthers(
                            of: try home.live(target), in: home, for: Self.operation)
                    } else {
                        try home.requireFree([range], from: start, while: Self.operation)
                    }
                    let cleared = try bus.clearErrors(
                        at: start + range.offset.bytes, length: range.length, counting: home.places.stores)
                    try home.requireNotListed(range, while: Self.operation)
                    guard cleared >= range.length else {
                        throw OperationError(
                            .failed, while: Self.operation, device: clearing.region,
                            reason: "the firmware cleared \(cleared) of \(range.length)",
                            advice:
                                "see daxprov errors list, and replace a DIMM whose errors cannot be cleared")
                    }
                    if unread == nil, home.lists(range.rounded(to: .kib(4))) {
                        unread =
                            "another media error lies in the same page of 4 KiB, and a load would meet it"
                    }
                    if let target = clearing.target, unread == nil {
                        try home.requireReadable(
                            start + range.offset.bytes, range.length, of: try home.live(target))
                    }
                }
                if let unread, event == .cleared, clearing.target != nil { event = .unread(unread) }
                guard tell(index, event) else { return }
            }
        }
    }

    private func clear(
        _ clearing: ErrorClearing, from start: UInt64, through disk: String, of live: KernelRegion.Live,
        _ home: borrowing KernelRegion, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        guard let data = home.directory.number("\(live.running)/resource"), data >= start else {
            throw OperationError(
                .failed, while: Self.operation, device: live.device,
                reason: "where its data begins cannot be read")
        }
        let device = try ZeroedBlocks(disk, of: live.device, home.places, while: Self.operation)
        let first = ByteCount(data - start)
        for (index, range) in clearing.ranges.enumerated() {
            guard tell(index, .begins) else { return }
            var left = ByteCount.zero
            var event = Self.event { () throws(OperationError) in
                guard start + range.offset.bytes >= data else {
                    throw OperationError(
                        .changed, while: Self.operation, device: live.device,
                        reason: "the range lies before its data")
                }
                try home.requireIdleScrub(while: Self.operation)
                let place = Extent(offset: range.offset - first, length: range.length)
                // The device is held, but who merely opens it is not kept out. A write clears the error under it: what no list has any
                // more can be somebody's data by now.
                try UseGuard.requireNoOthers(of: live, in: home, for: Self.operation)
                let listed =
                    try home.listed(in: range, while: Self.operation)
                    + home.listed(in: place, by: disk, of: live, while: Self.operation)
                    .map { Extent(offset: $0.offset + first, length: $0.length) }
                let gone = range.without(listed.map { $0.rounded(to: clearing.unit) })
                left = gone.reduce(.zero) { $0 + $1.length }
                let pieces = range.without(gone).map { Extent(offset: $0.offset - first, length: $0.length) }
                let failures = pieces.compactMap { piece in
                    OperationError.collected { () throws(OperationError) in try device.write(piece) }
                }
                try home.requireNotListed(range, while: Self.operation)
                try home.requireNotListed(place, by: disk, of: live, while: Self.operation)
                if let failure = failures.first { throw failure }
                for piece in pieces { try device.verify(piece) }
            }
            if event == .cleared, left > .zero { event = .unread(Self.left(left, of: range)) }
            guard tell(index, event) else { return }
        }
    }

    /// What is said of a part of a range that was left as it is.
    private static func left(_ length: ByteCount, of range: Extent) -> String {
        (length == range.length ? "it" : "\(length) of it")
            + " was not listed any more when it was come to, and was left as it is: somebody can have written there meanwhile"
    }

    static func event(_ work: () throws(OperationError) -> Void) -> ErrorClearing.Event {
        OperationError.collected(work).map { ErrorClearing.Event.failed($0) } ?? .cleared
    }
}
