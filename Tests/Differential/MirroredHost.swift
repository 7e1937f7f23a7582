import ProvisionCore
import ProvisionHost

/// The state file of a simulated host whose bus is as the kernel's: the same DIMMs and regions, which must be enabled
/// and empty.
enum MirroredHost {
    /// A simulated host like the observed bus.
    static func make(_ bus: Bus) throws -> SimulatedHost {
        try SimulatedHost(json: json(bus))
    }

    private static func json(_ bus: Bus) -> String {
        """
        {"format_version": 1, "simulated_host": {"booted": true, "buses": [{
        "provider": "\(bus.provider)",
        "dimms": [\(bus.dimms.map { dimm($0, in: bus) }.joined(separator: ",\n"))],
        "regions": [\(bus.regions.map { region($0, in: bus) }.joined(separator: ",\n"))]}]}}
        """
    }

    private static func dimm(_ dimm: Dimm, in bus: Bus) -> String {
        let end = bus.regions.flatMap(\.mappings).filter { $0.dimm == dimm.device }.map {
            $0.offset + $0.length
        }
        var members = [
            "\"id\": \"\(id(of: dimm.device, in: bus))\"",
            "\"size\": \((end.max() ?? .mib(1)).bytes)",
            "\"enabled\": \(dimm.isEnabled)",
        ]
        if let area = dimm.labelArea {
            members.append("\"label_size\": \(area.size.bytes)")
            members.append("\"labels\": \"\(area.version?.rawValue ?? "none")\"")
        }
        return "{\(members.joined(separator: ", "))}"
    }

    private static func region(_ region: Region, in bus: Bus) -> String {
        let mappings = region.mappings.map {
            """
            {"dimm": "\(id(of: $0.dimm, in: bus))", "offset": \($0.offset.bytes), "length": \($0.length.bytes)}
            """
        }
        var members = [
            "\"mappings\": [\(mappings.joined(separator: ", "))]",
            "\"resource\": \(region.resource ?? 0)",
            "\"align\": \((region.align ?? .zero).bytes)",
            "\"persistence_domain\": \"\(region.persistenceDomain.rawValue)\"",
            "\"read_only\": \(region.isReadOnly)",
            "\"enabled\": true", "\"labelling\": \"\(region.labelling.rawValue)\"",
            "\"seed\": 0", "\"namespaces\": [{\"number\": 0}]",
        ]
        if let set = region.interleaveSetID { members.append("\"iset_id\": \"0x\(String(set, radix: 16))\"") }
        if let node = region.numaNode { members.append("\"numa_node\": \(node)") }
        if let node = region.targetNode { members.append("\"target_node\": \(node)") }
        return "{\(members.joined(separator: ", "))}"
    }

    private static func id(of device: String, in bus: Bus) -> String {
        bus.dimms.first { $0.device == device }?.uniqueID ?? device
    }
}
