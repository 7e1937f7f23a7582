extension KernelHost {
    /// See ``RestoringHost/labelImages(of:)``. Of each label area the index blocks are read, and the slots up to the last
    /// that is in use.
    public func labelImages(of region: String) throws(HostError) -> [LabelAreaImage] {
        var images: [LabelAreaImage] = []
        try withRegion(region) { found, _ throws(HostError) in
            try found.forEachDimm { dimm throws(HostError) in
                try Self.requireWhole(dimm)
                if dimm.hasLabelArea { images.append(try Self.image(of: dimm)) }
            }
        }
        return images
    }

    private static func image(of dimm: borrowing NdctlDimm) throws(HostError) -> LabelAreaImage {
        let index = try dimm.readLabelIndex()
        var bytes = index.bytes
        if let slots = LabelIndex.usedSlots(areaSize: index.areaSize, bytes: bytes), slots.length > 0 {
            bytes = try dimm.readLabelArea { min(slots.offset + slots.length, $0) }.bytes
        }
        return LabelAreaImage(dimm: dimm.uniqueID ?? dimm.device, bytes: bytes)
    }

    /// See ``RestoringHost/enableRegion(_:)``. The driver stays unbound where a label is missing on one of the DIMMs
    /// (drivers/nvdimm/namespace_devs.c, `create_namespace_pmem`).
    public func enableRegion(_ region: String) throws(HostError) {
        regions[region] = nil
        try withRegion(region) { found, bus throws(HostError) in
            try found.enable()
            bus.waitForProbe()
        }
    }

    /// Lends a region of a new context, with its bus: nothing of either is missing.
    func withRegion(
        _ device: String,
        _ body: (borrowing NdctlRegion, borrowing NdctlBus) throws(HostError) -> Void
    ) throws(HostError) {
        let context = try NdctlContext()
        var isThere = false
        try ReadFailures.checking { () throws(HostError) in
            try context.forEachBus { bus throws(HostError) in
                try Self.requireAll(of: bus)
                try bus.forEachRegion { region throws(HostError) in
                    guard region.device == device else { return }
                    isThere = true
                    try body(region, bus)
                }
            }
        }
        guard isThere else {
            throw HostError(
                .changed, while: "work on its labels", device: device, reason: "there is no such region",
                advice: "another tool changed the host: plan again")
        }
    }
}
