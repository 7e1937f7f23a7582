package import ProvisionCore

/// The label areas of the DIMMs of one region, with the sequences that write them. libndctl makes the ioctls: only the kernel itself answers
/// those.
package struct KernelLabelAreas {
    /// The kernel's name of the region.
    let region: String
    /// The serials of CXL memory devices, by the kernel names of the DIMMs that do not show them.
    let memdevIDs: [String: String]
    let places: KernelPlaces

    /// What is to be saved of them. Of each label area the index blocks are read, and the slots up to the last
    /// that is in use; all up to the last byte other than zero where no index is valid.
    package func images() throws(OperationError) -> [LabelAreaImage] {
        var images: [LabelAreaImage] = []
        try withRegion { found, _, places throws(OperationError) in
            try found.forEachDimm { dimm throws(OperationError) in
                try KernelHost.requireWhole(dimm, places)
                if dimm.hasLabelArea { images.append(try image(of: dimm)) }
            }
        }
        return images
    }

    /// Whether they do not hold the same labels of the region. Other regions on the same DIMMs have theirs elsewhere.
    package func disagree() throws(OperationError) -> Bool {
        var areas: [[NamespaceLabel]] = []
        try withRegion { found, _, places throws(OperationError) in
            let mappings = found.mappings
            try found.forEachDimm { dimm throws(OperationError) in
                try KernelHost.requireWhole(dimm, places)
                let own = mappings.filter { $0.dimm == dimm.device }
                    .map { Extent(offset: $0.offset, length: $0.length) }
                areas.append(
                    try dimm.readLabels().filter { label in
                        own.contains { $0.offset <= label.offset && label.offset < $0.end }
                    })
            }
        }
        return NamespaceLabel.disagree(areas)
    }

    private func image(of dimm: borrowing NdctlDimm) throws(OperationError) -> LabelAreaImage {
        let index = try dimm.readLabelIndex()
        var bytes = index.bytes
        if let slots = LabelIndex.usedSlots(areaSize: index.areaSize, bytes: bytes), slots.length > 0 {
            bytes = try dimm.readLabelArea { min(slots.offset + slots.length, $0) }.bytes
        } else if LabelIndex.read(areaSize: index.areaSize, bytes: bytes) == nil {
            let all = try dimm.readLabelArea { $0 }.bytes
            bytes = Array(all[..<max(bytes.count, LabelAreaImage.length(of: all))])
        }
        return LabelAreaImage(dimm: lastingName(of: dimm), bytes: bytes)
    }

    /// What a DIMM is known by over a boot: its identity, that of the CXL memory device that it is, or where there is neither the
    /// kernel's name.
    func lastingName(of dimm: borrowing NdctlDimm) -> String {
        dimm.uniqueID ?? memdevIDs[dimm.device] ?? dimm.device
    }

    /// What has to be written for a DIMM's area to be as an image says. Where the image has no valid index, nothing was
    /// in use, and whatever labels are there now were written since: they are wiped, since without an index nobody could
    /// tell them from labels whose index was lost.
    static func restored(
        _ image: LabelAreaImage, on dimm: borrowing NdctlDimm
    ) throws(OperationError) -> [UInt8] {
        let areaSize = try dimm.readLabelIndex().areaSize
        guard LabelIndex.read(areaSize: areaSize, bytes: image.bytes) == nil else { return image.bytes }
        let now = LabelAreaImage.length(of: try dimm.readLabelArea { $0 }.bytes)
        return image.bytes + [UInt8](repeating: 0, count: max(now - image.bytes.count, 0))
    }

    /// Enables the region, which reads them. The driver stays unbound where a label is missing on one of the DIMMs
    /// (drivers/nvdimm/namespace_devs.c, `create_namespace_pmem`).
    package func enableRegion() throws(OperationError) {
        try withRegion { found, bus, places throws(OperationError) in
            try found.enable(counting: places.stores)
            bus.waitForProbe()
        }
    }

    /// Lends the region by a new context, with its bus: nothing of either is missing.
    func withRegion(
        _ body: (borrowing NdctlRegion, borrowing NdctlBus, KernelPlaces) throws(OperationError) -> Void
    ) throws(OperationError) {
        let context = try NdctlContext()
        var isThere = false
        try places.checking { places throws(OperationError) in
            try context.forEachBus { bus throws(OperationError) in
                try KernelHost.requireAll(of: bus, places)
                try bus.forEachRegion { found throws(OperationError) in
                    guard found.device == region else { return }
                    isThere = true
                    try body(found, bus, places)
                }
            }
        }
        guard isThere else {
            throw OperationError(
                .changed, while: "work on its labels", device: region, reason: "there is no such region",
                advice: "another tool changed the host: plan again")
        }
    }
}

extension LabelAreaImage {
    /// The number of an area's bytes up to the last one that is not zero.
    fileprivate static func length(of area: [UInt8]) -> Int {
        area.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    }
}
