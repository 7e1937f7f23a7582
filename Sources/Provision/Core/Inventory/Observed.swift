/// The host as one enumeration found it: plain values, no handles.
///
/// Sorted: buses, DIMMs and regions by the number in their device name, namespaces by region and number; dax regions by
/// their number and path.
public struct Observed: Equatable, Sendable {
    /// The nvdimm buses (`ndbusN`).
    public var buses: [Bus]
    /// The dax regions, those of devdax namespaces among them.
    public var daxRegions: [DaxRegion]
    /// How the kernel takes memory in at run time; nil where it does not, or it is not known.
    public var memoryHotplug: MemoryHotplug?
    /// Whether the driver `fsdev_dax` is there, which gives dax devices to famfs; nil where that is not known.
    public var hasFamfsDriver: Bool?
    /// Whether the host is configured so that no kernel loses the contents of soft-reserved memory at a boot; nil where that is not
    /// known, or there is no such memory.
    public var keepsSoftReserved: Bool?
    /// The CXL memory devices with persistent capacity.
    public var cxlMemdevs: [CXLMemdev] = []

    /// A host with these buses and dax regions.
    public init(buses: [Bus], daxRegions: [DaxRegion] = [], memoryHotplug: MemoryHotplug? = nil) {
        self.buses = buses
        self.daxRegions = daxRegions
        self.memoryHotplug = memoryHotplug
    }

    /// Every region of every bus.
    public var regions: [Region] { buses.flatMap(\.regions) }

    /// The namespaces that have a character device, by its name, which no other device of the host has.
    package var namespacesByCharacterDevice: [String: Namespace] {
        var found: [String: Namespace] = [:]
        for namespace in regions.flatMap(\.namespaces) {
            if let device = namespace.characterDevice { found[device] = namespace }
        }
        return found
    }

    /// The oldest label version on the DIMMs of each region, by the region's kernel name.
    package var labelVersions: [String: LabelVersion] {
        var versions: [String: LabelVersion] = [:]
        for bus in buses {
            for region in bus.regions {
                versions[region.device] = bus.labelVersion(of: region)
            }
        }
        return versions
    }
}

/// An nvdimm bus.
public struct Bus: Equatable, Sendable {
    /// The kernel's name, such as `ndbus0`. Not stable across reboots.
    public var device: String
    /// Who provides it: `ACPI.NFIT`, `e820`, `virtio-pmem`, `nfit_test.0`, ...
    public var provider: String
    /// Whether an address range scrub runs; nil where the bus has none.
    public var scrubState: ScrubState?
    /// Its DIMMs (`nmemN`).
    public var dimms: [Dimm]
    /// Its regions (`regionN`).
    public var regions: [Region]

    /// A bus with these parts.
    public init(device: String, provider: String, scrubState: ScrubState?, dimms: [Dimm], regions: [Region]) {
        self.device = device
        self.provider = provider
        self.scrubState = scrubState
        self.dimms = dimms
        self.regions = regions
    }
}

extension Region {
    /// Whether it has a share of the DIMM, which is on its bus.
    package func lies(on dimm: Dimm) -> Bool { mappings.contains { $0.dimm == dimm.device } }
}

extension Bus {
    /// The DIMMs that the region has a share of, in the order of the bus. A DIMM that the bus does not list is left out.
    package func dimms(under region: Region) -> [Dimm] { dimms(under: [region]) }

    /// The DIMMs that any of the regions has a share of, in the order of the bus.
    package func dimms(under regions: [Region]) -> [Dimm] {
        dimms.filter { dimm in regions.contains { $0.lies(on: dimm) } }
    }

    /// The oldest label version on the region's DIMMs; v1.2 where none is known.
    package func labelVersion(of region: Region) -> LabelVersion {
        dimms(under: region).contains { $0.labelArea?.version == .v1_1 } ? .v1_1 : .v1_2
    }

    /// The unique id of the DIMM with this kernel name; nil where it has none, or there is no such DIMM.
    package func uniqueID(of dimm: String) -> String? { dimms.first { $0.device == dimm }?.uniqueID }

    /// The unique ids of a region's DIMMs, in the order of their positions; nil where one has none, or none is known.
    package func dimmIDs(of region: Region) -> [String]? {
        let ids = region.mappings.compactMap { uniqueID(of: $0.dimm) }
        return ids.isEmpty || ids.count != region.mappings.count ? nil : ids
    }

    /// What makes regions of its devices, where that is another tool's work: a command. Nil where the platform does.
    public var wayToRegions: String? {
        provider == Self.cxlProvider ? "cxl create-region (cxl list -M lists the memory devices)" : nil
    }
}

/// The state of the address range scrub of a bus.
public enum ScrubState: String, CaseIterable, Sendable {
    /// A scrub runs.
    case active
    /// None runs.
    case idle
}
