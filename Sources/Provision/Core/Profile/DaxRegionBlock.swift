/// One item of `devices:`: which dynamic dax region, and into which devices it is divided.
public struct DaxRegionBlock: Equatable, Sendable {
    /// Which region.
    public var match: DaxRegionMatch
    /// The devices, in the order of the profile.
    public var devices: [DaxDeviceDeclaration]
    /// Where the block begins.
    public var position: SourcePosition

    /// A block with these parts.
    public init(
        match: DaxRegionMatch, devices: [DaxDeviceDeclaration],
        position: SourcePosition = SourcePosition(line: 1, column: 1)
    ) {
        self.match = match
        self.devices = devices
        self.position = position
    }
}

/// The conditions that a dynamic dax region must meet, all of them. A nil condition holds for every region.
public struct DaxRegionMatch: Equatable, Sendable {
    /// The number that its devices have before the point. Not stable: meant for hosts with one region.
    public var region: Int?
    /// The memory node that its devices would become.
    public var targetNode: Int?
    /// Its first physical address.
    public var start: UInt64?

    /// A match of these conditions.
    public init(region: Int? = nil, targetNode: Int? = nil, start: UInt64? = nil) {
        self.region = region
        self.targetNode = targetNode
        self.start = start
    }

    /// Whether a region meets them.
    package func matches(_ other: DaxRegion) -> Bool {
        guard other.kind == .dynamic else { return false }
        if let region, region != other.id { return false }
        if let targetNode, other.devices.first?.targetNode != targetNode { return false }
        if let start, other.start != start { return false }
        return true
    }
}

extension DaxRegionMatch: CustomStringConvertible {
    /// The conditions as a profile writes them.
    public var description: String {
        var parts: [String] = []
        if let region { parts.append("region: \(region)") }
        if let targetNode { parts.append("target_node: \(targetNode)") }
        if let start { parts.append("start: \(Hexadecimal.number(start))") }
        return "{\(parts.joined(separator: ", "))}"
    }
}

/// One item of the `devices:` of a dax region.
public struct DaxDeviceDeclaration: Equatable, Sendable {
    /// The name by which daxprov knows it.
    public var name: NamespaceName
    /// How much of the region.
    public var size: SizeRequest
    /// The alignment; nil: what it has, or the region's.
    public var align: Alignment?
    /// What it is used as, and who may open it.
    public var configuration: DeviceConfiguration
    /// Where it begins; nil: where it is, or where there is room.
    public var start: UInt64?
    /// Whether memory that is new to it is filled with zeroes before it can be opened.
    public var zeroes: Bool
    /// The proof that an apply must end with; nil: none.
    public var proof: ProofRequirement?
    /// Where the item begins.
    public var position: SourcePosition

    /// A declaration with these properties.
    public init(
        name: NamespaceName, size: SizeRequest, align: Alignment? = nil,
        configuration: DeviceConfiguration = DeviceConfiguration(), start: UInt64? = nil, zeroes: Bool = true,
        proof: ProofRequirement? = nil, position: SourcePosition = SourcePosition(line: 1, column: 1)
    ) {
        self.name = name
        self.size = size
        self.align = align
        self.configuration = configuration
        self.start = start
        self.zeroes = zeroes
        self.proof = proof
        self.position = position
    }
}

extension DaxDeviceDeclaration {
    /// What it is used as.
    public var use: DeviceUse { configuration.use }
}
