/// What was measured of a namespace: facts, from which ``ProofJudgement`` makes a verdict.
public struct ProofMeasurement: Equatable, Sendable {
    /// Why nothing was measured; nil where something was.
    public var failure: ProofReason?
    /// What mapping the character device showed; nil where that was not tried.
    public var device: MappingOutcome?
    /// Whether the block device supports DAX (`queue/dax`); nil where there is none, or it is not told.
    public var queueSupportsDax: Bool?
    /// Whether the kernel flushes CPU caches when it is asked to sync (`dax/write_cache`); nil where it is not told.
    public var writeCache: Bool?
    /// Whether the region has flush hints, which a deep flush uses (`deep_flush`); nil where it is not told.
    public var deepFlush: Bool?
    /// The file systems on the block device that were measured, or were tried to be: one for each mount point until one was.
    public var fileSystems: [FileSystemMeasurement] = []
    /// What uses the block device in a way that is not measured.
    public var unmeasured: [ProofReason] = []

    /// A measurement of nothing, for a reason; or an empty one.
    public init(failure: ProofReason? = nil) {
        self.failure = failure
    }
}

/// What was measured of a mounted file system, by a file of daxprov's own.
public struct FileSystemMeasurement: Equatable, Sendable {
    /// Where it is mounted.
    public var mountPoint: String
    /// Its type.
    public var type: String
    /// Its mount option for DAX: `always`, `never`, `inode`; nil where it shows none.
    public var daxOption: String?
    /// What a file showed that was made in its root.
    public var file: MappingOutcome
    /// What a file showed that was made in a directory with the DAX attribute; nil where that was not tried.
    public var attributedFile: MappingOutcome?

    /// A measurement of these.
    public init(
        mountPoint: String, type: String, daxOption: String?, file: MappingOutcome,
        attributedFile: MappingOutcome? = nil
    ) {
        self.mountPoint = mountPoint
        self.type = type
        self.daxOption = daxOption
        self.file = file
        self.attributedFile = attributedFile
    }
}
