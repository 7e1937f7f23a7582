public import ProvisionCore

extension KernelHost {
    /// See ``RestoringHost/labelImages(of:)``.
    public func labelImages(of region: String) throws(OperationError) -> [LabelAreaImage] {
        try labelAreas(of: region, places).images()
    }

    /// See ``RestoringHost/labelsDisagree(in:)``.
    public func labelsDisagree(in region: String) throws(OperationError) -> Bool {
        try labelAreas(of: region, places).disagree()
    }

    /// See ``RestoringHost/restoreLabels(_:of:replacing:)``.
    public func restoreLabels(
        _ images: [LabelAreaImage], of region: String, replacing own: Set<UUID>
    ) throws(OperationError) {
        regions = [:]
        try labelAreas(of: region, places).restore(images, replacing: own)
    }

    /// See ``RestoringHost/enableRegion(_:)``.
    public func enableRegion(_ region: String) throws(OperationError) {
        regions[region] = nil
        try labelAreas(of: region, places).enableRegion()
    }

    /// The label areas of the DIMMs of the region with this kernel name.
    package func labelAreas(of region: String, _ places: KernelPlaces) -> KernelLabelAreas {
        KernelLabelAreas(region: region, memdevIDs: memdevIDs, places: places)
    }
}
