import ProvisionCore

extension UndoScene {
    /// Whether nothing lies where the namespace was; false where what is to be removed does.
    func isFree(_ restoration: UndoPlan.Restoration) throws(OperationError) -> Bool {
        guard let region = regions[restoration.region], let place = region.extent(of: restoration.was) else {
            return false
        }
        let labels = Set(plan.removals.map(\.label))
        let over = region.namespaces.filter { region.extent(of: $0)?.overlaps(place) ?? false }
        let others = over.filter { $0.labelUUID.map { !labels.contains($0) } ?? true }
        guard let other = others.first else { return over.isEmpty }
        throw OperationError(
            .changed, while: "bring back \(restoration.was.displayName)", device: other.device,
            reason: "\(other.displayName) lies in its old place",
            advice: "see daxprov inventory; if that namespace is not needed, destroy it and run "
                + "daxprov recover again")
    }

    /// Takes the place of a namespace that is gone, under a UUID that the journal knows. Where earlier gaps would be used
    /// first, others fill them meanwhile.
    mutating func occupy(
        _ restoration: UndoPlan.Restoration, recording: inout Recording
    ) throws(OperationError) -> NamespaceTarget {
        let was = restoration.was
        guard let region = regions[restoration.region], let place = region.extent(of: was) else {
            throw OperationError(
                .unavailable, while: "bring back \(was.displayName)", device: restoration.region,
                reason: "where it lay is not known")
        }
        var fillers: [NamespaceTarget] = []
        for gap in ExtentMap(of: region)?.gaps ?? []
        where gap.offset < place.offset && gap.length >= place.length {
            let length = min(gap.end, place.offset) - gap.offset
            let filler = Extent(offset: gap.offset, length: length)
            fillers.append(try take(filler, of: restoration, recording: &recording))
        }
        let target = try take(place, of: restoration, recording: &recording)
        for filler in fillers.reversed() {
            guard let label = filler.labelUUID else { continue }
            try host.remove(label, from: filler.region)
            forget(label, in: filler.region)
        }
        return target
    }

    private mutating func take(
        _ place: Extent, of restoration: UndoPlan.Restoration, recording: inout Recording
    ) throws(OperationError) -> NamespaceTarget {
        var generator = SystemRandomNumberGenerator()
        let label = UUID.random(using: &generator)
        let start = regions[restoration.region]?.resource ?? 0
        let placement = Placement(
            region: restoration.region, layout: Layout(name: nil, mode: .raw, rawSize: place.length),
            resource: start + place.offset.bytes, usableSize: place.length)
        try recording.note(.placeholder(label, .offset(place.offset, region: restoration.oldRegion)))
        let target = try host.occupy(placement, as: label)
        regions[restoration.region]?.namespaces.append(
            Namespace(
                device: target.device, resource: placement.resource, rawSize: place.length, isActive: false,
                labelUUID: label))
        return target
    }

    mutating func forget(_ label: UUID, in region: String) {
        regions[region]?.namespaces.removeAll { $0.labelUUID == label }
    }
}
