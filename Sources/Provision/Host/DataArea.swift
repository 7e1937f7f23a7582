public import ProvisionCore

/// What the users of an active namespace see of it, opened to be filled with zeroes.
public protocol DataArea: AnyObject {
    /// How many bytes it has.
    var size: ByteCount { get }

    /// Fills a range with zeroes: a multiple of 512 B, and on a character device of 4 KiB. Media errors in the range are cleared where the
    /// driver clears them with a write.
    /// - Throws: the offset at which it failed is in the words of the error; what lies before it may be zeroed.
    func zero(_ range: Extent) throws(OperationError)

    /// Returns when everything that was zeroed is durable.
    func makeDurable() throws(OperationError)

    /// The checksums of pages of ``MediaSample/page``, read from the media and not from a cache; nil where a media error makes one
    /// unreadable.
    func sums(at offsets: [ByteCount]) throws(OperationError) -> [UInt32?]

    /// Throws ``OperationError/Kind/busy`` where another process has it open by now, and ``OperationError/Kind/changed`` where the device is not the
    /// namespace's any more.
    func requireAlone() throws(OperationError)

    /// Has the kernel forget partitions that the area had. Of no effect on others.
    func forgetPartitions()
}

extension RestoringHost {
    /// Fills the data area of a namespace with zeroes, and reads a sample of it back.
    /// - Parameter stores: counts what is begun.
    /// - Throws: also where the ``RestoringHost/interruption`` asks for the end: what was begun is undone then.
    package func zeroData(
        of namespace: Namespace, in region: String, counting stores: StoreCount
    ) throws(OperationError) {
        let operation = "zero \(namespace.displayName)"
        let area = try openDataArea(of: namespace, in: region)
        var offset = ByteCount.zero
        while offset < area.size {
            guard !interruption.isRequested else {
                throw OperationError(
                    .failed, while: operation, device: namespace.device,
                    reason: "a signal asked for the end")
            }
            let piece = Extent(offset: offset, length: min(.mib(64), area.size - offset))
            stores.add()
            try area.zero(piece)
            offset = piece.end
            // The node is there since the step before.
            if offset.bytes.isMultiple(of: 1 << 30) { try area.requireAlone() }
        }
        try area.makeDurable()
        try area.requireAlone()
        let offsets = MediaSample.offsets(in: Extent(offset: .zero, length: area.size))
        for (place, sum) in zip(offsets, try area.sums(at: offsets)) where sum != MediaSample.zeroPage {
            throw OperationError(
                .failed, while: operation, device: namespace.device,
                reason: MediaSample.notZero(sum, at: place),
                advice: "look who writes to it, and whether it has media errors")
        }
        area.forgetPartitions()
    }
}
