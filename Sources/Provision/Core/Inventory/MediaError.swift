/// A range of media errors that lies in one part of one namespace, or in none.
public struct MediaError: Equatable, Sendable {
    /// The kernel name of the region.
    public var region: String
    /// Where it lies, from the start of the region: whole units of 512 bytes.
    public var range: Extent
    /// The first system physical address; nil where the region's own is not known.
    public var address: UInt64?
    /// The namespace that it lies in; nil where it lies in none, or that is not known.
    public var namespace: Namespace?
    /// Where it lies from the start of the namespace; nil where it lies in none.
    public var namespaceOffset: ByteCount?
    /// Where it lies from the start of the namespace's data, as its block or character device counts; nil outside the data, and
    /// in sector mode, whose translation table decides.
    public var dataOffset: ByteCount?
    /// What lies there.
    public var part: Part
    /// The DIMMs, as the firmware tells; empty where nobody told.
    public var dimms: [String]
    /// Who lists it.
    public var lists: Set<List>
    /// The names of the namespaces of the region that the kernel does not enable as long as it is there.
    public var blocks: [String] = []

    /// What a range of a region holds.
    public enum Part: String, CaseIterable, Sendable {
        /// Data of a namespace's users.
        case data
        /// The place of a namespace's info block.
        case infoBlock = "info_block"
        /// The page map of an fsdax or devdax namespace: the kernel writes it anew at every enable.
        case pageMap = "page_map"
        /// The map, the log or an info block of a sector-mode namespace.
        case translationTable = "translation_table"
        /// A part of a namespace that nothing uses: between an info block and the data, behind the data.
        case unused
        /// A part of a disabled namespace: only its info block would say whether it is metadata.
        case undetermined
        /// A label that takes the place, and of which the kernel makes no namespace.
        case label
        /// No namespace.
        case free
        /// What lies there is not known: addresses are not.
        case unknown
    }

    /// A list of media errors that the kernel keeps.
    public enum List: String, CaseIterable, Sendable {
        /// The region's (`regionN/badblocks`).
        case region
        /// That of the namespace's block device (`/sys/block/pmemN/badblocks`): by it reads fail.
        case blockDevice = "block_device"
    }
}

extension MediaError {
    /// Whether it lies in what the kernel keeps of a namespace, and not in what its users have.
    public var isMetadata: Bool {
        switch part {
        case .infoBlock, .pageMap, .translationTable, .undetermined: true
        case .data, .unused, .label, .free, .unknown: false
        }
    }
}

extension BadBlocks {
    /// The range in bytes. What would exceed any region is cut.
    package var bytes: Extent {
        Extent(
            offset: ByteCount(min(offset, Region.maximumAddress / 512) * 512),
            length: ByteCount(UInt64(length) * 512))
    }
}

extension Extent {
    /// What both ranges have in common; nil where that is nothing.
    package func overlap(_ other: Extent) -> Extent? {
        let first = max(offset, other.offset)
        let last = min(end, other.end)
        return first < last ? Extent(offset: first, length: last - first) : nil
    }

    /// What is left of the range without these.
    package func without(_ others: [Extent]) -> [Extent] {
        var rest: [Extent] = []
        var start = offset
        for other in others.compactMap({ overlap($0) }).sorted() {
            if other.offset > start { rest.append(Extent(offset: start, length: other.offset - start)) }
            start = max(start, other.end)
        }
        if end > start { rest.append(Extent(offset: start, length: end - start)) }
        return rest
    }

    /// The range with its borders moved outward to multiples of `unit`.
    package func rounded(to unit: ByteCount) -> Extent {
        let first = offset.roundedDown(to: unit)
        return Extent(offset: first, length: (end.roundedUp(to: unit) ?? end) - first)
    }
}
