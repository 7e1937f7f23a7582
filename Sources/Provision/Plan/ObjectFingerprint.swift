/// What a plan relies on of one live object, in words: equal as long as the plan still means that object.
public struct ObjectFingerprint: Equatable, Sendable {
    /// What sort of object it is.
    public var kind: Kind
    /// What it is found again by: a label's UUID, a DIMM's unique id, a kernel name where there is nothing better.
    public var identity: String
    /// What people know it by: `region0/wal`.
    public var address: String
    /// What is true of it. A fact without a value is left out.
    public var facts: [Fact: String]

    /// The sorts of objects.
    public enum Kind: String, CaseIterable, Sendable {
        /// A region with everything that is allocated in it.
        case region
        /// A DIMM with its label area.
        case dimm
        /// A namespace.
        case namespace
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
    }

    /// An object of a kind with these facts.
    init(_ kind: Kind, identity: String, address: String, facts: [Fact: String?]) {
        self.kind = kind
        self.identity = identity
        self.address = address
        self.facts = facts.compactMapValues { $0 }
    }

    /// What differs from the object as it is now, each in a phrase; empty where nothing does.
    public func differences(to now: ObjectFingerprint) -> [String] {
        Fact.allCases.compactMap { fact in
            let (was, isNow) = (facts[fact], now.facts[fact])
            guard was != isNow else { return nil }
            if fact == .allocated { return Self.moved(from: was ?? "", to: isNow ?? "") }
            return "its \(fact.rawValue) was \(was ?? "none"), and is \(isNow ?? "none")"
        }
    }

    /// The difference of two lists of extents, which can be long.
    private static func moved(from was: String, to now: String) -> String {
        func items(_ text: String) -> [Substring] { text.split(separator: ",") }
        func shown(_ items: [Substring]) -> String {
            let rest = items.count > 4 ? " and \(items.count - 4) more" : ""
            return items.prefix(4).joined(separator: ", ") + rest
        }
        let (old, new) = (Set(items(was)), Set(items(now)))
        let gone = items(was).filter { !new.contains($0) }
        let added = items(now).filter { !old.contains($0) }
        var words: [String] = []
        if !gone.isEmpty { words.append("no longer allocated: \(shown(gone))") }
        if !added.isEmpty { words.append("allocated since: \(shown(added))") }
        return words.isEmpty
            ? "what is allocated in it is listed in another order" : words.joined(separator: "; ")
    }
}

extension ObjectFingerprint {
    /// A namespace: everything that a step can rely on or change.
    public init(_ namespace: Namespace, in region: String) {
        self.init(
            .namespace, identity: namespace.labelUUID?.description ?? namespace.device,
            address: "\(region)/\(namespace.displayName)",
            facts: [
                .name: namespace.name, .labelUUID: namespace.labelUUID?.description,
                .infoBlockUUID: namespace.infoBlockUUID?.description,
                .state: namespace.isActive ? "active" : "disabled", .mode: namespace.mode?.rawValue,
                .configuredMode: namespace.recordedMode?.rawValue, .map: namespace.map?.rawValue,
                .align: namespace.align?.description,
                .sectorSize: namespace.sectorSize.map { "\($0)" },
                .resource: namespace.resource.map(Self.hexadecimal),
                .rawSize: namespace.rawSize.description, .extents: namespace.extents.map { "\($0)" },
            ])
    }

    /// A region: what it is, and every range of it that something takes, since the kernel allocates first fit.
    init(_ region: Region) {
        let allocated =
            region.namespaces.map { namespace in
                "\(namespace.rawSize) at \(namespace.resource.map(Self.hexadecimal) ?? "?")"
            } + region.uninstantiated.map { "\($0.extent.length) at offset \($0.extent.offset)" }
        self.init(
            .region, identity: region.device, address: region.device,
            facts: [
                .size: region.size.description, .align: region.align?.description,
                .resource: region.resource.map(Self.hexadecimal),
                .interleaveSet: region.interleaveSetID.map(Self.hexadecimal),
                .labels: region.labelling.rawValue, .state: region.isEnabled ? "enabled" : "disabled",
                .readOnly: region.isReadOnly ? "true" : "false",
                .dimms: region.mappings.map { "\($0.dimm) from \($0.offset)" }.joined(separator: ", "),
                .allocated: allocated.sorted().joined(separator: ","),
            ])
    }

    /// A DIMM: what it reports, and its label area.
    init(_ dimm: Dimm) {
        self.init(
            .dimm, identity: dimm.uniqueID ?? dimm.device, address: dimm.device,
            facts: [
                .state: dimm.isEnabled ? "enabled" : "disabled",
                .flags: dimm.flags.map(\.rawValue).joined(separator: ", "),
                .security: dimm.security?.rawValue, .labelVersion: dimm.labelArea?.version?.rawValue,
                .labelSlots: dimm.labelArea?.slots.map { "\($0)" },
                .availableSlots: dimm.labelArea?.availableSlots.map { "\($0)" },
            ])
    }

    private static func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
}
