import ProvisionCore

/// The regions that a transaction's journal names, as they were before it and as they are in an observation: now, or as it left them. The only way
/// from a name of then to a region, and back: what two boots, or two orders of DIMMs, call a region does not matter.
struct RegionsThenAndNow {
    private let before: [Region]
    private let found: [RegionThen: Region]
    private let correspondence: RegionCorrespondence
    /// The names of the dynamic dax regions then and now, of those that are there both times.
    private let daxNames: [(then: String, now: String)]

    /// Finds the regions of a journal's header in an observation.
    init(_ header: JournalHeader, _ now: Observed) {
        before = header.before.regions
        let correspondence = RegionCorrespondence(before: header.before, now: now)
        self.correspondence = correspondence
        found = before.reduce(into: [:]) { $0[RegionThen($1)] = correspondence.region($1) }
        daxNames = header.before.daxRegions.filter { $0.kind == .dynamic }.compactMap { was in
            was.identity.flatMap(now.daxRegion).map { (was.name, $0.name) }
        }
    }

    /// The region of the observation; nil where it is not there.
    func region(_ then: RegionThen) -> Region? { found[then] }

    /// What the journal calls a region of the observation; nil where the region was not there before the transaction.
    func then(_ now: Region) -> RegionThen? {
        before.lazy.map { RegionThen($0) }.first { found[$0]?.device == now.device }
    }

    /// An address of now, such as `region0/x`, as the journal keeps it: with the name that the region had before the transaction.
    func addressThen(_ now: String) -> String {
        Self.renamed(now) { name in
            found.first { $0.value.device == name }?.key.device ?? daxNames.first { $0.now == name }?.then
        } ?? now
    }

    /// An address of the journal with the name that the region has now; nil where the region is not there.
    func addressNow(_ then: String) -> String? {
        Self.renamed(then) { name in
            found[RegionThen(device: name)]?.device ?? daxNames.first { $0.then == name }?.now
        }
    }

    /// The address with the region's name, up to the first slash, replaced.
    private static func renamed(_ address: String, _ name: (String) -> String?) -> String? {
        let region = address.prefix { $0 != "/" }
        return name(String(region)).map { $0 + address.dropFirst(region.count) }
    }

    /// A namespace as it was, at the address where its place is in the observation; without one where that is not known.
    func moved(_ namespace: Namespace, of then: RegionThen) -> Namespace {
        if let was = before.first(where: { $0.device == then.device }) {
            return correspondence.moved(namespace, of: was)
        }
        var moved = namespace
        moved.resource = nil
        return moved
    }
}

extension JournalHeader {
    /// A region before the transaction; nil where the observation has none of that name.
    func region(_ then: RegionThen) -> Region? { before.region(then.device) }

    /// Which region a name of then means; nil where the observation has none of that name.
    func identity(of then: RegionThen) -> RegionIdentity? { before.identity(of: then.device) }

    /// The namespace of a step before the transaction; nil where there was none.
    func namespace(of step: JournalStep) -> Namespace? { step.device.flatMap(before.namespace) }
}

extension TransactionLog {
    /// What was agreed to when undoing began, in the words that mean it now: an address in a region that is not there means nothing.
    func agreed(on now: Observed) -> Set<String> {
        guard !agreed.isEmpty else { return [] }
        let regions = RegionsThenAndNow(header, now)
        return Set(agreed.compactMap { word in UUID(word) != nil ? word : regions.addressNow(word) })
    }
}
