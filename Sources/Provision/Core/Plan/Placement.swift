/// A namespace to be created, and what the capacity model predicts of it.
public struct Placement: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// The configuration.
    public var layout: Layout
    /// The system physical address at which the kernel will put it; nil where the region's own is not known.
    public var resource: UInt64?
    /// The capacity that users of the device will get.
    public var usableSize: ByteCount

    /// A placement with these properties.
    public init(region: String, layout: Layout, resource: UInt64?, usableSize: ByteCount) {
        self.region = region
        self.layout = layout
        self.resource = resource
        self.usableSize = usableSize
    }
}

extension Placement {
    /// The same, without the predicted address.
    var withoutAddress: Placement {
        var placement = self
        placement.resource = nil
        return placement
    }
}
