public import ProvisionCore
import ProvisionHost

/// How a host differs from what it was: by object, each with what changed of it. Empty exactly where ``HostSnapshot`` are equal
/// but for numbers that the kernel gives anew, and where devices are used as they were.
public struct HostDrift: Equatable, Sendable {
    /// The differences: by region, in the order of the earlier observation, then what is new.
    public private(set) var differences: [Difference] = []

    /// What became of one region or namespace.
    public struct Difference: Equatable, Sendable {
        /// `region0`, or `region0/wal`: as it is called now where it is there, else as it was.
        public var address: String
        /// What became of it.
        public var kind: Kind
        /// What changed of it; only of ``Kind/changed``.
        public var changes: [Change] = []
        /// The region that came or went; nil of anything else.
        public var region: RegionSummary?
        /// The namespace that came or went; nil of anything else.
        public var namespace: NamespaceSummary?
    }

    /// What there is to say of a region that came or went.
    public struct RegionSummary: Equatable, Sendable {
        /// Its capacity.
        public var size: ByteCount
        /// The number of namespaces in it; of a dax region, that of its devices.
        public var namespaces: Int
        /// Whether it is a dax region.
        public var isDax = false
    }

    /// What became of an object.
    public enum Kind: String, Sendable {
        /// It is there, and not as it was.
        case changed
        /// It is not there any more.
        case missing
        /// It was not there before.
        case unexpected
    }

    /// One property that is not what it was. A property without a value has nil.
    public struct Change: Equatable, Sendable {
        /// The inventory's word for it: `state`, `mode`, `raw_size`, ...
        public var property: String
        /// What it was.
        public var before: String?
        /// What it is.
        public var after: String?
    }

    /// What changed between two observations of a host.
    public init(from before: Observed, to now: Observed) {
        let regions = RegionCorrespondence(before: before, now: now)
        var paired: Set<String> = []
        for old in before.regions {
            guard let new = regions.region(old), paired.insert(new.device).inserted else {
                add(old, .missing)
                continue
            }
            compare(old, new)
        }
        for new in now.regions where !paired.contains(new.device) { add(new, .unexpected) }
        compareDax(before, now)
    }

    /// What changed of the dynamic dax regions: a device is known by its memory.
    private mutating func compareDax(_ before: Observed, _ now: Observed) {
        func dynamic(_ observed: Observed) -> [DaxRegion] {
            observed.daxRegions.filter { $0.kind == .dynamic && $0.identity != nil }
        }
        let (old, new) = (dynamic(before), dynamic(now))
        for region in old {
            guard let found = new.first(where: { $0.identity == region.identity }) else {
                add(region, .missing)
                continue
            }
            compare(region, found)
        }
        for region in new where !old.contains(where: { $0.identity == region.identity }) {
            add(region, .unexpected)
        }
    }

    private mutating func add(_ region: DaxRegion, _ kind: Kind) {
        let devices = region.devices.count { $0.size > .zero }
        differences.append(
            Difference(
                address: region.name, kind: kind,
                region: RegionSummary(size: region.size, namespaces: devices, isDax: true)))
    }

    private mutating func compare(_ old: DaxRegion, _ new: DaxRegion) {
        func filled(_ region: DaxRegion) -> [DaxRegion.Device] { region.devices.filter { $0.size > .zero } }
        func add(_ device: DaxRegion.Device, _ kind: Kind) {
            differences.append(
                Difference(
                    address: "\(new.name)/\(device.recordedName ?? device.name)", kind: kind,
                    namespace: NamespaceSummary(device)))
        }
        func same(_ device: DaxRegion.Device, in region: DaxRegion) -> DaxRegion.Device? {
            guard let mappings = device.mappings else { return filled(region).first { $0.mappings == nil } }
            return region.device(of: mappings.map(\.range))
        }
        for device in filled(old) {
            guard let found = same(device, in: new) else {
                add(device, .missing)
                continue
            }
            var list = DriftList()
            // What else a node has, other rules of udev may have given.
            let hasRule = device.rights.rule != nil || found.rights.rule != nil
            list.compare(
                device.configuration, found.configuration,
                in: hasRule ? [.align, .use, .rights] : [.align, .use])
            guard !list.changes.isEmpty else { continue }
            differences.append(
                Difference(
                    address: "\(new.name)/\(device.recordedName ?? found.name)", kind: .changed,
                    changes: list.changes))
        }
        for device in filled(new) where same(device, in: old) == nil {
            add(device, .unexpected)
        }
    }

    /// A region that only one of the observations has, with what is in it.
    private mutating func add(_ region: Region, _ kind: Kind) {
        let summary = RegionSummary(size: region.size, namespaces: region.namespaces.count)
        differences.append(Difference(address: region.device, kind: kind, region: summary))
    }

    private mutating func compare(_ old: Region, _ new: Region) {
        let changes = old.changes(to: new)
        if !changes.isEmpty {
            differences.append(Difference(address: new.device, kind: .changed, changes: changes))
        }
        // A region without a driver shows none of its namespaces.
        guard old.isEnabled == new.isEnabled else { return }
        var rest = NamespacePairing(in: new, from: old)
        for namespace in old.namespaces {
            guard let found = rest.take(namespace, of: old) else {
                add(namespace, in: new, .missing)
                continue
            }
            let changes = namespace.changes(to: found, in: old, new)
            guard !changes.isEmpty else { continue }
            let address = "\(new.device)/\(namespace.displayName)"
            differences.append(Difference(address: address, kind: .changed, changes: changes))
        }
        for namespace in rest.left { add(namespace, in: new, .unexpected) }
    }

    private mutating func add(_ namespace: Namespace, in region: Region, _ kind: Kind) {
        differences.append(
            Difference(
                address: "\(region.device)/\(namespace.displayName)", kind: kind,
                namespace: NamespaceSummary(namespace)))
    }
}

extension Region {
    /// What changed of the region itself.
    fileprivate func changes(to now: Region) -> [HostDrift.Change] {
        var list = DriftList()
        list.compare("state", isEnabled ? "enabled" : "disabled", now.isEnabled ? "enabled" : "disabled")
        list.compare("size", size.description, now.size.description)
        list.compare("resource", resource.map(Hexadecimal.number), now.resource.map(Hexadecimal.number))
        list.compare("labels", labelling.rawValue, now.labelling.rawValue)
        list.compare("read_only", "\(isReadOnly)", "\(now.isReadOnly)")
        return list.changes
    }
}

extension Namespace {
    /// What changed of it. What only a namespace with a driver shows is left out where the driver came or went.
    fileprivate func changes(to now: Namespace, in region: Region, _ newRegion: Region) -> [HostDrift.Change]
    {
        var list = DriftList()
        list.compare("state", isActive ? "active" : "disabled", now.isActive ? "active" : "disabled")
        list.hidesUnknown = isActive != now.isActive
        list.compare(configuration, now.configuration, in: [.name, .mode, .rawSize])
        // A region's address can be hidden or wrong, and a move of the namespace shows all the same.
        if let offset = region.offset(of: resource), let newOffset = newRegion.offset(of: now.resource) {
            list.compare("offset", Hexadecimal.number(offset.bytes), Hexadecimal.number(newOffset.bytes))
        } else {
            list.compare("resource", resource.map(Hexadecimal.number), now.resource.map(Hexadecimal.number))
        }
        list.compare(configuration, now.configuration, in: [.map, .align, .sectorSize])
        list.compare("raw_uuid", labelUUID?.description, now.labelUUID?.description)
        list.compare("uuid", infoBlockUUID?.description, now.infoBlockUUID?.description)
        let isWholeUseKnown = tellsWholeUse && now.tellsWholeUse
        // One without a device is of another mode, or offline, which is said already.
        if let use = use(whole: isWholeUseKnown), let newUse = now.use(whole: isWholeUseKnown) {
            list.compare("device", use, newUse)
        }
        if isActive, now.isActive, mode == .devdax, now.mode == .devdax {
            list.compare("rights", rights.text, now.rights.text)
        }
        return list.changes
    }

    /// Whether it is known which memory blocks of its device are online: that takes root.
    private var tellsWholeUse: Bool { daxDevice.map { $0.mode != .systemRAM || $0.memory != nil } ?? true }

    /// What its device is used as, in words; nil where it has none.
    private func use(whole isWhole: Bool) -> String? {
        guard isActive, mode == .devdax else { return nil }
        let device = daxDevice ?? DaxDevice(.devdax)
        switch device.mode {
        case .devdax, .disabled: return device.mode.rawValue
        case .other: return device.useInWords
        case .systemRAM: return isWhole ? device.useInWords : device.mode.rawValue
        }
    }
}

/// Finds the namespaces of an earlier observation again, each once: by the label's UUID; one with another label by its
/// place and size, or where places are not known by the kernel's name.
private struct NamespacePairing {
    private let namespaces: [Namespace]
    private var isTaken: [Bool]
    private var labels: [UUID: Int] = [:]
    private var places: [Place: Int] = [:]

    private enum Place: Hashable {
        case offset(ByteCount, ByteCount)
        case device(String)

        init(_ namespace: Namespace, in region: Region) {
            self =
                region.offset(of: namespace.resource).map { .offset($0, namespace.rawSize) }
                ?? .device(namespace.device)
        }
    }

    init(in region: Region, from earlier: Region) {
        namespaces = region.namespaces
        isTaken = Array(repeating: false, count: namespaces.count)
        let known = Set(earlier.namespaces.compactMap(\.labelUUID))
        for (index, namespace) in namespaces.enumerated() {
            if let label = namespace.labelUUID { labels[label] = index }
            if let label = namespace.labelUUID, known.contains(label) { continue }
            places[Place(namespace, in: region)] = index
        }
    }

    /// The one that `namespace` of the earlier region became; nil where it is gone.
    mutating func take(_ namespace: Namespace, of region: Region) -> Namespace? {
        let candidates = [namespace.labelUUID.flatMap { labels[$0] }, places[Place(namespace, in: region)]]
        guard let index = candidates.compactMap({ $0 }).first(where: { !isTaken[$0] }) else { return nil }
        isTaken[index] = true
        return namespaces[index]
    }

    /// Those that were not taken.
    var left: [Namespace] { namespaces.indices.filter { !isTaken[$0] }.map { namespaces[$0] } }
}

/// Collects the properties that differ.
private struct DriftList {
    var changes: [HostDrift.Change] = []
    /// Whether a property that only one side knows does not count.
    var hidesUnknown = false

    mutating func compare(
        _ property: String, _ before: String?, _ after: String?, hidable: Bool = true
    ) {
        guard before != after else { return }
        if hidable, hidesUnknown, before == nil || after == nil { return }
        changes.append(HostDrift.Change(property: property, before: before, after: after))
    }

    /// A name is in the label, and known without a driver as well.
    mutating func compare(
        _ before: NamespaceConfiguration, _ after: NamespaceConfiguration,
        in attributes: [NamespaceConfiguration.Attribute]
    ) {
        for (attribute, old, new) in before.differences(to: after, in: attributes) {
            compare(attribute.rawValue, old?.description, new?.description, hidable: attribute != .name)
        }
    }

    mutating func compare(
        _ before: DaxDeviceConfiguration, _ after: DaxDeviceConfiguration,
        in attributes: [DaxDeviceConfiguration.Attribute]
    ) {
        for (attribute, old, new) in before.differences(to: after, in: attributes) {
            compare(attribute.words, old?.description, new?.description)
        }
    }
}
