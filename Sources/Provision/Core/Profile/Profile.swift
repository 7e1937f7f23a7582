/// A host profile: what the host's persistent memory is to look like. Made by ``ProfileReader``, and so valid in
/// itself; whether a host can be brought to it is the planner's question.
public struct Profile: Equatable, Sendable {
    /// Where the text came from: a path, or `<stdin>`.
    public var source: String
    /// What becomes of namespaces that the profile does not name.
    public var unmanaged: UnmanagedPolicy
    /// The regions and their namespaces.
    public var regions: [RegionBlock]
    /// The dynamic dax regions and their devices.
    public var daxRegions: [DaxRegionBlock]

    /// A profile with these parts.
    public init(
        source: String, unmanaged: UnmanagedPolicy = .keep, regions: [RegionBlock],
        daxRegions: [DaxRegionBlock] = []
    ) {
        self.source = source
        self.unmanaged = unmanaged
        self.regions = regions
        self.daxRegions = daxRegions
    }
}

/// What becomes of namespaces that no line of the profile names.
public enum UnmanagedPolicy: String, CaseIterable, Sendable {
    /// They are left alone, and reported.
    case keep
    /// They are destroyed, with consent for each.
    case destroy
}

/// One item of `regions:`: which regions, and what they hold.
public struct RegionBlock: Equatable, Sendable {
    /// Which regions the block is for.
    public var match: RegionMatch
    /// Whether it may match several regions and applies to each; otherwise it must match exactly one.
    public var appliesToEach: Bool
    /// What becomes of a region without labels.
    public var labels: LabelPolicy
    /// What must hold for the region, or the plan is refused.
    public var require: RegionRequirements
    /// The namespaces, in the order of the profile.
    public var namespaces: [NamespaceDeclaration]
    /// Where the block begins.
    public var position: SourcePosition

    /// A block with these parts.
    public init(
        match: RegionMatch, appliesToEach: Bool = false, labels: LabelPolicy = .require,
        require: RegionRequirements = RegionRequirements(), namespaces: [NamespaceDeclaration],
        position: SourcePosition = SourcePosition(line: 1, column: 1)
    ) {
        self.match = match
        self.appliesToEach = appliesToEach
        self.labels = labels
        self.require = require
        self.namespaces = namespaces
        self.position = position
    }
}

/// The conditions that a region must meet, all of them. A nil condition holds for every region.
public struct RegionMatch: Equatable, Sendable {
    /// The kernel's number of the region. Not stable: meant for hosts with one region.
    public var region: Int?
    /// The node of the memory.
    public var numaNode: Int?
    /// The cookie of the interleave set.
    public var interleaveSetID: UInt64?
    /// The unique ids of the DIMMs: exactly these, in any order.
    public var dimms: [String]?
    /// ndctl's type word: always `pmem` on current kernels.
    public var type: String?
    /// The persistence domain.
    public var persistenceDomain: PersistenceDomain?
    /// The bus provider, such as `ACPI.NFIT` or `e820`.
    public var provider: String?
    /// The least capacity.
    public var minimumSize: ByteCount?

    /// A match of these conditions.
    public init(
        region: Int? = nil, numaNode: Int? = nil, interleaveSetID: UInt64? = nil, dimms: [String]? = nil,
        type: String? = nil, persistenceDomain: PersistenceDomain? = nil, provider: String? = nil,
        minimumSize: ByteCount? = nil
    ) {
        self.region = region
        self.numaNode = numaNode
        self.interleaveSetID = interleaveSetID
        self.dimms = dimms
        self.type = type
        self.persistenceDomain = persistenceDomain
        self.provider = provider
        self.minimumSize = minimumSize
    }
}

/// What becomes of a region whose DIMMs hold no labels.
public enum LabelPolicy: String, CaseIterable, Sendable {
    /// The plan is refused where namespaces need labels.
    case require
    /// v1.2 label indexes are written on its DIMMs.
    case `init`
}

/// What must hold for a region, or the plan is refused.
public struct RegionRequirements: Equatable, Sendable {
    /// The persistence domain that the region must have.
    public var persistenceDomain: PersistenceDomain?
    /// Whether every DIMM of the region must be free of failure flags, and in the state ok where its firmware tells a
    /// state (`health: ok`).
    public var healthy: Bool
    /// How much of the life of each DIMM of the region may be used. A DIMM that does not tell does not meet it.
    public var lifeUsed: PercentageBound?
    /// How much spare capacity each DIMM of the region must have left. A DIMM that does not tell does not meet it.
    public var spares: PercentageBound?
    /// The proof that each namespace must have that can have it and asks for none itself; nil: none.
    public var proof: ProofRequirement.Kind?

    /// Requirements; by default none.
    public init(
        persistenceDomain: PersistenceDomain? = nil, healthy: Bool = false, lifeUsed: PercentageBound? = nil,
        spares: PercentageBound? = nil, proof: ProofRequirement.Kind? = nil
    ) {
        self.persistenceDomain = persistenceDomain
        self.healthy = healthy
        self.lifeUsed = lifeUsed
        self.spares = spares
        self.proof = proof
    }

    /// Whether they can only be judged by what the DIMMs' firmware tells.
    package var asksHealth: Bool { healthy || lifeUsed != nil || spares != nil }
}

extension Profile {
    /// Whether a region must meet what only the firmware of its DIMMs tells.
    package var asksHealth: Bool { regions.contains { $0.require.asksHealth } }
}

/// One item of `namespaces:`.
public struct NamespaceDeclaration: Equatable, Sendable {
    /// The name, which is also the identity; nil only on label-less regions, or with ``uuid``.
    public var name: NamespaceName?
    /// An existing namespace's UUID (its label's or its info block's): identity before the name.
    public var uuid: UUID?
    /// The name that the namespace had until now: it is renamed where no namespace has ``name`` yet.
    public var renamedFrom: NamespaceName?
    /// The mode.
    public var mode: NamespaceMode
    /// How much capacity.
    public var size: SizeRequest
    /// The alignment; nil: what the namespace has, or 2 MiB (4 KiB where the kernel does not offer that).
    public var align: Alignment?
    /// Where the page map goes; nil: what the namespace has, or `dev`.
    public var map: MapLocation?
    /// The sector size; nil: what the namespace has, or 4096 for sector mode.
    public var sectorSize: SectorSize?
    /// Whether every step that would change or destroy it is refused.
    public var isProtected: Bool
    /// Whether its data area is filled with zeroes when it is made.
    public var isZeroed: Bool
    /// What becomes of the character device of devdax; nil where the profile says nothing.
    public var deviceConfiguration: DeviceConfiguration?
    /// The proof that an apply must end with: its own, or that of its block; nil: none.
    public var proof: ProofRequirement?
    /// Where the item begins.
    public var position: SourcePosition

    /// A declaration with these properties.
    public init(
        name: NamespaceName?, uuid: UUID? = nil, renamedFrom: NamespaceName? = nil, mode: NamespaceMode,
        size: SizeRequest, align: Alignment? = nil, map: MapLocation? = nil, sectorSize: SectorSize? = nil,
        isProtected: Bool = false, isZeroed: Bool = false, deviceConfiguration: DeviceConfiguration? = nil,
        proof: ProofRequirement? = nil, position: SourcePosition = SourcePosition(line: 1, column: 1)
    ) {
        self.name = name
        self.uuid = uuid
        self.renamedFrom = renamedFrom
        self.mode = mode
        self.size = size
        self.align = align
        self.map = map
        self.sectorSize = sectorSize
        self.isProtected = isProtected
        self.isZeroed = isZeroed
        self.deviceConfiguration = deviceConfiguration
        self.proof = proof
        self.position = position
    }
}

/// How much capacity a namespace is to have.
public enum SizeRequest: Hashable, Sendable {
    /// Exactly this raw capacity (ndctl's `--size`).
    case raw(ByteCount)
    /// The least raw capacity that leaves at least this much after metadata.
    case usable(ByteCount)
    /// A part of the region's capacity, rounded down to the allocation unit.
    case fraction(Percentage)
    /// What is left when everything else has its capacity, divided by `divisor` (1: all of it). Also what a
    /// declaration without a size asks for; it is the whole of a label-less region.
    case remaining(divisor: Int)
}

/// A part of a hundred, exact to a millionth of a percent.
public struct Percentage: Hashable, Sendable, CustomStringConvertible {
    /// Millionths of a percent: 100 % is 100,000,000.
    public let millionths: UInt64

    /// A percentage above 0 and up to 100, or nil.
    public init?(millionths: UInt64) {
        guard (1...100_000_000).contains(millionths) else { return nil }
        self.millionths = millionths
    }

    /// This part of `whole`, rounded down to a byte.
    public func of(_ whole: ByteCount) -> ByteCount {
        let (high, low) = whole.bytes.multipliedFullWidth(by: millionths)
        return ByteCount(UInt64(100_000_000).dividingFullWidth((high, low)).quotient)
    }

    public var description: String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
        guard rest != 0 else { return "\(whole)%" }
        let digits = String(rest)
        var fraction = String(repeating: "0", count: 6 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)%"
    }
}

/// A place in a text: both numbers count from 1; columns count characters.
public struct SourcePosition: Hashable, Comparable, Sendable {
    /// The line.
    public var line: Int
    /// The column.
    public var column: Int

    /// The place at `line` and `column`.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
