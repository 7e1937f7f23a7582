public import ProvisionCore

/// Media errors to be cleared in one place of a host.
public struct ErrorClearing: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// The namespace that the errors lie in; nil where they lie in none.
    public var target: NamespaceTarget?
    /// What is to be cleared, from the start of the region: multiples of the unit of clearing.
    public var ranges: [Extent]
    /// The unit of clearing.
    public var unit: ByteCount

    /// A clearing of these.
    public init(region: String, target: NamespaceTarget?, ranges: [Extent], unit: ByteCount) {
        self.region = region
        self.target = target
        self.ranges = ranges
        self.unit = unit
    }

    /// What is told of a range.
    public enum Event: Equatable, Sendable {
        /// It is about to be cleared.
        case begins
        /// No list has it any more, and it was read: through a block device as zeroes. A free range is for the caller to read.
        case cleared
        /// No list has it any more, and it was not read, for this reason that says nothing of the media. It may be that nothing was done
        /// to it, or to some of it, since no list had that any more when it was come to.
        case unread(String)
        /// A sector of the block device, in sector mode, that could not be read: zeroes were written over it. It may be told more than once
        /// of one range, between its other events, and belongs to any of them.
        case lost(Extent)
        /// It is not cleared, or not all of it.
        case failed(OperationError)
    }

    /// What each range holds afterwards.
    public enum Content: String, CaseIterable, Sendable {
        /// Zeroes, as reading them showed.
        case zeroes
        /// Whatever the firmware leaves there: it can be read.
        case undefined
    }
}

/// A host without firmware to ask.
extension RestoringHost {
    /// Nothing can be cleared.
    public func clearingUnit(in region: Region, for namespace: Namespace?) throws(OperationError)
        -> ByteCount?
    {
        nil
    }

    /// Always throws `unavailable`: a host that can clear media errors has its own.
    public func clearErrors(
        _ clearing: ErrorClearing, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        throw OperationError(
            .unavailable, while: "clear media errors", device: clearing.region,
            reason: "this host cannot do that")
    }

    /// Always throws `unavailable`: the host has no address range scrub.
    public func scrub(of bus: String) throws(OperationError) -> ScrubProgress {
        throw OperationError(
            .unavailable, while: "look at the scrub", device: bus, reason: "this host has none")
    }

    /// Always throws `unavailable`: the host has no address range scrub.
    public func startScrub(of bus: String) throws(OperationError) {
        throw OperationError(.unavailable, while: "start a scrub", device: bus, reason: "this host has none")
    }
}
