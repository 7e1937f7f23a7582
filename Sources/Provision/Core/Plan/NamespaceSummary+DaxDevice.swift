extension NamespaceSummary {
    /// What there is to say of a device of a dynamic region.
    package init(_ device: DaxRegion.Device, name: String? = nil) {
        let ranges = device.mappings?.map(\.range)
        self.init(
            name: name ?? device.recordedName ?? device.name, mode: .devdax, rawSize: device.size,
            align: device.align,
            resource: ranges?.first?.lowerBound, isActive: device.driver != nil,
            device: device.holder.deviation == nil ? nil : device.holder, rights: device.rights)
        mappings = ranges
    }

    /// What there is to say of a device that is to be.
    package init(_ layout: DeviceLayout, name: String) {
        self.init(
            name: name, mode: .devdax, rawSize: layout.size, align: layout.align,
            resource: layout.ranges.first?.lowerBound, isActive: layout.use != nil,
            device: layout.use.flatMap { $0 == .devdax ? nil : DaxDevice(usedAs: $0) }, rights: layout.rights)
        mappings = layout.ranges
    }
}
