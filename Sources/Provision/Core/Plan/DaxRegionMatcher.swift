/// Finds the dynamic dax regions that the blocks of a profile are for.
package enum DaxRegionMatcher {
    /// A block with its region.
    package struct Assignment {
        package var block: DaxRegionBlock
        package var region: DaxRegion
    }

    /// Pairs every block with its region, in the order of the profile; what cannot be paired becomes a refusal.
    package static func assign(
        _ blocks: [DaxRegionBlock], on observed: Observed
    ) -> ([Assignment], [Refusal]) {
        var assignments: [Assignment] = []
        var refusals: [Refusal] = []
        for block in blocks {
            let found = observed.daxRegions.filter { block.match.matches($0) }
            guard found.count == 1 else {
                refusals.append(refusal(for: block, found: found, on: observed))
                continue
            }
            if assignments.contains(where: { $0.region.path == found[0].path }) {
                refusals.append(
                    Refusal(
                        .regionClaimedTwice, found[0].name, at: block.position,
                        "another item of devices: is for \(found[0].name) as well",
                        advice: "declare all devices of a region in one item"))
            } else {
                assignments.append(Assignment(block: block, region: found[0]))
            }
        }
        return (assignments, refusals)
    }

    private static func refusal(
        for block: DaxRegionBlock, found: [DaxRegion], on observed: Observed
    ) -> Refusal {
        let dynamic = observed.daxRegions.filter { $0.kind == .dynamic }
        guard found.isEmpty else {
            return Refusal(
                .ambiguousRegion, "devices", at: block.position,
                "\(found.map(\.name).joined(separator: ", ")) meet \(block.match)",
                advice: "match one of them: start: is a region's first address, and does not change")
        }
        let known = dynamic.map { region in
            "\(region.name)" + (region.identity.map { " (\($0))" } ?? " (its start is not known: not root)")
        }
        return Refusal(
            .noMatchingRegion, "devices", at: block.position,
            "no dynamic dax region meets \(block.match)",
            advice: known.isEmpty
                ? "there is none: soft-reserved memory needs the driver dax_hmem, volatile CXL memory a region (cxl create-region -t ram)"
                : "there is \(known.joined(separator: ", "))")
    }
}
