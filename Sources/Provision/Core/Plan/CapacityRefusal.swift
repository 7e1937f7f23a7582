/// Says why a namespace finds no place: in terms of the profile's lines, the region's extents and what would fit.
package struct CapacityRefusal {
    /// The region that has no place for it.
    package let region: Region
    /// Turns the sizes of the profile into raw capacities of this region.
    package let sizing: Sizing
    /// What the profile declares for the region.
    package let entries: [RegionEntry]
    /// The namespaces that the profile does not name and that stay.
    package let kept: [Namespace]

    /// How many namespaces or extents are named one by one.
    private static let most = 6

    /// The refusal for the request that found no place: with sizes that would fit, or with the free extents.
    package func refusal(for failure: Solver.Unplaced) -> Refusal {
        let entry = entries[failure.request.declaration]
        func refuse(_ code: Refusal.Code, _ message: String) -> Refusal {
            Refusal(
                code, entry.address, at: entry.declaration.position, message,
                advice: advice(for: failure, code))
        }
        guard let needed = failure.needed else {
            return refuse(.noCapacity, "no namespace leaves that much in \(region.device)")
        }
        let available = failure.space.available
        let what =
            failure.request.isShare ? "its share of the rest needs at least \(needed)" : "it needs \(needed)"
        guard available >= needed, !failure.request.isShare else {
            return refuse(
                .noCapacity,
                "\(what), and \(region.device) has \(available) free\(beside(failure))")
        }
        let gaps = failure.space.gaps
        return refuse(
            .noExtent,
            "\(what) in one extent; \(region.device) has \(available) free\(beside(failure)), "
                + "in \(gaps.count) extents: \(list(gaps.map(describe)))")
    }

    private func advice(for failure: Solver.Unplaced, _ code: Refusal.Code) -> String {
        let join = "destroy or replace a namespace between the extents to join them"
        guard !failure.request.isShare, let nearest = nearest(to: failure) else {
            let others = kept.isEmpty ? "" : ", or destroy a namespace that the profile does not name"
            return code == .noExtent ? join : "make the other sizes of \(region.device) smaller\(others)"
        }
        return code == .noExtent ? "\(nearest); or \(join)" : nearest
    }

    /// The largest that would fit, in the words of the declaration.
    private func nearest(to failure: Solver.Unplaced) -> String? {
        let request = failure.request
        let minimum = sizing.minimum(for: request.layout, unit: request.unit)
        let sizes = failure.space.gaps.indices.map { index -> (raw: ByteCount, usable: ByteCount) in
            let raw = failure.space.gaps[index].length.roundedDown(to: request.unit)
            guard raw >= minimum else { return (.zero, .zero) }
            let offset = failure.space.start(ofGap: index)
            return (raw, sizing.usableSize(of: request.layout, rawSize: raw, offset: offset) ?? .zero)
        }
        guard let best = sizes.max(by: { $0 < $1 }), best.usable > .zero else {
            return nil
        }
        if case .usable = request.need { return "the largest usable_size that fits is \(best.usable)" }
        return "the largest size that fits is \(best.raw)"
    }

    /// " beside wal (line 5) and 2 namespaces that the profile does not name".
    private func beside(_ failure: Solver.Unplaced) -> String {
        var others = entries.filter { !failure.waiting.contains($0.index) }
            .map { "\($0.declaration.displayName) (line \($0.declaration.position.line))" }
        if others.count > Self.most {
            others = others.prefix(Self.most) + ["\(others.count - Self.most) more"]
        }
        if !kept.isEmpty {
            others.append(
                "\(kept.count) namespace\(kept.count == 1 ? "" : "s") that the profile does not name")
        }
        if !region.uninstantiated.isEmpty {
            let labels = region.uninstantiated.map(\.displayName)
            others.append("labels without a namespace (\(list(labels)))")
        }
        return others.isEmpty ? "" : " beside \(others.joined(separator: ", "))"
    }

    private func list(_ items: [String]) -> String {
        let more = items.count > Self.most ? ["and \(items.count - Self.most) more"] : []
        return (items.prefix(Self.most) + more).joined(separator: ", ")
    }

    private func describe(_ gap: Extent) -> String {
        guard let start = region.resource else { return "\(gap.length) at offset \(gap.offset)" }
        return "\(gap.length) at \(Hexadecimal.number(start + gap.offset.bytes))"
    }
}
