/// What a namespace is configured as: everything that a plan decides about it but where it lies.
public struct Layout: Equatable, Sendable {
    /// The name for the label; nil only on label-less regions.
    public var name: NamespaceName?
    /// The mode to configure: fsdax, devdax, sector or raw.
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

extension Layout {
    /// What a namespace of this layout is configured as.
    public var configuration: NamespaceConfiguration {
        NamespaceConfiguration(
            name: name?.text, mode: mode, rawSize: rawSize, map: map, align: align?.size,
            sectorSize: sectorSize?.bytes)
    }

    /// The layout of a namespace that is configured so; nil where its mode is not known. A name, an alignment or a sector
    /// size that no layout can have is left out.
    package init?(_ configuration: NamespaceConfiguration) {
        guard let mode = configuration.mode else { return nil }
        self.init(
            name: configuration.name.flatMap { NamespaceName($0) }, mode: mode, map: configuration.map,
            align: configuration.align.flatMap { Alignment($0) },
            sectorSize: configuration.sectorSize.flatMap { SectorSize($0) }, rawSize: configuration.rawSize)
    }

    /// Whether it differs from another in name and size alone.
    package func isFormatted(as other: Layout) -> Bool {
        var twin = other
        twin.name = name
        twin.rawSize = rawSize
        return twin == self
    }
}
