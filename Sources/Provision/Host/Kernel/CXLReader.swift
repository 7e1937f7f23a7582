package import ProvisionCore

/// Reads from sysfs what the CXL bus says of memory (drivers/cxl/core at Linux 6.1 to 7.3): memory devices with persistent capacity and
/// their serials, and of regions the order of their devices and the granularity. Writes nothing.
///
/// libcxl is not needed for that: each attribute is read once.
package struct CXLReader {
    private let places: KernelPlaces

    /// A reader of these places.
    package init(_ places: KernelPlaces) {
        self.places = places
    }

    /// What there is; nil where there is no CXL bus. A device that vanishes meanwhile is left out.
    package func read() -> CXLTopology? {
        guard let devices = SysfsDirectory.ifThere("\(places.buses)/cxl/devices", places) else { return nil }
        let entries = devices.entries()
        var topology = CXLTopology(memdevs: [], regions: [])
        for name in Self.names("region", in: entries) {
            switch devices.text("\(name)/mode") {
            // A kernel that makes no other type has no `mode`.
            case "pmem", nil:
                if let region = region(name, devices) { topology.regions.append(region) }
            case "ram":
                if let region = region(name, devices) { topology.volatileRegions.append(region.region) }
            default: continue
            }
        }
        for name in Self.names("mem", in: entries) {
            guard let size = devices.number("\(name)/pmem/size"), size > 0,
                let serial = devices.number("\(name)/serial")
            else { continue }
            topology.memdevs.append(
                CXLMemdev(
                    name: name, serial: serial, persistentSize: ByteCount(size),
                    regions: topology.regions(on: name)))
        }
        return topology
    }

    /// The devices whose names are this word and a number, sorted by that.
    private static func names(_ word: String, in entries: [String]) -> [String] {
        entries.filter { entry in
            entry.hasPrefix(word) && Int(entry.dropFirst(word.count)) != nil
        }.sorted { Sysfs.number($0) < Sysfs.number($1) }
    }

    /// A region with all its targets; nil for one that has not got them all.
    private func region(_ name: String, _ devices: borrowing SysfsDirectory) -> CXLTopology.Placed? {
        guard let ways = devices.number("\(name)/interleave_ways"), (1...Self.maximumWays).contains(ways),
            let granularity = devices.number("\(name)/interleave_granularity"), granularity > 0,
            // It lies below its root decoder in sysfs (drivers/cxl/core/region.c, `devm_cxl_add_region`).
            let decoder = devices.destination(of: name)?.split(separator: "/").dropLast().last
        else { return nil }
        var targets: [CXLTarget] = []
        for position in 0..<ways {
            guard let decoder = devices.text("\(name)/target\(position)"),
                let target = target(decoder, devices)
            else { return nil }
            targets.append(target)
        }
        return CXLTopology.Placed(
            region: CXLRegion(
                name: name, decoder: String(decoder), granularity: ByteCount(granularity), targets: targets),
            resource: devices.number("\(name)/resource"))
    }

    /// The share that a decoder of an endpoint gives: the endpoint's `uport` is the memory device.
    private func target(_ decoder: String, _ devices: borrowing SysfsDirectory) -> CXLTarget? {
        guard !decoder.contains("/"), let memdev = devices.linkTarget("\(decoder)/../uport"),
            let serial = devices.number("\(decoder)/../uport/serial"),
            let offset = devices.number("\(decoder)/dpa_resource"), offset <= Region.maximumAddress,
            let length = devices.number("\(decoder)/dpa_size")
        else { return nil }
        return CXLTarget(
            memdev: memdev, serial: serial, offset: ByteCount(offset), length: ByteCount(length))
    }

    /// The most targets that an interleave set of CXL has (CXL 3.0, 8.2.4.20).
    private static let maximumWays: UInt64 = 16
}
