/// Says why a namespace finds no place, in terms of the region's extents.
struct CapacityRefusal {
    let region: Region
    let entries: [RegionEntry]

    func refusal(for failure: Solver.Unplaced) -> Refusal {
        let entry = entries.first { $0.index == failure.declaration }
        let address = entry?.address ?? region.device
        let position = entry?.declaration.position
        let gaps = failure.map.gaps
        let largest = failure.map.largestGap?.length ?? .zero
        guard let needed = failure.needed else {
            return Refusal(
                .noCapacity, address, at: position,
                "nothing is left for this share of the rest: the largest free extent is \(largest)",
                advice: "make the fixed sizes of \(region.device) smaller")
        }
        let available = failure.map.available
        guard available >= needed else {
            return Refusal(
                .noCapacity, address, at: position,
                "it needs \(needed), and \(region.device) has \(available) free beside the others",
                advice: "the largest size that fits is \(largest)")
        }
        let extents = gaps.map(describe).joined(separator: ", ")
        return Refusal(
            .noExtent, address, at: position,
            "it needs one extent of \(needed); \(region.device) has \(available) free, "
                + "in \(gaps.count) extents: \(extents)",
            advice:
                "the largest size that fits is \(largest); destroy or replace a namespace between the extents "
                + "to join them")
    }

    private func describe(_ gap: Extent) -> String {
        guard let start = region.resource else { return "\(gap.length) at offset \(gap.offset)" }
        return "\(gap.length) at 0x\(String(start + gap.offset.bytes, radix: 16))"
    }
}
