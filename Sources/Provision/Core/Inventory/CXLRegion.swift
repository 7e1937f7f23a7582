/// What CXL decoders make of memory devices: the part of a region on a bus of provider `CXL` that the nvdimm subsystem does not show.
///
/// Nothing keeps it over a boot, labels least of all: who makes such a region again must know the order of the devices and the
/// granularity. Another order gives the interleave set another cookie; another granularity does not (drivers/cxl/core/region.c,
/// drivers/cxl/pmem.c).
public struct CXLRegion: Equatable, Sendable {
    /// The name on the CXL bus (`region0`), which can be another than the nvdimm region's. Not stable across reboots.
    public var name: String
    /// The root decoder in whose window it is (`decoder0.0`): the firmware's table fixes its number.
    public var decoder: String
    /// How many bytes in a row are one memory device's.
    public var granularity: ByteCount
    /// The shares of the memory devices, in the order of the targets.
    public var targets: [CXLTarget]

    /// A region with these properties.
    public init(name: String, decoder: String, granularity: ByteCount, targets: [CXLTarget]) {
        self.name = name
        self.decoder = decoder
        self.granularity = granularity
        self.targets = targets
    }

    /// The number of memory devices.
    public var ways: Int { targets.count }
}

/// The share of a memory device in a CXL region.
public struct CXLTarget: Equatable, Sendable {
    /// The memory device's name (`mem0`). Not stable across reboots.
    public var memdev: String
    /// The memory device's serial number: its identity.
    public var serial: UInt64
    /// The first address on the device (DPA).
    public var offset: ByteCount
    /// The length on the device.
    public var length: ByteCount

    /// A share with these properties.
    public init(memdev: String, serial: UInt64, offset: ByteCount, length: ByteCount) {
        self.memdev = memdev
        self.serial = serial
        self.offset = offset
        self.length = length
    }
}

/// A CXL memory device with persistent capacity.
public struct CXLMemdev: Equatable, Sendable {
    /// Its name (`mem0`). Not stable across reboots.
    public var name: String
    /// Its serial number: its identity.
    public var serial: UInt64
    /// Its persistent capacity.
    public var persistentSize: ByteCount
    /// The CXL regions that have some of that, by name.
    public var regions: [String]

    /// A memory device with these properties.
    public init(name: String, serial: UInt64, persistentSize: ByteCount, regions: [String] = []) {
        self.name = name
        self.serial = serial
        self.persistentSize = persistentSize
        self.regions = regions
    }
}

/// What a host has of CXL memory: the devices that can be persistent, and the regions.
package struct CXLTopology: Equatable, Sendable {
    /// A CXL region with its place in the host's addresses.
    package struct Placed: Equatable, Sendable {
        package var region: CXLRegion
        /// The first physical address; nil where this user may not read it.
        package var resource: UInt64?

        /// A value of these parts.
        package init(region: CXLRegion, resource: UInt64?) {
            self.region = region
            self.resource = resource
        }
    }

    /// The memory devices, sorted by number.
    package var memdevs: [CXLMemdev]
    /// The regions of type pmem that have all their targets.
    package var regions: [Placed]
    /// The regions of type ram that have all their targets: volatile memory, of which the kernel makes dax regions.
    package var volatileRegions: [CXLRegion]

    /// A value of these parts.
    package init(memdevs: [CXLMemdev], regions: [Placed], volatileRegions: [CXLRegion] = []) {
        self.memdevs = memdevs
        self.regions = regions
        self.volatileRegions = volatileRegions
    }

    /// The names of the regions that have a share of a memory device.
    package func regions(on memdev: String) -> [String] {
        regions.map(\.region).filter { $0.targets.contains { $0.memdev == memdev } }.map(\.name)
    }
}

extension Observed {
    /// The host with what its CXL bus says of its regions, DIMMs and dax regions.
    ///
    /// The nvdimm region of a CXL region is the one with the same shares: its mappings come in the order of the targets
    /// (drivers/cxl/core/region.c, `cxl_pmem_region_alloc`). A kernel before 6.2 gives DIMMs of this bus no identity; the serial is
    /// theirs then.
    package func adding(_ topology: CXLTopology) -> Observed {
        var observed = self
        observed.cxlMemdevs = topology.memdevs
        for index in observed.daxRegions.indices {
            guard let name = observed.daxRegions[index].cxlRegionName else { continue }
            observed.daxRegions[index].cxl = topology.volatileRegions.first { $0.name == name }
        }
        for number in observed.buses.indices where observed.buses[number].provider == Bus.cxlProvider {
            for index in observed.buses[number].regions.indices {
                let region = observed.buses[number].regions[index]
                let found = topology.regions.filter {
                    region.isMade(of: $0, on: observed.buses[number])
                }
                guard found.count == 1, let cxl = found.first?.region else { continue }
                observed.buses[number].regions[index].cxl = cxl
                for (mapping, target) in zip(region.sortedMappings, cxl.targets) {
                    observed.buses[number].identify(mapping.dimm, by: target)
                }
            }
        }
        return observed
    }
}

extension Region {
    /// The mappings in the order of their positions.
    fileprivate var sortedMappings: [Mapping] {
        mappings.enumerated().sorted {
            ($0.element.position ?? $0.offset) < ($1.element.position ?? $1.offset)
        }
        .map(\.element)
    }

    fileprivate func isMade(of placed: CXLTopology.Placed, on bus: Bus) -> Bool {
        if let resource, let place = placed.resource, resource != place { return false }
        let targets = placed.region.targets
        guard targets.count == mappings.count else { return false }
        return zip(sortedMappings, targets).allSatisfy { mapping, target in
            let id = bus.uniqueID(of: mapping.dimm)
            return mapping.offset == target.offset && mapping.length == target.length
                && (id.map { Bus.cxlIDs(ofSerial: target.serial).contains($0) } ?? true)
        }
    }
}

extension Bus {
    /// The provider of the bus whose regions are made of CXL memory devices.
    package static let cxlProvider = "CXL"

    /// What the kernel can call a DIMM of a CXL memory device: its serial, which it prints as a signed number
    /// (drivers/cxl/pmem.c, `id_show`).
    package static func cxlIDs(ofSerial serial: UInt64) -> Set<String> {
        ["\(serial)", "\(Int64(bitPattern: serial))"]
    }

    /// Gives a DIMM without identity the serial of the memory device that it is.
    fileprivate mutating func identify(_ dimm: String, by target: CXLTarget) {
        guard let index = dimms.firstIndex(where: { $0.device == dimm && $0.uniqueID == nil }) else { return }
        dimms[index].uniqueID = "\(target.serial)"
        dimms[index].isIdentifiedByMemdev = true
    }
}
