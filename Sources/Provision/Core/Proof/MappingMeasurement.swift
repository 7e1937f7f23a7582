/// How memory was mapped into a process, and what touching it cost.
public struct MappingMeasurement: Equatable, Sendable {
    /// Whether the kernel accepted `MAP_SYNC`: then flushing the CPU caches is enough to make a store durable, and no call
    /// to the kernel is needed. It refuses that for everything that is not DAX.
    public var isSynchronous: Bool
    /// Whether statx(2) calls the file or device DAX; nil where the kernel does not say.
    public var isDax: Bool?
    /// How it was touched; nil where it was not, since neither of the two above says DAX.
    public var touch: Touch?
    /// The physical address of the first byte; nil where the kernel does not tell (not root, or a page of 1 GiB).
    public var address: UInt64?

    /// What touching a mapping cost.
    public struct Touch: Equatable, Sendable {
        /// How it was touched. A load is enough for a device. Loads from a new file would map zeros.
        public var access: Access
        /// How much was mapped.
        public var length: ByteCount
        /// The page faults of touching all of it.
        public var faults: UInt64
        /// How many aligned pieces of 2 MiB were touched at every 4 KiB.
        public var pieces: Int
        /// How many of these took one fault.
        public var largePieces: Int

        /// What was counted.
        public init(
            _ access: Access, length: ByteCount, faults: UInt64, pieces: Int, largePieces: Int
        ) {
            self.access = access
            self.length = length
            self.faults = faults
            self.pieces = pieces
            self.largePieces = largePieces
        }
    }

    /// How memory was touched.
    public enum Access: String, CaseIterable, Sendable {
        /// A byte was loaded.
        case load
        /// A byte was stored.
        case store
    }

    /// A mapping with these properties.
    public init(isSynchronous: Bool, isDax: Bool?, touch: Touch? = nil, address: UInt64? = nil) {
        self.isSynchronous = isSynchronous
        self.isDax = isDax
        self.touch = touch
        self.address = address
    }
}

extension MappingMeasurement.Touch {
    /// The size of the pages that memory was mapped in.
    public enum Pages: Equatable, Sendable {
        /// All are this large.
        case uniform(ByteCount)
        /// A part of the pieces of 2 MiB has pages of 2 MiB, the rest has pages of 4 KiB.
        case mixed
        /// Too little was mapped to tell.
        case unknown
    }

    /// The size of the pages, by the number of faults: neither the resident size nor the page size in `/proc/PID/smaps` tells it
    /// for every kernel and device.
    public var pages: Pages {
        let smallPages = length.bytes / ByteCount.kib(4).bytes
        guard pieces > 0 else {
            return faults * 2 > smallPages && smallPages > 0 ? .uniform(.kib(4)) : .unknown
        }
        if largePieces == 0 { return .uniform(.kib(4)) }
        guard largePieces == pieces else { return .mixed }
        let gigabytes = length.bytes / ByteCount.gib(1).bytes
        return gigabytes > 0 && faults < gigabytes + 16 ? .uniform(.gib(1)) : .uniform(.mib(2))
    }
}

/// What became of measuring a mapping.
public enum MappingOutcome: Equatable, Sendable {
    /// It was measured.
    case measured(MappingMeasurement)
    /// It was not, for this reason.
    case failed(ProofReason)
}
