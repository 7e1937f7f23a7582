/// The part of a host that somebody asked for by name: regions, and single namespaces.
public struct HostSelection: Sendable, Equatable {
    /// What was asked for.
    public let words: [String]
    /// The kernel names of the regions that are meant as a whole.
    private var regions: Set<String> = []
    /// The kernel names of the namespaces that are meant.
    private var namespaces: Set<String> = []

    /// What the words mean on a host. A word is a region (`region0`); or a namespace, by its name, with or without its
    /// region (`region0/wal`), by its label's or info block's UUID, or by the name of its device (`namespace0.1`, `pmem0`,
    /// `/dev/dax0.0`). A name that several namespaces have means all of them.
    /// - Throws: the first word that means nothing.
    public init(_ words: [String], on observed: Observed) throws(UnknownPart) {
        self.words = words
        for word in words {
            var isKnown = false
            for region in observed.regions {
                if region.device == word {
                    regions.insert(word)
                    isKnown = true
                }
                for namespace in region.namespaces where namespace.isCalled(word, in: region) {
                    namespaces.insert(namespace.device)
                    isKnown = true
                }
            }
            guard isKnown else { throw UnknownPart(word, on: observed) }
        }
    }

    /// The host with the regions that are meant or hold a namespace that is, their buses and their DIMMs, and the dax
    /// regions of the namespaces that are meant.
    package func limited(_ observed: Observed) -> Observed {
        var buses: [Bus] = []
        for bus in observed.buses {
            var bus = bus
            bus.regions = bus.regions.filter { region in
                regions.contains(region.device)
                    || region.namespaces.contains { namespaces.contains($0.device) }
            }
            bus.dimms = bus.dimms(under: bus.regions)
            if !bus.regions.isEmpty { buses.append(bus) }
        }
        let devices = Set(
            buses.flatMap(\.regions).flatMap { region in
                region.namespaces.filter { shows($0, in: region) }.compactMap(\.characterDevice)
            })
        var limited = Observed(
            buses: buses,
            daxRegions: observed.daxRegions.filter { region in
                region.devices.contains { devices.contains($0.name) }
            }, memoryHotplug: observed.memoryHotplug)
        let memdevs = Set(buses.flatMap(\.regions).flatMap { $0.cxl?.targets ?? [] }.map(\.memdev))
        limited.cxlMemdevs = observed.cxlMemdevs.filter { memdevs.contains($0.name) }
        limited.hasFamfsDriver = observed.hasFamfsDriver
        limited.keepsSoftReserved = observed.keepsSoftReserved
        return limited
    }

    /// Whether a region is meant as a whole.
    package func showsWhole(_ region: String) -> Bool { regions.contains(region) }

    /// Whether a namespace is meant, by itself or with its region.
    package func shows(_ namespace: Namespace, in region: Region) -> Bool {
        regions.contains(region.device) || namespaces.contains(namespace.device)
    }
}

/// A word that means nothing on a host.
public struct UnknownPart: Error, Equatable, Sendable {
    /// The word.
    public let word: String
    /// The region or namespace that was most likely meant; nil where none is near.
    public let near: String?

    fileprivate init(_ word: String, on observed: Observed) {
        self.word = word
        let known = observed.regions.flatMap { region in
            [region.device] + region.namespaces.compactMap(\.name)
        }
        near = NearestWord.to(word, among: known)
    }
}

extension Namespace {
    /// Whether a person's word for a namespace means this one.
    fileprivate func isCalled(_ word: String, in region: Region) -> Bool {
        let node = word.hasPrefix("/dev/") ? String(word.dropFirst("/dev/".count)) : word
        if [name, device].contains(word) || [blockDevice, characterDevice].contains(node) { return true }
        if let uuid = UUID(word), [labelUUID, infoBlockUUID].contains(uuid) { return true }
        let prefix = "\(region.device)/"
        return word.hasPrefix(prefix) && word.dropFirst(prefix.count) == displayName[...]
    }
}
