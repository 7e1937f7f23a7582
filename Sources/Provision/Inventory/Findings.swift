/// What an ``Examination`` found: plain values, as they were at that moment.
public struct Findings: Equatable, Sendable {
    /// Who uses a namespace, by its kernel name. A namespace that nobody uses is not there.
    public var uses: [String: [DeviceUse]]
    /// What a namespace holds, by its kernel name. One that cannot be looked at (inactive, a character device, not
    /// root) is not there; an empty list means that nothing was recognised.
    public var contents: [String: [Signature]]
    /// The block devices below the state directory's file system: `dm-0`, `pmem0p1`, `pmem0`.
    public var stateDevices: [String]
    /// The block devices that have no node below `/dev`, by the kernel name of their namespace.
    public var missingNodes: [String: String]
    /// What becomes of new memory blocks (`auto_online_blocks`); nil where it was not asked for or is not known.
    public var memoryPolicy: String?

    /// Findings; by default none.
    public init(
        uses: [String: [DeviceUse]] = [:], contents: [String: [Signature]] = [:],
        stateDevices: [String] = [], missingNodes: [String: String] = [:], memoryPolicy: String? = nil
    ) {
        self.uses = uses
        self.contents = contents
        self.stateDevices = stateDevices
        self.missingNodes = missingNodes
        self.memoryPolicy = memoryPolicy
    }
}
