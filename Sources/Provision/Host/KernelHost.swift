import Glibc

/// The host that this process runs on: libndctl for the buses, DIMMs, regions and label areas, sysfs for the
/// namespaces.
///
/// libndctl reads a namespace's `holder` eight to nine times and scans the whole region after every enable, so the
/// time of a run through it grows with the square of the number of namespaces. Every attribute is read once here,
/// and every store goes through the C library's `write`.
public final class KernelHost: Host {
    /// What steps need of regions, by kernel name; forgotten at each enumeration.
    var regions: [String: RegionFacts] = [:]

    /// This host. Reads nothing yet.
    public init() {}

    public func observe() throws(HostError) -> Observed {
        guard unsafe access(Sysfs.buses, F_OK) == 0 else {
            throw HostError(
                .unavailable, while: "enumerate the host", reason: "there is no \(Sysfs.buses)",
                advice: "mount sysfs at /sys")
        }
        regions = [:]
        guard unsafe access(Sysfs.devices, F_OK) == 0 else { return Observed(buses: []) }
        let context = try NdctlContext()
        var buses: [Bus] = []
        try context.forEachBus { bus throws(HostError) in buses.append(try observe(bus)) }
        return Observed(buses: buses.sorted { Sysfs.number($0.device) < Sysfs.number($1.device) })
    }

    public func perform(_ step: Step, identity: FreshIdentity) throws(HostError) -> Namespace? {
        throw HostError(.unavailable, while: "perform a step", reason: "not there yet")
    }

    private func observe(_ bus: borrowing NdctlBus) throws(HostError) -> Bus {
        bus.waitForProbe()
        var observed = Bus(
            device: bus.device, provider: bus.provider, scrubState: bus.scrubState, dimms: [], regions: [])
        try bus.forEachDimm { dimm throws(HostError) in observed.dimms.append(try observe(dimm)) }
        try bus.forEachRegion { region throws(HostError) in observed.regions.append(try observe(region)) }
        observed.dimms.sort { Sysfs.number($0.device) < Sysfs.number($1.device) }
        observed.regions.sort { Sysfs.number($0.device) < Sysfs.number($1.device) }
        return observed
    }
}

/// Where the kernel shows its nvdimm devices.
enum Sysfs {
    /// The buses of the kernel's device model: there whenever sysfs is.
    static let buses = "/sys/bus"
    /// Every device of the nvdimm subsystem, by kernel name; absent without its modules.
    static let devices = "/sys/bus/nd/devices"
    /// Its drivers.
    static let drivers = "/sys/bus/nd/drivers"

    /// The number at the end of a kernel name: 12 of `region12`, 3 of `namespace0.3`.
    static func number(_ device: String) -> Int {
        let digits = device.reversed().prefix { $0.isNumber }
        return Int(String(digits.reversed())) ?? 0
    }
}
