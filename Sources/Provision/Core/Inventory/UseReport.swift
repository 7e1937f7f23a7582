/// What a ``UseQuery`` found: plain values, as they were at that moment.
public struct UseReport: Equatable, Sendable {
    /// Who uses a namespace, by its kernel name. A namespace that nobody uses is not there.
    public var uses: [String: [Holder]]
    /// What a namespace holds, by its kernel name. One that cannot be looked at (inactive, a character device, not
    /// root) is not there; an empty list means that nothing was recognised.
    public var contents: [String: [Signature]]
    /// The block devices below the state directory's file system: `dm-0`, `pmem0p1`, `pmem0`.
    public var stateDevices: [String]
    /// Whether the regions that are to get labels hold data, by their kernel names. One that cannot be looked at (its
    /// namespace is inactive or has an info block, not root) is not there.
    public var contentLooks: [String: ContentLook] = [:]
    /// The labels that lie on DIMMs of these regions without a valid index.
    public var strayLabels: [StrayLabels] = []
    /// What undo could not write back of the labels that a plan changes, by their UUIDs and in words. Labels that it
    /// could are not there.
    public var labelLosses: [UUID: [String]] = [:]
    /// The block devices that have no node below `/dev`, by the kernel name of their namespace.
    public var missingNodes: [String: String]
    /// What becomes of new memory blocks (`auto_online_blocks`); nil where it was not asked for or is not known.
    public var memoryPolicy: String?
    /// The files with udev rules that bring new memory blocks online; none where it was not asked for.
    public var memoryRules: [String] = []
    /// The sections of daxctl's files that daxctl acts on when a dax device appears; none where it does not, or it was not asked for.
    public var daxctlSections: [DaxctlConf.Section] = []
    /// What has daxctl read its files when a dax device appears, in words; nil where nothing does, or it was not asked for.
    public var daxctlReason: String? = nil
    /// The size of the kernel's memory blocks; nil where it was not asked for, or where there is no memory hotplug.
    public var memoryBlockSize: ByteCount? = nil
    /// Whether the kernel can put the page map of new memory into that memory; nil where it was not asked for or is not known.
    public var memmapOnMemory: MemmapOnMemory? = nil
    /// Why somebody who uses a namespace could go unseen; nil where nobody could.
    public var obstacle: OperationError?
    /// Why daxprov's udev rules cannot be written: the file, and what is wrong with it. Nil where they can be, or it was not
    /// asked for.
    public var deviceRulesFault: String? = nil
    /// The physical ranges that the kernel uses as its memory; none where it was not asked for or may not be seen.
    public var systemMemory: [Range<UInt64>]

    /// A report; by default of nothing.
    public init(
        uses: [String: [Holder]] = [:], contents: [String: [Signature]] = [:],
        stateDevices: [String] = [], missingNodes: [String: String] = [:], memoryPolicy: String? = nil,
        obstacle: OperationError? = nil, systemMemory: [Range<UInt64>] = []
    ) {
        self.uses = uses
        self.contents = contents
        self.stateDevices = stateDevices
        self.missingNodes = missingNodes
        self.memoryPolicy = memoryPolicy
        self.obstacle = obstacle
        self.systemMemory = systemMemory
    }
}
