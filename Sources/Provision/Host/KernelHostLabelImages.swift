extension KernelHost {
    /// See ``RestoringHost/labelImages(of:)``. Of each label area the index blocks are read, and the slots up to the last
    /// that is in use.
    public func labelImages(of region: String) throws(HostError) -> [LabelAreaImage] {
        var images: [LabelAreaImage] = []
        try withRegion(region) { found, _ throws(HostError) in
            try found.forEachDimm { dimm throws(HostError) in
                if dimm.hasLabelArea { images.append(try Self.image(of: dimm)) }
            }
        }
        return images
    }

    private static func image(of dimm: borrowing NdctlDimm) throws(HostError) -> LabelAreaImage {
        let area = try dimm.readLabelIndex()
        var pieces: [LabelAreaImage.Piece] = []
        if let index = LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes), let last = index.used.last
        {
            let first = UInt32(index.place(ofSlot: 0).offset)
            let end = index.place(ofSlot: last)
            let length = UInt32(end.offset + end.length) - first
            pieces.append(.init(offset: first, bytes: try dimm.readLabelArea(first, length)))
        }
        pieces.append(.init(offset: 0, bytes: area.bytes))
        return LabelAreaImage(dimm: dimm.uniqueID ?? dimm.device, pieces: pieces)
    }

    /// See ``RestoringHost/restoreLabels(_:of:)``.
    ///
    /// The kernel reads labels when a DIMM is enabled, and refuses their writing while a region that uses it is enabled:
    /// so region and DIMMs go offline first. A region that once had labels keeps its type until the driver is loaded
    /// anew (drivers/nvdimm/dimm.c, the flag `NDD_LABELING`): one whose labels were initialised shows no namespace until
    /// the next boot.
    public func restoreLabels(_ images: [LabelAreaImage], of region: String) throws(HostError) {
        regions[region] = nil
        try withRegion(region) { found, bus throws(HostError) in
            let use = try UseGuards(region: region)
            try found.disable()
            var failure: HostError?
            do throws(HostError) {
                try found.forEachDimm { dimm throws(HostError) in
                    let name = dimm.uniqueID ?? dimm.device
                    guard let image = images.first(where: { $0.dimm == name }) else { return }
                    for piece in image.pieces { try dimm.writeLabelArea(piece.offset, piece.bytes) }
                    try dimm.disable()
                    try dimm.enable()
                }
            } catch {
                failure = error
            }
            do throws(HostError) { try found.enable() } catch { failure = failure ?? error }
            extendLifetime(use)
            bus.waitForProbe()
            if let failure { throw failure }
        }
    }

    private func withRegion(
        _ device: String,
        _ body: (borrowing NdctlRegion, borrowing NdctlBus) throws(HostError) -> Void
    ) throws(HostError) {
        let context = try NdctlContext()
        var isThere = false
        try context.forEachBus { bus throws(HostError) in
            try bus.forEachRegion { region throws(HostError) in
                guard region.device == device else { return }
                isThere = true
                try body(region, bus)
            }
        }
        guard isThere else {
            throw HostError(
                .changed, while: "work on its labels", device: device, reason: "there is no such region")
        }
    }
}

/// The proof that nobody uses any namespace of a region, held as ``UseGuard`` holds it.
private struct UseGuards: ~Copyable {
    private final class Held {
        let use: UseGuard

        init(_ use: consuming UseGuard) { self.use = use }
    }

    private var held: [Held] = []

    init(region device: String) throws(HostError) {
        guard try KernelHost.open(device).exists("driver") else { return }
        let region = try KernelRegion.open(device, knownFacts: nil)
        for namespace in region.namespaceDevices {
            let live = region.state(namespace)
            if live.isActive { held.append(Held(try UseGuard.unused(live, in: region))) }
        }
    }

    deinit {}
}
