public import ProvisionCore

/// What is saved of a DIMM's label area: its start, with the index blocks and the slots up to the last one in use.
public struct LabelAreaImage: Equatable, Sendable {
    /// The DIMM's stable identity, or its kernel name where it has none.
    public var dimm: String
    /// The bytes, from the start of the area.
    public var bytes: [UInt8]

    /// A value of these parts.
    package init(dimm: String, bytes: [UInt8]) {
        self.dimm = dimm
        self.bytes = bytes
    }
}

/// Bytes to be written to a namespace's media.
public struct MediaPiece {
    /// Where, from the namespace's start.
    public var offset: ByteCount
    /// Gives the bytes when they are needed.
    public var bytes: () throws(OperationError) -> [UInt8]

    /// A value of these parts.
    package init(offset: ByteCount, bytes: @escaping () throws(OperationError) -> [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }
}

/// What a host offers beyond steps, so that steps can be undone whatever happened since.
///
/// Each of these can be repeated: it looks at what is there, and does what is missing. None judges: what may be written
/// over what is for ``Rollback`` to say.
public protocol RestoringHost: Host {
    /// The kernel's id of this boot; nil where it has none.
    var bootID: String? { get }

    /// Asked in the middle of a long step whether to stop: then the step fails, and undoes what it had begun. Set by who performs steps.
    var interruption: Interruption { get set }

    /// What the kernel does with new memory blocks (`auto_online_blocks`); nil where it has no memory hotplug.
    var memoryPolicy: String? { get }

    /// Changes what the kernel does with new memory blocks.
    func setMemoryPolicy(_ policy: String) throws(OperationError)

    /// Reads ranges of the inactive namespace's media, from its start, past any info block.
    /// - Parameter receive: gets the bytes of each range in turn, with its index, and nil in place of what a media error
    ///   makes unreadable; says whether to go on.
    func readMedia(
        of target: NamespaceTarget, _ ranges: [Extent], _ receive: (Int, [UInt8]?) -> Bool
    ) throws(OperationError)

    /// Reads pages of ``MediaSample/page`` through the block device of the active namespace, as its users see them; an
    /// empty one where a media error makes it unreadable. Nil where it has no block device, or is not active.
    func readPages(of target: NamespaceTarget, at offsets: [ByteCount]) throws(OperationError) -> [[UInt8]]?

    /// Whether nothing has been written through the block device of the namespace since it was enabled; nil where the kernel
    /// does not count that.
    func isUnwritten(_ target: NamespaceTarget) throws(OperationError) -> Bool?

    /// Whether no sector of an inactive namespace was written since its translation table was made: every log of the table is as it was made
    /// (``TranslationLog``). False where a media error makes one unreadable.
    /// - Parameter logs: where the logs lie, from the namespace's start.
    func isUnusedTable(of target: NamespaceTarget, logs: [Extent]) throws(OperationError) -> Bool

    /// What a namespace that ``Host/perform(_:identity:)`` has just created or reconfigured holds where its users can write;
    /// nil where that cannot be told.
    func sample(ofCreated namespace: Namespace, in region: String) throws(OperationError) -> MediaSample?

    /// What lies on the device of an active devdax namespace outside its memory blocks; nil where it is no device now, or
    /// memory blocks cover all of it.
    func memoryMargins(of target: NamespaceTarget) throws(OperationError) -> MemoryMargins?

    /// Checksums of some pages of a device of a dynamic dax region, from an offset to its end; nil where there is no such device that
    /// programs could map now.
    func sample(
        of layout: DeviceLayout, in region: DaxRegionIdentity, from offset: ByteCount
    ) throws(OperationError) -> MediaSample?

    /// Opens the data area of an active namespace to fill it with zeroes. A block device is held exclusively as long as the area
    /// lives.
    /// - Parameter namespace: as it was observed. It must be so still.
    /// - Throws: where somebody uses it, or could unseen; where it has changed, or its node leads to another device.
    func openDataArea(of namespace: Namespace, in region: String) throws(OperationError) -> any DataArea

    /// Removes devices without memory and driver from a dynamic dax region, but for those of these names: what a step that died has
    /// left.
    func removeEmptyDevices(of region: DaxRegionIdentity, besides names: Set<String>) throws(OperationError)

    /// Takes a place under a label UUID without touching its media: so that something else cannot be allocated there, or
    /// its media can be looked at and written back. What has it is inactive, and goes with ``remove(_:from:)``.
    func occupy(_ placement: Placement, as label: UUID) throws(OperationError) -> NamespaceTarget

    /// Writes to the inactive namespace's media, past any info block, in the order of the pieces. It stays inactive.
    func writeMedia(of target: NamespaceTarget, _ pieces: [MediaPiece]) throws(OperationError)

    /// Gives an inactive namespace the label that another had, brings it online if that was online, and checks that it is
    /// what that was.
    func reinstate(_ was: Namespace, on target: NamespaceTarget) throws(OperationError) -> Namespace

    /// Removes the namespace whose label has this UUID, whatever became of it; nothing where there is none.
    func remove(_ label: UUID, from region: String) throws(OperationError)

    /// Removes the rules for the rights of these devices, where there are some, and what is left of a run that died while it wrote
    /// rules.
    func removeRules(for devices: [DeviceKey]) throws(OperationError)

    /// The labels of the DIMMs of a region.
    func labelImages(of region: String) throws(OperationError) -> [LabelAreaImage]

    /// Whether the DIMMs of a region do not have the same labels of it, each of the same length: a cut of the power between the label writes of
    /// two DIMMs leaves that.
    func labelsDisagree(in region: String) throws(OperationError) -> Bool

    /// Enables a disabled region. Fails where the labels of its DIMMs do not agree, which a crash between the label
    /// writes of two DIMMs leaves.
    func enableRegion(_ region: String) throws(OperationError)

    /// Writes labels back to the DIMMs of a region, with every region on these disabled meanwhile.
    /// - Parameter own: the labels that may be lost or changed by that. Where another one is not as it was saved, nothing
    ///   is written: somebody created, changed or destroyed a namespace since.
    func restoreLabels(
        _ images: [LabelAreaImage], of region: String, replacing own: Set<UUID>
    ) throws(OperationError)

    /// How much can be cleared at once of media errors, and at which multiples: of a namespace, or where none is. Nil where nothing can.
    func clearingUnit(in region: Region, for namespace: Namespace?) throws(OperationError) -> ByteCount?

    /// Clears media errors, range by range, and makes sure of each by reading the kernel's lists again, and its bytes where there is
    /// a block device. The node of the device stays as it is. What one range comes to is told, and does not keep others from being cleared.
    /// - Parameter tell: gets the index of a range and what becomes of it; says whether to go on.
    /// - Throws: where nothing was touched: somebody uses the device, a scrub runs, the namespace has changed.
    func clearErrors(
        _ clearing: ErrorClearing, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError)

    /// How often the bus with this kernel name was scrubbed, and whether it is being scrubbed.
    func scrub(of bus: String) throws(OperationError) -> ScrubProgress

    /// Starts a scrub of a bus. Where one runs, that goes on.
    func startScrub(of bus: String) throws(OperationError)
}

/// How far the scrubs of a bus are (`nfit/scrub`).
public struct ScrubProgress: Equatable, Sendable {
    /// How many scrubs have ended since the driver was loaded.
    public var count: UInt64
    /// Whether a scrub runs now.
    public var isRunning: Bool

    /// A value of these parts.
    public init(count: UInt64, isRunning: Bool) {
        self.count = count
        self.isRunning = isRunning
    }
}

extension Namespace {
    /// Whether its label and its place are what another's were: everything that lies outside its media.
    package func hasLabel(of other: Namespace) -> Bool {
        resource == other.resource && rawSize == other.rawSize && labelUUID == other.labelUUID
            && name == other.name && recordedMode == other.recordedMode && extents == other.extents
    }

    /// Whether this is what another was, in everything that people rely on.
    package func isSame(as other: Namespace) -> Bool {
        configuration == other.configuration && resource == other.resource && labelUUID == other.labelUUID
            && infoBlockUUID == other.infoBlockUUID && isActive == other.isActive
    }
}

extension Region {
    /// The namespace that is what another was (``Namespace/isSame(as:)``); nil where there is none.
    package func namespace(as was: Namespace) -> Namespace? { namespaces.first { $0.isSame(as: was) } }
}
