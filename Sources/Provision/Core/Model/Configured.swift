/// What has the configuration of a namespace: each attribute of it under its own name.
public protocol Configured {
    /// The configuration.
    var configuration: NamespaceConfiguration { get set }
}

extension Configured {
    /// The name in the label; nil where it has none.
    public var name: String? {
        get { configuration.name }
        set { configuration.name = newValue }
    }

    /// The mode; nil where it is not known.
    public var mode: NamespaceMode? {
        get { configuration.mode }
        set { configuration.mode = newValue }
    }

    /// The capacity allocated (sysfs `size`), metadata included.
    public var rawSize: ByteCount {
        get { configuration.rawSize }
        set { configuration.rawSize = newValue }
    }

    /// Where the page map is; nil in modes without one.
    public var map: MapLocation? {
        get { configuration.map }
        set { configuration.map = newValue }
    }

    /// The alignment of fsdax and devdax; nil in other modes.
    public var align: ByteCount? {
        get { configuration.align }
        set { configuration.align = newValue }
    }

    /// The sector size in bytes of raw and sector mode; nil in other modes.
    public var sectorSize: UInt32? {
        get { configuration.sectorSize }
        set { configuration.sectorSize = newValue }
    }
}
