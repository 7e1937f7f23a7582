package import ProvisionCore

extension KernelHost {
    /// Looks whether the raw namespace that spans a label-less region holds something; nil where it is not active, has an
    /// info block, or may not be read.
    package func look(at device: String, _ places: KernelPlaces) throws(OperationError) -> ContentLook? {
        let region = try region(device, places)
        let live = region.state("namespace\(Sysfs.number(device)).0")
        guard live.isActive, live.claim == nil, let disk = region.disk(of: live),
            let namespace = region.reader.namespace(live.device, in: region.directory)
        else { return nil }
        return try ContentProbe.look(disk, size: namespace.rawSize, places)
    }

    /// Looks at the label areas that a plan writes to. As another user than root nothing is found: labels are not to be
    /// read, and nothing can be applied.
    package func findLabels(_ query: UseQuery, _ findings: inout UseReport) throws(OperationError) {
        let relabelled = Set(query.relabelled.map(\.region))
        let initialized = Set(query.initializedRegions)
        guard !relabelled.isEmpty || !initialized.isEmpty else { return }
        do throws(OperationError) {
            let context = try NdctlContext()
            try context.forEachBus { bus throws(OperationError) in
                try bus.forEachRegion { region throws(OperationError) in
                    let device = region.device
                    if initialized.contains(device) { try findStrayLabels(region, &findings) }
                    guard relabelled.contains(device) else { return }
                    try region.forEachDimm { dimm throws(OperationError) in
                        guard dimm.hasLabelArea else { return }
                        for label in try dimm.readLabels() where !label.losses.isEmpty {
                            findings.labelLosses[label.uuid] = label.losses
                        }
                    }
                }
            }
        } catch {
            guard error.kind != .notPermitted else { return }
            throw error
        }
    }

    private func findStrayLabels(
        _ region: borrowing NdctlRegion, _ findings: inout UseReport
    ) throws(OperationError) {
        let device = region.device
        var found: [StrayLabels] = []
        try region.forEachDimm { dimm throws(OperationError) in
            guard dimm.hasLabelArea else { return }
            let area = try dimm.readLabelIndex()
            guard LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes) == nil else { return }
            let labels = NamespaceLabel.stray(in: try dimm.readLabelArea { $0 }.bytes)
            if !labels.isEmpty { found.append(StrayLabels(region: device, dimm: dimm.device, labels)) }
        }
        findings.strayLabels += found
    }
}
