/// What media errors keep the kernel from doing: known before the first step, so that none is taken.
package struct MediaErrorObstacles {
    /// The region.
    package let region: Region

    /// A value of these parts.
    package init(region: Region) {
        self.region = region
    }

    /// Why a step would fail; nil where errors are no reason to.
    package func refusal(_ step: Step, _ address: String) -> Refusal? {
        if let made = step.madeLayout { return obstacle(to: made.layout, at: made.resource, address) }
        guard step.kind.effects.contains(.bringsOnline), let target = step.target else { return nil }
        return obstacle(toEnabling: target, address)
    }

    private var errors: [Extent] { region.badBlocks.map(\.bytes) }

    /// An info block of fsdax or devdax is not written over an error ("No such device or address"); that of sector mode is.
    private func obstacle(to layout: Layout, at resource: UInt64?, _ address: String) -> Refusal? {
        guard layout.mode.isDirectAccess, let offset = region.offset(of: resource) else { return nil }
        let place = Extent(offset: offset, length: layout.rawSize)
        let infoBlock = Extent(offset: place.offset, length: NamespaceGeometry.infoBlockReserve)
        if let error = errors.compactMap({ $0.overlap(infoBlock) }).first {
            return Refusal(
                .mediaErrors, address,
                "a media error lies where its info block goes (\(error.length) at \(error.offset - place.offset)), and the kernel cannot "
                    + "write it there",
                advice: clearing(error))
        }
        let data = layout.dataRange(at: resource).offset
        guard layout.map == .dev, place.isKeptFromEnabling(by: errors, dataOffset: data) else { return nil }
        return refusal(address, upTo: data)
    }

    private func obstacle(toEnabling target: NamespaceTarget, _ address: String) -> Refusal? {
        guard let namespace = region.namespaces.first(where: { $0.device == target.device }),
            namespace.isKeptFromEnabling(by: errors, in: region)
        else { return nil }
        return refusal(address, upTo: namespace.dataRange.offset)
    }

    private func refusal(_ address: String, upTo data: ByteCount) -> Refusal? {
        let reserve = NamespaceGeometry.infoBlockReserve
        let checked = Extent(offset: reserve, length: data - reserve)
        guard let error = errors.compactMap({ $0.overlap(checked) }).first else { return nil }
        return Refusal(
            .mediaErrors, address,
            "a media error at the start of the region (\(error.length) at \(error.offset)) keeps the kernel from enabling it: the kernel "
                + "takes it for one in the page map of any namespace",
            advice: clearing(error) + ", or keep the page map in memory (map: mem)")
    }

    /// The command that clears an error.
    private func clearing(_ error: Extent) -> String {
        let owner = region.namespaces.first { namespace in
            region.extent(of: namespace)?.overlaps(error) ?? false
        }
        let name = owner.map { " \(ShellText.quoted($0.displayName))" } ?? ""
        let start = (region.resource ?? 0) + error.offset.bytes
        return
            "clear it first: daxprov errors clear\(name) --range \(Hexadecimal.number(start))+\(error.length.bytes)"
    }
}
