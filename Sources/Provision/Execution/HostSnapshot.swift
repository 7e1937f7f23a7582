public import ProvisionCore

/// What must be equal for two observations to show the same host: everything that people rely on, and none of the
/// names that the kernel hands out anew.
public struct HostSnapshot: Equatable, Sendable {
    private var facts: Set<String>

    /// The facts of an observation.
    public init(_ observed: Observed) {
        self.init(observed.regions)
        for region in observed.daxRegions where region.kind == .dynamic {
            guard let identity = region.identity else { continue }
            facts.insert("dax region \(identity)")
            for device in region.devices where device.size > .zero {
                let rule = device.rights.rule.map { ", \($0.text)" } ?? ""
                facts.insert(
                    "dax device of the region \(identity): \(device.layout?.withoutRights.text ?? device.name)\(rule)"
                )
            }
        }
    }

    /// The facts of some regions.
    init(_ regions: [Region]) {
        facts = []
        for region in regions {
            facts.insert(
                "region at \(Self.place(region)): \(region.size), \(region.labelling.rawValue), "
                    + "\(region.isEnabled ? "enabled" : "disabled"), \(region.isReadOnly ? "read-only" : "writable")"
            )
            for namespace in region.namespaces { facts.insert(Self.describe(namespace, in: region)) }
        }
    }

    /// What only one of the two has, in words.
    func differences(to other: HostSnapshot) -> [String] {
        facts.subtracting(other.facts).sorted().map { "missing: \($0)" }
            + other.facts.subtracting(facts).sorted().map { "unexpected: \($0)" }
    }

    private static func place(_ region: Region) -> String {
        region.resource.map { Hexadecimal.number($0) } ?? region.device
    }

    /// A namespace in words: everything that people rely on.
    static func describe(_ namespace: Namespace, in region: Region) -> String {
        var words = ["namespace"]
        words.append(namespace.name ?? "without name")
        words.append(
            "at " + (namespace.resource.map { Hexadecimal.number($0) } ?? "?") + " of \(place(region))")
        words.append("\(namespace.rawSize) \(namespace.mode?.rawValue ?? "mode unknown")")
        for attribute in NamespaceConfiguration.Attribute.allCases {
            guard let word = attribute.snapshotWord, let value = namespace.configuration[attribute] else {
                continue
            }
            words.append("\(word) \(value)")
        }
        if let uuid = namespace.labelUUID { words.append("label \(uuid)") }
        if let uuid = namespace.infoBlockUUID { words.append("info block \(uuid)") }
        words.append(namespace.isActive ? "active" : "disabled")
        return words.joined(separator: " ")
    }

    /// A short text that differs when the facts do: 64 bits of FNV-1a. It notices change, not malice.
    public var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for fact in facts.sorted() {
            for byte in Array(fact.utf8) + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return Hexadecimal.digits(hash, count: 16)
    }
}

extension NamespaceConfiguration.Attribute {
    /// The word before its value in a fact; nil of those that every fact begins with. Fingerprints of saved documents have these words in
    /// them: they stay as they are.
    fileprivate var snapshotWord: String? {
        switch self {
        case .name, .mode, .rawSize: nil
        case .map: "map"
        case .align: "align"
        case .sectorSize: "sector"
        }
    }
}
