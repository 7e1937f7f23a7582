/// A namespace as it was, to be brought back where it lay.
public struct Restoration: Equatable, Sendable {
    /// The region's kernel name now.
    public var region: String
    /// The namespace as it was observed.
    public var namespace: Namespace
    /// Label UUIDs that it may have been given since.
    public var aliases: Set<UUID>
    /// What was saved of its media, to be written back.
    public var saved: [SavedRange]

    /// A namespace to be brought back in a region.
    public init(region: String, namespace: Namespace, aliases: Set<UUID>, saved: [SavedRange]) {
        self.region = region
        self.namespace = namespace
        self.aliases = aliases
        self.saved = saved
    }
}

/// What is saved of a DIMM's label area: its start, with the index blocks and the slots up to the last one in use.
public struct LabelAreaImage: Equatable, Sendable {
    /// The DIMM's stable identity, or its kernel name where it has none.
    public var dimm: String
    /// The bytes, from the start of the area.
    public var bytes: [UInt8]
}

/// What a host offers beyond steps, so that steps can be undone whatever happened since.
///
/// Each of these can be repeated: it looks at what is there, and does what is missing.
public protocol RestoringHost: Host {
    /// Reads ranges of the inactive namespace's media, from its start, past any info block. The pieces come in order.
    func readMedia(
        of target: NamespaceTarget, _ range: Extent
    ) throws(HostError) -> [UInt8]

    /// Takes a place under a label UUID without touching its media: so that something else cannot be allocated there, or
    /// its media can be written back. What has it is inactive, and goes with ``remove(_:from:)``.
    func occupy(_ placement: Placement, as label: UUID) throws(HostError) -> NamespaceTarget

    /// Writes what was saved back to the inactive namespace's media, past any info block. It stays inactive.
    /// - Parameter contents: gives the bytes of a saved range.
    func writeMedia(
        of target: NamespaceTarget, _ saved: [SavedRange],
        contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError)

    /// Brings a namespace back: its label, its place, what was saved of its media, and whether it was active.
    /// - Parameter contents: gives the bytes of a saved range.
    func restore(
        _ restoration: Restoration, contents: (SavedRange) throws(HostError) -> [UInt8]
    ) throws(HostError) -> Namespace

    /// Removes the namespace whose label has this UUID, whatever became of it; nothing where there is none.
    func remove(_ label: UUID, from region: String) throws(HostError)

    /// The labels of the DIMMs of a region.
    func labelImages(of region: String) throws(HostError) -> [LabelAreaImage]

    /// Enables a disabled region. Fails where the labels of its DIMMs do not agree, which a crash between the label
    /// writes of two DIMMs leaves.
    func enableRegion(_ region: String) throws(HostError)

    /// Writes labels back to the DIMMs of a region, with every region on these disabled meanwhile.
    /// - Parameter own: the labels that may be lost by that. Where there are others that were not saved, nothing is
    ///   written.
    func restoreLabels(
        _ images: [LabelAreaImage], of region: String, replacing own: Set<UUID>
    ) throws(HostError)
}
