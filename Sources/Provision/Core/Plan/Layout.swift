/// What a namespace is configured as: everything that a plan decides about it but where it lies.
public struct Layout: Equatable, Sendable {
    /// The name for the label; nil only on label-less regions.
    public var name: NamespaceName?
    /// The mode.
    public var mode: NamespaceMode
    /// Where the page map goes; set exactly for fsdax and devdax.
    public var map: MapLocation?
    /// The alignment; set exactly for fsdax and devdax.
    public var align: Alignment?
    /// The sector size; set exactly for sector mode, and for raw where the profile asks for one.
    public var sectorSize: SectorSize?
    /// The capacity to allocate, metadata included.
    public var rawSize: ByteCount

    /// A layout with these properties.
    public init(
        name: NamespaceName?, mode: NamespaceMode, map: MapLocation? = nil, align: Alignment? = nil,
        sectorSize: SectorSize? = nil, rawSize: ByteCount
    ) {
        self.name = name
        self.mode = mode
        self.map = map
        self.align = align
        self.sectorSize = sectorSize
        self.rawSize = rawSize
    }
}
