import Glibc
public import ProvisionCore

/// The host that this process runs on: libndctl for the buses, DIMMs, regions and label areas, sysfs for the
/// namespaces.
///
/// libndctl reads a namespace's `holder` eight to nine times and scans the whole region after every enable, so the
/// time of a run through it grows with the square of the number of namespaces. Every attribute is read once here,
/// and every store goes through the C library's `write`.
public final class KernelHost: Host {
    /// What steps need of regions, by kernel name; forgotten at each enumeration.
    package var regions: [String: RegionFacts] = [:]
    /// The namespaces that steps have taken offline: nobody else can be in the middle of making one of these.
    private var takenOffline: Set<OfflineNamespace> = []

    /// The serials of the CXL memory devices, by the kernel names of the DIMMs that do not show them; as last observed.
    package var memdevIDs: [String: String] = [:]

    /// What lay on the media of the devdax namespaces that were created, by their labels.
    package var createdSamples: [UUID: MediaSample] = [:]

    /// See ``RestoringHost/interruption``.
    public var interruption = Interruption.never

    /// Where the kernel is read and written. What cannot be read by these is taken for absent: see ``KernelPlaces/checking(_:)``.
    package let places: KernelPlaces

    /// This host. Reads nothing yet.
    public init() { places = KernelPlaces() }

    /// The host that has these places.
    package init(_ places: KernelPlaces) { self.places = places }

    /// Enumerates the host; see ``Host/observe()``. A host without nvdimm devices has no buses.
    public func observe() throws(OperationError) -> Observed { try enumerate(asking: false) }

    /// Enumerates the host and asks its DIMMs; see ``Host/observeWithHealth()``.
    public func observeWithHealth() throws(OperationError) -> Observed { try enumerate(asking: true) }

    private func enumerate(asking asksHealth: Bool) throws(OperationError) -> Observed {
        guard unsafe access(places.buses, F_OK) == 0 else {
            throw OperationError(
                .unavailable, while: "enumerate the host", reason: "there is no \(places.buses)",
                advice: "mount sysfs at /sys")
        }
        regions = [:]
        return try places.checking { places throws(OperationError) in
            let buses = try observeBuses(asksHealth, places).sorted {
                Sysfs.number($0.device) < Sysfs.number($1.device)
            }
            let dax = DaxRegionReader(places).read()
            var observed = Observed(buses: buses, daxRegions: dax.regions, memoryHotplug: dax.hotplug)
            observed.hasFamfsDriver = unsafe access(places.famfsDriver, F_OK) == 0
            if dax.regions.contains(where: \.isSoftReserved) {
                observed.keepsSoftReserved = HostFiles(places.root).keepsSoftReserved(places)
            }
            guard let topology = CXLReader(places).read() else { return observed }
            let found = observed.adding(topology)
            memdevIDs = [:]
            for dimm in found.buses.flatMap(\.dimms) where dimm.isIdentifiedByMemdev {
                memdevIDs[dimm.device] = dimm.uniqueID
            }
            return found
        }
    }

    private func observeBuses(
        _ asksHealth: Bool, _ places: KernelPlaces
    ) throws(OperationError) -> [Bus] {
        guard let devices = SysfsDirectory.ifThere(places.nvdimmDevices, places) else { return [] }
        let context = try NdctlContext()
        var buses: [Bus] = []
        try context.forEachBus { bus throws(OperationError) in
            buses.append(try observe(bus, asksHealth, places))
        }
        try Self.requireAll(["ndbus"], of: devices, in: Set(buses.map(\.device)))
        return buses
    }

    /// Reads one namespace; see ``Host/current(_:)``.
    public func current(_ target: NamespaceTarget) throws(OperationError) -> Namespace? {
        try places.checking { places throws(OperationError) in
            let region = try region(target.region, places)
            return region.reader.namespace(target.device, in: region.directory)
        }
    }

    /// Reads the dax regions; see ``Host/daxRegion(_:)``.
    public func daxRegion(_ identity: DaxRegionIdentity) throws(OperationError) -> DaxRegion? {
        try places.checking { places throws(OperationError) in
            KernelDaxRegion(identity, places).find()
        }
    }

    /// The numbers of users and groups; see ``Host/accountNumbers(users:groups:)``.
    public func accountNumbers(
        users: Set<String>, groups: Set<String>
    ) throws(OperationError) -> AccountNumbers {
        try Accounts.numbers(users: users, groups: groups)
    }

    /// Performs a step by sysfs stores; see ``Host/perform(_:identity:)``.
    public func perform(_ step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace? {
        try places.stores.noting { () throws(OperationError) in
            try places.checking { places throws(OperationError) in
                let result = try performStores(of: step, identity: identity, places)
                guard let namespace = result, namespace.isActive, namespace.mode == .devdax else {
                    return result
                }
                return try region(step.region, places).tried(namespace)
            }
        }
    }

    private func performStores(
        of step: Step, identity: FreshIdentity, _ places: KernelPlaces
    ) throws(OperationError) -> Namespace? {
        switch step {
        case .initializeLabels(let region):
            regions[region] = nil
            try labelAreas(of: region, places).initialize()
            return nil
        case .disable(let target):
            takenOffline.insert(OfflineNamespace(target))
            return try region(target.region, places).disable(target)
        case .destroy(let target):
            try region(target.region, places).destroy(target)
            return nil
        case .create(let placement):
            return try region(placement.region, places).create(placement, identity: identity) { sample in
                createdSamples[identity.labelUUID] = sample
            }
        case .reconfigure(let target, let layout):
            return try region(target.region, places).reconfigure(target, layout, identity: identity)
        case .rename(let target, let name): return try region(target.region, places).rename(target, name)
        case .enable(let target):
            let isOurs = takenOffline.contains(OfflineNamespace(target))
            return try region(target.region, places).enable(target, isOurs: isOurs)
        case .configureDevice(let target, let use):
            return try region(target.region, places).configureDevice(target, use)
        case .setRights(let target, let rights):
            try region(target.region, places).setRights(target, rights)
            // The rules are among what is known of a region.
            regions[target.region] = nil
            return try region(target.region, places).readBack(target.device)
        case .zero(let target):
            let home = try region(target.region, places)
            try zeroData(
                of: try home.readBack(try home.live(target).device), in: target.region,
                counting: places.stores)
            return try home.readBack(target.device)
        case .setDevice(let transition):
            try DeviceSequence(transition, by: KernelDaxRegion(transition.region, places)).run()
            return nil
        }
    }

    package func region(_ device: String, _ places: KernelPlaces) throws(OperationError) -> KernelRegion {
        let region = try KernelRegion.open(device, knownFacts: regions[device], places)
        regions[device] = region.reader.region
        return region
    }

    private func observe(
        _ bus: borrowing NdctlBus, _ asksHealth: Bool, _ places: KernelPlaces
    ) throws(OperationError) -> Bus {
        bus.waitForProbe()
        try Self.requireAll(of: bus, places)
        var observed = Bus(
            device: bus.device, provider: bus.provider, scrubState: bus.scrubState, dimms: [], regions: [])
        try bus.forEachDimm { dimm throws(OperationError) in
            var found = try observe(dimm, places)
            if asksHealth { found.health = dimm.health }
            observed.dimms.append(found)
        }
        try bus.forEachRegion { region throws(OperationError) in
            observed.regions.append(try observe(region, places))
        }
        observed.dimms.sort { Sysfs.number($0.device) < Sysfs.number($1.device) }
        observed.regions.sort { Sysfs.number($0.device) < Sysfs.number($1.device) }
        let suspects = observed.dimmsWithHiddenLabels
        guard !suspects.isEmpty else { return observed }
        try bus.forEachDimm { dimm throws(OperationError) in
            guard suspects.contains(dimm.device), let labels = try? dimm.readLabels() else { return }
            observed.addUninstantiated(labels, of: dimm.device)
        }
        return observed
    }
}

/// A namespace that a step took offline. Its kernel name can be another one's once its region was enabled anew.
private struct OfflineNamespace: Hashable {
    private let label: UUID?
    private let region: String
    private let resource: UInt64?

    init(_ target: NamespaceTarget) {
        label = target.labelUUID
        region = target.region
        resource = target.resource
    }
}
