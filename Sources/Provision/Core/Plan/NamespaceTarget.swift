/// An existing namespace that a step acts on, with what must be true of it just before.
public struct NamespaceTarget: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// The namespace's kernel name: valid until its region is next enabled.
    public var device: String
    /// The name or UUID that people know it by.
    public var displayName: String
    /// The UUID that its label must have; nil on label-less regions.
    public var labelUUID: UUID?
    /// Where it must lie.
    public var resource: UInt64?
    /// The capacity that it must have.
    public var rawSize: ByteCount

    /// The target that a creation will have made: it has no kernel name and no UUID yet, and is found by its place.
    package init(_ placement: Placement) {
        self.region = placement.region
        self.device = ""
        self.displayName = placement.layout.name?.text ?? "the new namespace"
        self.labelUUID = nil
        self.resource = placement.resource
        self.rawSize = placement.layout.rawSize
    }

    /// The target that is this observed namespace.
    public init(_ namespace: Namespace, region: String) {
        self.region = region
        self.device = namespace.device
        self.displayName = namespace.displayName
        self.labelUUID = namespace.labelUUID
        self.resource = namespace.resource
        self.rawSize = namespace.rawSize
    }
}

extension NamespaceTarget {
    /// The same, wherever it lies.
    var withoutAddress: NamespaceTarget {
        var target = self
        target.resource = nil
        return target
    }
}
