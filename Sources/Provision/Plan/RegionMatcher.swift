/// Finds the regions that the blocks of a profile are for.
enum RegionMatcher {
    /// A block with one of the regions that it applies to.
    struct Assignment {
        var block: RegionBlock
        var region: Region
        var bus: Bus
    }

    /// Pairs every block with its regions, in the order of the profile; what cannot be paired becomes a refusal.
    static func assign(_ blocks: [RegionBlock], on observed: Observed) -> ([Assignment], [Refusal]) {
        var assignments: [Assignment] = []
        var refusals: [Refusal] = []
        for block in blocks {
            let found = candidates(for: block, on: observed)
            if let refusal = refusal(for: block, found: found, on: observed) {
                refusals.append(refusal)
                continue
            }
            for assignment in found {
                if assignments.contains(where: { $0.region.device == assignment.region.device }) {
                    refusals.append(claimedTwice(assignment))
                } else {
                    assignments.append(assignment)
                }
            }
        }
        return (assignments, refusals)
    }

    private static func candidates(for block: RegionBlock, on observed: Observed) -> [Assignment] {
        observed.buses.flatMap { bus in
            bus.regions
                .filter { block.match.matches($0, on: bus) }
                .map { Assignment(block: block, region: $0, bus: bus) }
        }
    }

    private static func refusal(
        for block: RegionBlock, found: [Assignment], on observed: Observed
    ) -> Refusal? {
        if found.isEmpty {
            return Refusal(
                .noMatchingRegion, "regions", at: block.position,
                "no region matches \(block.match): \(present(on: observed, match: block.match))",
                advice: "compare the conditions with the output of daxprov inventory")
        }
        if found.count > 1, !block.appliesToEach {
            let names = found.map(\.region.device).joined(separator: ", ")
            return Refusal(
                .ambiguousRegion, "regions", at: block.position,
                "\(found.count) regions match \(block.match): \(names)",
                advice: "narrow the match (iset_id and dimms are stable across reboots), or say each: true")
        }
        return nil
    }

    /// The regions of the host, each with what it has of the kinds that the conditions ask for.
    private static func present(on observed: Observed, match: RegionMatch) -> String {
        let regions = observed.buses.flatMap { bus in
            bus.regions.map { region in
                let values = match.values(of: region, on: bus)
                return values.isEmpty ? region.device : "\(region.device) (\(values.joined(separator: ", ")))"
            }
        }
        guard !regions.isEmpty else { return "this host has no region" }
        let rest = regions.count > 8 ? " and \(regions.count - 8) more" : ""
        return "this host has \(regions.prefix(8).joined(separator: ", "))\(rest)"
    }

    private static func claimedTwice(_ assignment: Assignment) -> Refusal {
        Refusal(
            .regionClaimedTwice, assignment.region.device, at: assignment.block.position,
            "an earlier block of the profile already matches \(assignment.region.device)",
            advice: "let every region be matched by one block only")
    }
}

extension RegionMatch {
    /// Whether the region on this bus meets every condition.
    func matches(_ candidate: Region, on bus: Bus) -> Bool {
        func holds<Value: Equatable>(_ wanted: Value?, _ value: Value?) -> Bool {
            wanted == nil || wanted == value
        }
        return holds(region.map { "region\($0)" }, candidate.device)
            && holds(numaNode, candidate.numaNode)
            && holds(interleaveSetID, candidate.interleaveSetID)
            && holds(type, "pmem")
            && holds(persistenceDomain, candidate.persistenceDomain)
            && holds(provider, bus.provider)
            && (minimumSize.map { candidate.size >= $0 } ?? true)
            && (dimms.map { Set($0) == Self.dimmIDs(of: candidate, on: bus) } ?? true)
    }

    private static func dimmIDs(of region: Region, on bus: Bus) -> Set<String> {
        let devices = region.mappings.map(\.dimm)
        return Set(bus.dimms.filter { devices.contains($0.device) }.map { $0.uniqueID ?? $0.device })
    }
}

extension RegionMatch {
    /// What a region has of the kinds that the conditions ask for, as a profile writes it; "none" where it has nothing of
    /// the kind.
    fileprivate func values(of region: Region, on bus: Bus) -> [String] {
        var parts: [String] = []
        func add(_ key: String, _ wanted: Any?, _ value: String?) {
            if wanted != nil { parts.append("\(key): \(value ?? "none")") }
        }
        add("numa_node", numaNode, region.numaNode.map { "\($0)" })
        add("iset_id", interleaveSetID, region.interleaveSetID.map { "0x\(String($0, radix: 16))" })
        let devices = region.mappings.map(\.dimm)
        let ids = devices.map { device in bus.dimms.first { $0.device == device }?.uniqueID ?? device }
        add("dimms", dimms, "[\(ids.joined(separator: ", "))]")
        add("type", type, "pmem")
        add("persistence_domain", persistenceDomain, region.persistenceDomain.rawValue)
        add("provider", provider, bus.provider)
        add("size", minimumSize, "\(region.size)")
        return parts
    }
}

extension RegionMatch: CustomStringConvertible {
    /// The conditions as a profile writes them.
    public var description: String {
        var parts: [String] = []
        if let region { parts.append("region: \(region)") }
        if let numaNode { parts.append("numa_node: \(numaNode)") }
        if let interleaveSetID { parts.append("iset_id: 0x\(String(interleaveSetID, radix: 16))") }
        if let dimms { parts.append("dimms: [\(dimms.joined(separator: ", "))]") }
        if let type { parts.append("type: \(type)") }
        if let persistenceDomain { parts.append("persistence_domain: \(persistenceDomain.rawValue)") }
        if let provider { parts.append("provider: \(provider)") }
        if let minimumSize { parts.append("min_size: \(minimumSize)") }
        return "{\(parts.joined(separator: ", "))}"
    }
}
