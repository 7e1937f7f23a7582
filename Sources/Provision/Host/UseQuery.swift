public import SystemPackage
public import ProvisionCore

/// What is to be looked at beside the enumeration, since it takes time and only a plan says where.
public struct UseQuery: Equatable, Sendable {
    /// The namespaces whose users and contents are looked for.
    public var targets: [NamespaceTarget]
    /// The devices of dynamic dax regions, by kernel name, whose users are looked for.
    public var devices: [String] = []
    /// The regions, by kernel name, whose contents and label areas are looked at, since they are to get labels.
    public var initializedRegions: [String] = []
    /// The namespaces whose labels are looked at, since they are to be written or deleted.
    public var relabelled: [NamespaceTarget] = []
    /// The state directory, to see on which devices it lies; nil where there is none.
    public var stateDirectory: FilePath?
    /// Whether the size of memory blocks, and the kernel's policy for new ones, matter.
    public var readsMemoryPolicy: Bool
    /// Whether it matters what daxctl makes of the devices of namespaces when they appear.
    public var readsDaxctlConf = false
    /// Whether each block device is opened exclusively for a moment: that finds holders that no list shows, and
    /// disturbs who wants to mount it in that moment, so plans do without.
    public var claimsDevices: Bool
    /// Whether it matters that daxprov's udev rules can be written.
    public var readsDeviceRules = false
    /// Whether it matters which ranges the kernel uses as its memory.
    public var readsSystemMemory: Bool

    /// A query of these.
    public init(
        targets: [NamespaceTarget], stateDirectory: FilePath? = nil, readsMemoryPolicy: Bool = false,
        claimsDevices: Bool = false, readsSystemMemory: Bool = false
    ) {
        self.targets = targets
        self.stateDirectory = stateDirectory
        self.readsMemoryPolicy = readsMemoryPolicy
        self.claimsDevices = claimsDevices
        self.readsSystemMemory = readsSystemMemory
    }
}
