import SystemPackage
package import ProvisionCore

extension KernelHost {
    /// A DIMM and its label area.
    package func observe(
        _ dimm: borrowing NdctlDimm, _ places: KernelPlaces
    ) throws(OperationError) -> Dimm {
        try Self.requireWhole(dimm, places)
        let device = dimm.device
        let directory = try places.nvdimmDevice(device)
        let (area, isUnread) = labelArea(of: dimm, directory)
        return Dimm(
            device: device, uniqueID: dimm.uniqueID, handle: dimm.handle, physicalID: dimm.physicalID,
            isEnabled: directory.exists("driver"), flags: dimm.flags, security: dimm.security,
            isSecurityFrozen: dimm.isSecurityFrozen, labelArea: area,
            isLabelAreaUnread: isUnread)
    }

    /// The label area; nil where the DIMM has none, or where it could not be read: only root may ask it. The size and the
    /// index come from the DIMM by ioctl, the count of free labels from the kernel's copy.
    private func labelArea(
        of dimm: borrowing NdctlDimm, _ directory: borrowing SysfsDirectory
    ) -> (area: LabelArea?, isUnread: Bool) {
        guard dimm.hasLabelArea else { return (nil, false) }
        guard let area = try? dimm.readLabelIndex() else { return (nil, true) }
        guard area.areaSize > 0 else { return (nil, false) }
        let index = LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes)
        let free = index == nil ? nil : directory.number("available_slots").map(Int.init(clamping:))
        let found = LabelArea(
            size: ByteCount(UInt64(area.areaSize)), version: index?.version, slots: index?.slots,
            availableSlots: free)
        return (found, false)
    }

    /// A region and its namespaces.
    package func observe(
        _ region: borrowing NdctlRegion, _ places: KernelPlaces
    ) throws(OperationError) -> Region {
        let device = region.device
        let directory = try places.nvdimmDevice(device)
        let labelling = region.labelling
        let isLabelled = labelling == .labelled
        var observed = Region(
            device: device, size: region.size, align: SysfsRegionReader.align(directory),
            availableSize: isLabelled ? SysfsRegionReader.availableSize(directory) ?? .zero : .zero,
            maxAvailableExtent: isLabelled ? SysfsRegionReader.maxAvailableExtent(directory) : .zero,
            resource: SysfsRegionReader.resource(directory), interleaveSetID: region.interleaveSetID,
            numaNode: SysfsRegionReader.numaNode(directory),
            targetNode: SysfsRegionReader.targetNode(directory),
            persistenceDomain: SysfsRegionReader.persistenceDomain(directory), mappings: region.mappings,
            isEnabled: directory.exists("driver"), isReadOnly: region.isReadOnly, labelling: labelling)
        guard observed.isEnabled else { return observed }
        observed.badBlocks = SysfsRegionReader.badBlocks(directory)
        if let start = observed.resource {
            for index in observed.badBlocks.indices {
                let range = observed.badBlocks[index].bytes
                observed.badBlocks[index].dimms = region.dimms(
                    at: start + range.offset.bytes, length: range.length)
            }
        }
        observed.capabilities = capabilities(directory)
        observed.namespaceSeed = directory.text("namespace_seed")
        let facts = RegionFacts(observed, DeviceRulesFile(places.rules).rules)
        regions[device] = facts
        observed.namespaces = namespaces(
            of: facts, directory, mayGetLabels: observed.labelling == .labelLess && !observed.mappings.isEmpty
        )
        return observed
    }

    private func namespaces(
        of facts: RegionFacts, _ directory: borrowing SysfsDirectory, mayGetLabels: Bool
    ) -> [Namespace] {
        let reader = SysfsNamespaceReader(region: facts)
        let devices = directory.entries().filter { $0.hasPrefix("namespace") && $0.last?.isNumber == true }
        let sorted = devices.map { (number: Sysfs.number($0), device: $0) }.sorted { $0.number < $1.number }
        var namespaces: [Namespace] = []
        for (_, device) in sorted {
            guard var namespace = reader.namespace(device, in: directory) else { continue }
            namespace.hasContent = mayGetLabels ? content(of: namespace, directory.places) : nil
            namespaces.append(namespace)
        }
        return namespaces
    }

    /// Whether a raw namespace holds something that label indexes would hide.
    private func content(of namespace: Namespace, _ places: KernelPlaces) -> Bool? {
        namespace.mode == .raw ? namespace.blockDevice.flatMap { ContentProbe.hasContent($0, places) } : nil
    }

    /// The modes that the region offers, as `ndctl list -v` finds them: from its seeds. Label-less regions, and
    /// regions whose module for a mode is not loaded, have seeds as well.
    private func capabilities(_ directory: borrowing SysfsDirectory) -> [ModeCapability] {
        var capabilities: [ModeCapability] = []
        if let btt = directory.text("btt_seed"), let sizes = directory.text("\(btt)/sector_size") {
            capabilities.append(
                ModeCapability(
                    mode: .sector, sectorSizes: SysfsText.numbers(sizes).map { UInt32(clamping: $0) }))
        }
        for (mode, attribute) in [(NamespaceMode.fsdax, "pfn_seed"), (.devdax, "dax_seed")] {
            guard let seed = directory.text(attribute),
                let alignments = directory.text("\(seed)/supported_alignments")
            else { continue }
            capabilities.append(
                ModeCapability(mode: mode, alignments: SysfsText.numbers(alignments).map(ByteCount.init)))
        }
        return capabilities
    }
}
