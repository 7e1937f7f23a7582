/// What a plan relies on of one live object: equal as long as the plan still means that object.
public struct ObjectFingerprint: Equatable, Sendable {
    /// What sort of object it is.
    public var kind: Kind
    /// What it is found again by: a label's UUID, a DIMM's unique id, a kernel name where there is nothing better.
    public var identity: String
    /// What people know it by: `region0/wal`.
    public var address: String
    /// What is true of it. A fact without a value is left out.
    public var facts: [Fact: FactValue]

    /// A value of these parts.
    package init(kind: Kind, identity: String, address: String, facts: [Fact: FactValue]) {
        self.kind = kind
        self.identity = identity
        self.address = address
        self.facts = facts
    }

    /// The sorts of objects.
    public enum Kind: String, CaseIterable, Sendable {
        /// A region with everything that is allocated in it.
        case region
        /// A DIMM with its label area.
        case dimm
        /// A namespace.
        case namespace
        /// A dynamic dax region, with the ranges that its devices take.
        case daxRegion = "dax_region"
        /// A device of a dynamic dax region.
        case daxDevice = "dax_device"

        /// The version of the facts that has objects of this kind first. A plan that was saved before has none.
        package var since: Int {
            switch self {
            case .daxDevice: 4
            case .region, .dimm, .namespace, .daxRegion: 1
            }
        }
    }

    /// What is true of an object, in the words of the inventory.
    public enum Fact: String, CaseIterable, Sendable {
        case name
        case labelUUID = "raw_uuid"
        case infoBlockUUID = "uuid"
        case state
        case mode
        case configuredMode = "configured_mode"
        case map
        case align
        case sectorSize = "sector_size"
        case resource
        case rawSize = "raw_size"
        case size
        case extents
        case allocated
        case interleaveSet = "iset_id"
        case labels
        case readOnly = "read_only"
        case dimms
        case flags
        case security
        case labelVersion = "label_version"
        case labelSlots = "label_slots"
        case availableSlots = "available_slots"
        case device
        case interleaveGranularity = "interleave_granularity"
        case use
        case rights

        /// The version of the facts that has it first. A plan that was saved before knows nothing of it.
        package var since: Int {
            switch self {
            case .use, .rights: 4
            case .interleaveGranularity: 3
            case .device: 2
            case .name, .labelUUID, .infoBlockUUID, .state, .mode, .configuredMode, .map, .align, .sectorSize,
                .resource, .rawSize, .size, .extents, .allocated, .interleaveSet, .labels, .readOnly, .dimms,
                .flags, .security, .labelVersion, .labelSlots, .availableSlots:
                1
            }
        }
    }

    /// The version of the facts that this program knows: it grows with every fact that is added.
    public static let factsVersion = 4

    /// An object of a kind with these facts.
    package init(_ kind: Kind, identity: String, address: String, facts: [Fact: FactValue?]) {
        self.kind = kind
        self.identity = identity
        self.address = address
        self.facts = facts.compactMapValues { $0 }
    }

    /// What differs from the object as it is now, each in a phrase; empty where nothing does.
    /// - Parameter version: the version of the facts that this object was described with.
    public func differences(
        to now: ObjectFingerprint, factsVersion version: Int = factsVersion
    ) -> [String] {
        Fact.allCases.filter { $0.since <= version }.compactMap { fact in
            let (was, isNow) = (facts[fact], now.facts[fact])
            guard was != isNow else { return nil }
            if case .ranges(let old)? = was, case .ranges(let new)? = isNow { return Self.moved(old, new) }
            let what = fact == .device ? "dax device" : fact.rawValue
            return "its \(what) was \(was?.description ?? "none"), and is \(isNow?.description ?? "none")"
        }
    }

    /// The difference of two lists of ranges, which can be long.
    private static func moved(
        _ was: [FactValue.AllocatedRange], _ now: [FactValue.AllocatedRange]
    ) -> String {
        func shown(_ ranges: [FactValue.AllocatedRange]) -> String {
            let rest = ranges.count > 4 ? " and \(ranges.count - 4) more" : ""
            return ranges.prefix(4).map(\.description).joined(separator: ", ") + rest
        }
        let (old, new) = (Set(was), Set(now))
        let gone = was.filter { !new.contains($0) }
        let added = now.filter { !old.contains($0) }
        var words: [String] = []
        if !gone.isEmpty { words.append("no longer allocated: \(shown(gone))") }
        if !added.isEmpty { words.append("allocated since: \(shown(added))") }
        return words.isEmpty ? "a range is allocated more than once" : words.joined(separator: "; ")
    }
}

extension ObjectFingerprint {
    /// A namespace: everything that a step can rely on or change.
    public init(_ namespace: Namespace, in region: String) {
        self.init(
            .namespace, identity: namespace.labelUUID?.description ?? namespace.device,
            address: "\(region)/\(namespace.displayName)",
            facts: [
                .labelUUID: namespace.labelUUID.map { .uuid($0) },
                .infoBlockUUID: namespace.infoBlockUUID.map { .uuid($0) },
                .state: .word(namespace.isActive ? "active" : "disabled"),
                .configuredMode: Self.word(namespace.recordedMode),
                .resource: namespace.resource.map { .hexadecimal($0) },
                .extents: namespace.extents.map { .number($0) },
                .device: namespace.daxDevice.map { .word($0.mode.rawValue) },
            ])
        for attribute in NamespaceConfiguration.Attribute.allCases {
            facts[attribute.fact] = namespace.configuration[attribute]
        }
    }

    /// A region: what it is, and every range of it that something takes, since the kernel allocates first fit.
    package init(_ region: Region) {
        let allocated =
            region.namespaces.map { namespace in
                FactValue.AllocatedRange(
                    place: namespace.resource.map { .address($0) } ?? .unknown, length: namespace.rawSize)
            }
            + region.uninstantiated.map { label in
                FactValue.AllocatedRange(place: .offset(label.extent.offset), length: label.extent.length)
            }
        let shares = region.mappings.map { FactValue.Share(dimm: $0.dimm, offset: $0.offset) }
        self.init(
            .region, identity: region.device, address: region.device,
            facts: [
                .size: .size(region.size), .align: region.align.map { .size($0) },
                .resource: region.resource.map { .hexadecimal($0) },
                .interleaveSet: region.interleaveSetID.map { .hexadecimal($0) },
                .labels: Self.word(region.labelling),
                .state: .word(region.isEnabled ? "enabled" : "disabled"),
                .readOnly: .word(region.isReadOnly ? "true" : "false"), .dimms: .shares(shares),
                .allocated: .ranges(of: allocated),
                .interleaveGranularity: (region.cxl?.granularity).map { .size($0) },
            ])
    }

    /// A dynamic dax region: where it is, and who has what of it.
    package init(_ region: DaxRegion) {
        let allocated = region.devices.flatMap { $0.mappings ?? [] }.map(\.range).map { range in
            FactValue.AllocatedRange(
                place: .address(range.lowerBound), length: ByteCount(UInt64(range.count)))
        }
        self.init(
            .daxRegion, identity: region.start.map { Hexadecimal.number($0) } ?? region.path,
            address: region.name,
            facts: [
                .size: .size(region.size), .resource: region.start.map { .hexadecimal($0) },
                .allocated: .ranges(of: allocated),
            ])
    }

    /// A DIMM: what it reports, and its label area.
    package init(_ dimm: Dimm) {
        self.init(
            .dimm, identity: dimm.uniqueID ?? dimm.device, address: dimm.device,
            facts: [
                .state: .word(dimm.isEnabled ? "enabled" : "disabled"),
                .flags: .words(of: dimm.flags.map(\.rawValue)), .security: Self.word(dimm.security),
                .labelVersion: Self.word(dimm.labelArea?.version),
                .labelSlots: dimm.labelArea?.slots.map { .number($0) },
                .availableSlots: dimm.labelArea?.availableSlots.map { .number($0) },
            ])
    }

    private static func word(_ value: (some RawRepresentable<String>)?) -> FactValue? {
        value.map { .word($0.rawValue) }
    }
}

extension NamespaceConfiguration.Attribute {
    /// The fact that it is of a namespace.
    fileprivate var fact: ObjectFingerprint.Fact {
        switch self {
        case .name: .name
        case .mode: .mode
        case .rawSize: .rawSize
        case .map: .map
        case .align: .align
        case .sectorSize: .sectorSize
        }
    }
}
