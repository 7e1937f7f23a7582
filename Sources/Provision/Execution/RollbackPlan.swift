/// What undoing a transaction comes to: pure, from its log and the host as it is now.
///
/// It is a description of the old state, not a list of inverse steps: however far the transaction came, and however
/// often undoing was interrupted, the same plan made again brings back the same state.
struct RollbackPlan {
    /// The label UUIDs of namespaces that the transaction created, with their regions' kernel names now.
    var removals: [Removal] = []
    /// The namespaces to bring back, in the order of their addresses.
    var restorations: [Restoration] = []
    /// The regions in which a step began, by their names then, that are not there now.
    var missingRegions: [String] = []

    /// A namespace to remove.
    struct Removal: Equatable {
        var label: UUID
        var region: String
    }

    /// - Parameter relabelled: the regions, by their kernel names now, that the transaction gave labels: what was there
    ///   before comes back with the old labels and a reboot.
    init(of log: TransactionLog, on observed: Observed, relabelled: [String]) {
        let regions = RegionNames(before: log.header.before, now: observed)
        var touched: [String: Namespace] = [:]
        var aliases: [String: Set<UUID>] = [:]
        for (number, step) in log.header.steps.enumerated() {
            guard let identity = log.begun[number] else { continue }
            guard let region = regions.name(of: step.region) else {
                if !missingRegions.contains(step.region) { missingRegions.append(step.region) }
                continue
            }
            guard let device = step.device else {
                if step.action == "create" { removals.append(Removal(label: identity.label, region: region)) }
                continue
            }
            touched[device] = log.header.before.namespace(device)
            aliases[device, default: []].insert(identity.label)
        }
        removals += log.placeholders.flatMap { uuid in
            observed.regions.map { Removal(label: uuid, region: $0.device) }
        }
        removals.reverse()
        restorations = touched.compactMap { device, namespace in
            guard
                let region = regions.name(
                    of: "region\(device.dropFirst("namespace".count).prefix { $0 != "." })"),
                !relabelled.contains(region)
            else { return nil }
            return Restoration(
                region: region, namespace: namespace, aliases: aliases[device] ?? [],
                saved: log.ranges.filter { log.begun[$0.step] != nil }.map(\.range)
                    .filter { namespace.holds($0) })
        }
        .sorted { ($0.namespace.resource ?? 0) < ($1.namespace.resource ?? 0) }
    }
}

extension Namespace {
    /// Whether a saved range was saved of this namespace.
    fileprivate func holds(_ range: SavedRange) -> Bool {
        guard let resource else { return false }
        return range.address >= resource && range.address < resource + rawSize.bytes
    }
}

extension Observed {
    /// The namespace with a kernel name.
    func namespace(_ device: String) -> Namespace? {
        regions.lazy.flatMap(\.namespaces).first { $0.device == device }
    }
}

/// What the regions of an earlier observation are called now: known by their interleave set, else by their address.
struct RegionNames {
    private var names: [String: String] = [:]

    init(before: Observed, now: Observed) {
        for old in before.regions {
            let same = now.regions.first { new in
                if let cookie = old.interleaveSetID, cookie != 0 { return new.interleaveSetID == cookie }
                return new.resource == old.resource && new.size == old.size
            }
            names[old.device] = same?.device
        }
    }

    /// The kernel name now of the region that had this one.
    func name(of device: String) -> String? { names[device] }
}
