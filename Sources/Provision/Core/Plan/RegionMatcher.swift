/// Finds the regions that the blocks of a profile are for.
package enum RegionMatcher {
    /// A block with one of the regions that it applies to.
    package struct Assignment {
        package var block: RegionBlock
        package var region: Region
        package var bus: Bus
    }

    /// Pairs every block with its regions, in the order of the profile; what cannot be paired becomes a refusal.
    ///
    /// A block for one region goes before a block with `each: true`, wherever they stand in the profile: the latter has
    /// the regions that are left (docs/decisions/0019).
    package static func assign(_ blocks: [RegionBlock], on observed: Observed) -> ([Assignment], [Refusal]) {
        var assignments: [Assignment] = []
        var refusals: [Refusal] = []
        let matches = blocks.map { candidates(for: $0, on: observed) }
        let single = zip(blocks, matches).filter { !$0.appliesToEach && $1.count == 1 }
        let owned = Set(single.flatMap { $1.map(\.region.device) })
        for (block, matching) in zip(blocks, matches) {
            if let refusal = refusal(for: block, found: matching, on: observed) {
                refusals.append(refusal)
                continue
            }
            let found =
                block.appliesToEach ? matching.filter { !owned.contains($0.region.device) } : matching
            if found.isEmpty { refusals.append(nothingLeft(for: block, of: matching)) }
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
                advice: observed.buses.filter(\.regions.isEmpty).compactMap(\.wayToRegions).first
                    .map { "make one first: \($0)" }
                    ?? "compare the conditions with the output of daxprov inventory")
        }
        if found.count > 1, !block.appliesToEach {
            let names = found.map(\.region.device).joined(separator: ", ")
            return Refusal(
                .ambiguousRegion, "regions", at: block.position,
                "\(found.count) regions match \(block.match): \(names)",
                advice: "narrow the match (\(distinction(of: found))), or say each: true")
        }
        return nil
    }

    /// What tells regions apart. Those of some drivers (ramdax) share one set cookie, and have DIMMs without identities.
    private static func distinction(of found: [Assignment]) -> String {
        func tells(_ values: [String?]) -> Bool {
            !values.contains(nil) && Set(values).count == values.count
        }
        let cookies = found.map { $0.region.interleaveSetID.map { "\($0)" } }
        let dimms = found.map { assignment -> String? in
            assignment.bus.dimmIDs(of: assignment.region)?.joined(separator: " ")
        }
        switch (tells(cookies), tells(dimms)) {
        case (true, true): return "iset_id and dimms are stable across reboots"
        case (true, false): return "iset_id is stable across reboots"
        case (false, true): return "dimms are stable across reboots"
        case (false, false):
            return "region tells them apart, and nothing that they have is stable across reboots"
        }
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

    /// The refusal of a block with `each: true` whose regions all have a block of their own.
    private static func nothingLeft(for block: RegionBlock, of matching: [Assignment]) -> Refusal {
        let names = matching.map(\.region.device).joined(separator: ", ")
        return Refusal(
            .noMatchingRegion, "regions", at: block.position,
            "every region that matches \(block.match) has a block of its own: \(names)",
            advice: "leave this block out, or widen its match")
    }

    private static func claimedTwice(_ assignment: Assignment) -> Refusal {
        Refusal(
            .regionClaimedTwice, assignment.region.device, at: assignment.block.position,
            "an earlier block of the profile already matches \(assignment.region.device)",
            advice: "let every region be matched by one block only, or by one with and one without each: true"
        )
    }
}

extension RegionMatch {
    /// Whether the region on this bus meets every condition.
    package func matches(_ candidate: Region, on bus: Bus) -> Bool {
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
            && (dimms.map { Self.mean($0, the: candidate, on: bus) } ?? true)
    }

    /// Whether the words name exactly the region's DIMMs, each once: by unique id, whose hexadecimal digits ndctl prints
    /// in lower case and ipmctl in upper case, or by kernel name.
    private static func mean(_ words: [String], the region: Region, on bus: Bus) -> Bool {
        let words = Set(words.map { $0.lowercased() })
        let dimms = region.mappings.map(\.dimm).map { device in
            words.intersection([device, bus.uniqueID(of: device)?.lowercased()].compactMap(\.self))
        }
        return dimms.count == words.count && dimms.allSatisfy { $0.count == 1 }
            && Set(dimms.flatMap(\.self)) == words
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
        add("iset_id", interleaveSetID, region.interleaveSetID.map { "\(Hexadecimal.number($0))" })
        let devices = region.mappings.map(\.dimm)
        let ids = devices.map { bus.uniqueID(of: $0) ?? $0 }
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
        if let interleaveSetID { parts.append("iset_id: \(Hexadecimal.number(interleaveSetID))") }
        if let dimms { parts.append("dimms: [\(dimms.joined(separator: ", "))]") }
        if let type { parts.append("type: \(type)") }
        if let persistenceDomain { parts.append("persistence_domain: \(persistenceDomain.rawValue)") }
        if let provider { parts.append("provider: \(provider)") }
        if let minimumSize { parts.append("min_size: \(minimumSize)") }
        return "{\(parts.joined(separator: ", "))}"
    }
}
