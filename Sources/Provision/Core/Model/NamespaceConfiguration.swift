/// What a namespace is configured as: the one list of its attributes, for all that compare, describe, write or read them.
///
/// A missing value means what it means for the owner: an observed namespace has none or does not show it, a layout leaves
/// it open. Who compares says which attributes count, and what a missing value counts for.
public struct NamespaceConfiguration: Hashable, Sendable {
    /// The name in the label.
    public var name: String?
    /// The mode that it runs as, or, while it is disabled, that its label records; nil where that is unknown.
    public var mode: NamespaceMode?
    /// The capacity allocated, metadata included.
    public var rawSize: ByteCount
    /// Where the page map is.
    public var map: MapLocation?
    /// The alignment of fsdax and devdax in bytes; nil in other modes, and where it is not known.
    public var align: ByteCount?
    /// The size of one sector in bytes, metadata included.
    public var sectorSize: UInt32?

    /// A value of these parts.
    public init(
        name: String? = nil, mode: NamespaceMode? = nil, rawSize: ByteCount, map: MapLocation? = nil,
        align: ByteCount? = nil, sectorSize: UInt32? = nil
    ) {
        self.name = name
        self.mode = mode
        self.rawSize = rawSize
        self.map = map
        self.align = align
        self.sectorSize = sectorSize
    }

    /// The attributes, in the order of the documents of plans, under the keys of all documents.
    public enum Attribute: String, CaseIterable, Sendable {
        case name
        case mode
        case rawSize = "raw_size"
        case map
        case align
        case sectorSize = "sector_size"

        /// The attribute in messages.
        public var words: String {
            switch self {
            case .name: "name"
            case .mode: "mode"
            case .rawSize: "size"
            case .map: "map"
            case .align: "align"
            case .sectorSize: "sector size"
            }
        }
    }

    /// The value of an attribute; nil where it has none.
    public subscript(_ attribute: Attribute) -> FactValue? {
        switch attribute {
        case .name: name.map { .word($0) }
        case .mode: mode.map { .word($0.rawValue) }
        case .rawSize: .size(rawSize)
        case .map: map.map { .word($0.rawValue) }
        case .align: align.map { .size($0) }
        case .sectorSize: sectorSize.map { .number(Int($0)) }
        }
    }

    /// The attributes that have another value in `other`, in the order given.
    public func differences(
        to other: NamespaceConfiguration, in attributes: [Attribute] = Attribute.allCases
    ) -> [(attribute: Attribute, from: FactValue?, to: FactValue?)] {
        attributes.compactMap { attribute in
            let (old, new) = (self[attribute], other[attribute])
            return old == new ? nil : (attribute, old, new)
        }
    }
}
