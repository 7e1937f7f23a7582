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
    /// The namespaces, by kernel name, that steps have taken offline: nobody else can be in the middle of making one of
    /// these.
    private var takenOffline: Set<String> = []

    /// The serials of the CXL memory devices, by the kernel names of the DIMMs that do not show them; as last observed.
    package var memdevIDs: [String: String] = [:]

    /// What lay on the media of the devdax namespaces that were created, by their labels.
    package var createdSamples: [UUID: MediaSample] = [:]

    /// This host. Reads nothing yet.
    public init() {}

    /// Enumerates the host; see ``Host/observe()``. A host without nvdimm devices has no buses.
    public func observe() throws(OperationError) -> Observed { try enumerate(asking: false) }

    /// Enumerates the host and asks its DIMMs; see ``Host/observeWithHealth()``.
    public func observeWithHealth() throws(OperationError) -> Observed { try enumerate(asking: true) }

    private func enumerate(asking asksHealth: Bool) throws(OperationError) -> Observed {
        guard unsafe access(Sysfs.buses, F_OK) == 0 else {
            throw OperationError(
                .unavailable, while: "enumerate the host", reason: "there is no \(Sysfs.buses)",
                advice: "mount sysfs at /sys")
        }
        regions = [:]
        return try ReadFailures.checking { () throws(OperationError) in
            let buses = try observeBuses(asksHealth).sorted {
                Sysfs.number($0.device) < Sysfs.number($1.device)
            }
            let dax = DaxRegionReader().read()
            var observed = Observed(buses: buses, daxRegions: dax.regions, memoryHotplug: dax.hotplug)
            observed.hasFamfsDriver = unsafe access(Sysfs.famfsDriver, F_OK) == 0
            if dax.regions.contains(where: \.isSoftReserved) {
                observed.keepsSoftReserved = HostFiles("/").keepsSoftReserved
            }
            guard let topology = CXLReader().read() else { return observed }
            let found = observed.adding(topology)
            memdevIDs = [:]
            for dimm in found.buses.flatMap(\.dimms) where dimm.isIdentifiedByMemdev {
                memdevIDs[dimm.device] = dimm.uniqueID
            }
            return found
        }
    }

    private func observeBuses(_ asksHealth: Bool) throws(OperationError) -> [Bus] {
        guard let devices = SysfsDirectory.ifThere(Sysfs.devices) else { return [] }
        let context = try NdctlContext()
        var buses: [Bus] = []
        try context.forEachBus { bus throws(OperationError) in
            buses.append(try observe(bus, asksHealth))
        }
        try Self.requireAll(["ndbus"], of: devices, in: Set(buses.map(\.device)))
        return buses
    }

    /// Reads one namespace; see ``Host/current(_:)``.
    public func current(_ target: NamespaceTarget) throws(OperationError) -> Namespace? {
        try ReadFailures.checking { () throws(OperationError) in
            let region = try region(target.region)
            return region.reader.namespace(target.device, in: region.directory)
        }
    }

    /// Reads the dax regions; see ``Host/daxRegion(_:)``.
    public func daxRegion(_ identity: DaxRegionIdentity) throws(OperationError) -> DaxRegion? {
        try ReadFailures.checking { () throws(OperationError) in KernelDaxRegion.find(identity) }
    }

    /// The numbers of users and groups; see ``Host/accountNumbers(users:groups:)``.
    public func accountNumbers(
        users: Set<String>, groups: Set<String>
    ) throws(OperationError) -> AccountNumbers {
        try Accounts.numbers(users: users, groups: groups)
    }

    /// Performs a step by sysfs stores; see ``Host/perform(_:identity:)``.
    public func perform(_ step: Step, identity: FreshIdentity) throws(OperationError) -> Namespace? {
        try StoreCount.noting { () throws(OperationError) in
            try ReadFailures.checking { () throws(OperationError) in
                let result = try performStores(of: step, identity: identity)
                guard let namespace = result, namespace.isActive, namespace.mode == .devdax else {
                    return result
                }
                return try region(step.region).tried(namespace)
            }
        }
    }

    private func performStores(
        of step: Step, identity: FreshIdentity
    ) throws(OperationError) -> Namespace? {
        switch step {
        case .initializeLabels(let region):
            try initializeLabels(of: region)
            return nil
        case .disable(let target):
            takenOffline.insert(target.device)
            return try region(target.region).disable(target)
        case .destroy(let target):
            try region(target.region).destroy(target)
            return nil
        case .create(let placement):
            return try region(placement.region).create(placement, identity: identity) { sample in
                createdSamples[identity.label] = sample
            }
        case .reconfigure(let target, let layout):
            return try region(target.region).reconfigure(target, layout, identity: identity)
        case .rename(let target, let name): return try region(target.region).rename(target, name)
        case .enable(let target):
            let isOurs = takenOffline.contains(target.device)
            return try region(target.region).enable(target, isOurs: isOurs)
        case .configureDevice(let target, let use):
            return try region(target.region).configureDevice(target, use)
        case .setRights(let target, let rights):
            try region(target.region).setRights(target, rights)
            // The rules are among what is known of a region.
            regions[target.region] = nil
            return try region(target.region).readBack(target.device)
        case .zero(let target):
            let home = try region(target.region)
            try zeroData(of: try home.readBack(try home.live(target).device), in: target.region)
            return try home.readBack(target.device)
        case .setDevice(let transition):
            try DeviceSequence(transition, by: KernelDaxRegion(transition.region)).run()
            return nil
        }
    }

    package func region(_ device: String) throws(OperationError) -> KernelRegion {
        let region = try KernelRegion.open(device, knownFacts: regions[device])
        regions[device] = region.reader.region
        return region
    }

    private func observe(_ bus: borrowing NdctlBus, _ asksHealth: Bool) throws(OperationError) -> Bus {
        bus.waitForProbe()
        try Self.requireAll(of: bus)
        var observed = Bus(
            device: bus.device, provider: bus.provider, scrubState: bus.scrubState, dimms: [], regions: [])
        try bus.forEachDimm { dimm throws(OperationError) in
            var found = try observe(dimm)
            if asksHealth { found.health = dimm.health }
            observed.dimms.append(found)
        }
        try bus.forEachRegion { region throws(OperationError) in observed.regions.append(try observe(region))
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

/// Where the kernel shows its nvdimm devices.
package enum Sysfs {
    /// The buses of the kernel's device model: there whenever sysfs is.
    package static let buses = "/sys/bus"
    /// Every device of the nvdimm subsystem, by kernel name; absent without its modules.
    package static let devices = "/sys/bus/nd/devices"
    /// The driver that gives dax devices to famfs; absent before Linux 7.0, and while its module is not loaded.
    package static let famfsDriver = "/sys/bus/dax/drivers/fsdev_dax"
    /// Its drivers.
    package static let drivers = "/sys/bus/nd/drivers"

    /// The number at the end of a kernel name: 12 of `region12`, 3 of `namespace0.3`.
    package static func number(_ device: String) -> Int {
        let digits = device.reversed().prefix { $0.isNumber }
        return Int(String(digits.reversed())) ?? 0
    }
}
