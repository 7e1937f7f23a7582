package import ProvisionCore

extension KernelLabelAreas {
    /// Writes what was saved of them back, unless somebody else changed a label since.
    ///
    /// The kernel reads labels when a DIMM is enabled, and refuses their writing while a region that uses it is enabled:
    /// so DIMMs and all regions on them go offline first, unless somebody uses one. A region that once had labels keeps
    /// its type until the driver is loaded anew (drivers/nvdimm/dimm.c, the flag `NDD_LABELING`): one whose labels were
    /// initialised shows no namespace until the next boot.
    /// - Parameter own: the labels whose changes are to be reverted.
    package func restore(
        _ images: [LabelAreaImage], replacing own: Set<UUID>
    ) throws(OperationError) {
        try withRegion { found, bus, places throws(OperationError) in
            try found.forEachDimm { dimm throws(OperationError) in
                guard let image = try image(for: dimm, in: images, places) else { return }
                try Self.requireNothingElse(than: image, own, on: dimm)
            }
            let affected = Self.enabledRegions(sharing: found, on: bus, places)
            let unused = try RegionGuards(regions: affected, places)
            var failure: OperationError?
            do throws(OperationError) {
                try bus.forEachRegion { other throws(OperationError) in
                    if affected.contains(other.device) { try other.disable(counting: places.stores) }
                }
                try found.forEachDimm { dimm throws(OperationError) in
                    guard let image = try image(for: dimm, in: images, places) else { return }
                    try dimm.writeLabelArea(
                        try Self.restored(image, on: dimm), counting: places.stores)
                    try dimm.disable(counting: places.stores)
                    try dimm.enable(counting: places.stores)
                }
            } catch {
                failure = error
            }
            bus.forEachRegion { other in
                guard affected.contains(other.device) || other.device == region else { return }
                do throws(OperationError) {
                    try other.enable(counting: places.stores)
                } catch {
                    failure = failure ?? error
                }
            }
            extendLifetime(unused)
            bus.waitForProbe()
            if let failure { throw failure }
        }
    }

    /// What was saved of a DIMM; nil where it has no label area.
    private func image(
        for dimm: borrowing NdctlDimm, in images: [LabelAreaImage], _ places: KernelPlaces
    ) throws(OperationError) -> LabelAreaImage? {
        try KernelHost.requireWhole(dimm, places)
        guard dimm.hasLabelArea else { return nil }
        let name = lastingName(of: dimm)
        if let image = images.first(where: { $0.dimm == name }) { return image }
        throw OperationError(
            .changed, while: "write the old labels", device: dimm.device,
            reason: "of the DIMM \(name) none were saved", advice: "was a DIMM exchanged?")
    }

    /// The image takes the place of everything on the DIMM: what somebody else changed since would be lost.
    private static func requireNothingElse(
        than image: LabelAreaImage, _ own: Set<UUID>, on dimm: borrowing NdctlDimm
    ) throws(OperationError) {
        let size = try dimm.readLabelIndex().areaSize
        let changes = LabelChange.changes(from: image.labels(areaSize: size), to: try dimm.readLabels())
            .filter { !own.contains($0.label) }
        guard !changes.isEmpty else { return }
        throw OperationError(
            .changed, while: "write the old labels", device: dimm.device,
            reason: "that would revert what somebody did since: "
                + Set(changes.map(\.description)).sorted().joined(separator: ", "),
            advice: "destroy what was created and is not needed, or give the transaction up: "
                + "daxprov recover --abandon")
    }

    /// The enabled regions that use a DIMM of this one, itself included.
    private static func enabledRegions(
        sharing region: borrowing NdctlRegion, on bus: borrowing NdctlBus, _ places: KernelPlaces
    ) -> Set<String> {
        let dimms = Set(region.mappings.map(\.dimm))
        var devices: Set<String> = []
        bus.forEachRegion { other in
            let isShared = other.mappings.contains { dimms.contains($0.dimm) }
            if isShared, (try? places.nvdimmDevice(other.device).exists("driver")) == true {
                devices.insert(other.device)
            }
        }
        return devices
    }
}

extension LabelAreaImage {
    /// The labels that the image has in use, of a label area of that size.
    fileprivate func labels(areaSize: UInt32) -> [NamespaceLabel] {
        LabelIndex.read(areaSize: areaSize, bytes: bytes).map { NamespaceLabel.labels($0, in: bytes) } ?? []
    }
}
