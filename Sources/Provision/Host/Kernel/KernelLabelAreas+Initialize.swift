package import ProvisionCore

extension KernelLabelAreas {
    /// Writes empty label indexes of version 1.2 on the DIMMs of a label-less region, and brings the region back
    /// with labels.
    ///
    /// Only index blocks are written. The namespace that spanned the region is gone then: its data stays, but no
    /// label names it.
    package func initialize() throws(OperationError) {
        try withRegion { found, bus, places throws(OperationError) in
            try initialize(found, on: bus, places)
        }
        try requireLabelled()
    }

    private func initialize(
        _ region: borrowing NdctlRegion, on bus: borrowing NdctlBus, _ places: KernelPlaces
    ) throws(OperationError) {
        guard region.labelling == .labelLess else {
            throw OperationError(
                .changed, while: "initialise labels", device: region.device,
                reason: "the region has labels already", advice: "another tool changed the host: plan again")
        }
        let unlabelled = try unlabelledDimms(of: region, places)
        try requireNoOtherRegion(uses: Set(unlabelled.map(\.device)), than: region, on: bus, places)
        let use = try useGuard(of: region.device, places)
        try region.disable(counting: places.stores)
        do {
            try writeIndexes(on: unlabelled, of: region, counting: places.stores)
            try reread(unlabelled, of: region, counting: places.stores)
            try region.enable(counting: places.stores)
        } catch {
            throw error.adding(undoFailures: bringBack(region, places))
        }
        extendLifetime(use)
        bus.waitForProbe()
    }

    /// A DIMM that the kernel knows no labels of.
    private struct UnlabelledDimm {
        /// The kernel's name.
        var device: String
        /// The start of its label area.
        var bytes: [UInt8]
        /// Whether no valid index is there. Otherwise it only has to be read by the kernel: an earlier
        /// initialisation stopped after writing it.
        var lacksIndex: Bool
    }

    /// The DIMMs of the region that need an index, or have one that the kernel has not read. One that the kernel has
    /// read holds other regions' labels, and is left alone.
    private func unlabelledDimms(
        of region: borrowing NdctlRegion, _ places: KernelPlaces
    ) throws(OperationError) -> [UnlabelledDimm] {
        var dimms: [UnlabelledDimm] = []
        var count = 0
        try region.forEachDimm { dimm throws(OperationError) in
            count += 1
            let device = dimm.device
            guard dimm.hasLabelArea else {
                throw OperationError(
                    .failed, while: "initialise labels", device: device, reason: "the DIMM has no label area")
            }
            let area = try dimm.readLabelIndex()
            let version = LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes)?.version
            let stray = version == nil ? NamespaceLabel.stray(in: try dimm.readLabelArea { $0 }.bytes) : []
            guard stray.isEmpty else {
                throw OperationError(
                    .failed, while: "initialise labels", device: device,
                    reason: StrayLabels(region: region.device, dimm: device, stray).description,
                    advice: StrayLabels.advice(device))
            }
            guard version != .v1_1 else {
                throw OperationError(
                    .failed, while: "initialise labels", device: device,
                    reason: LabelVersion.mayHoldOthers, advice: LabelVersion.renewing(device))
            }
            let isKnown = try places.nvdimmDevice(device).text("flags")?.split(separator: " ").contains(
                "label")
            if isKnown == true, version == .v1_2 { return }
            dimms.append(UnlabelledDimm(device: device, bytes: area.bytes, lacksIndex: version == nil))
        }
        guard count > 0 else {
            throw OperationError(
                .failed, while: "initialise labels", device: region.device,
                reason: "the region has no DIMMs, and so no place for labels")
        }
        return dimms
    }

    /// A sibling without labels would lose its namespace as well, whether it is enabled or not: that is not this step's to decide. And the
    /// kernel refuses label writes while an enabled region uses the DIMM.
    private func requireNoOtherRegion(
        uses dimms: Set<String>, than region: borrowing NdctlRegion, on bus: borrowing NdctlBus,
        _ places: KernelPlaces
    ) throws(OperationError) {
        let own = region.device
        var hidden: [String] = []
        var enabled: (device: String, dimm: String)?
        try bus.forEachRegion { other throws(OperationError) in
            let device = other.device
            guard device != own, let shared = other.mappings.first(where: { dimms.contains($0.dimm) }) else {
                return
            }
            if other.labelling == .labelLess { hidden.append(device) }
            if try places.nvdimmDevice(device).exists("driver") {
                enabled = enabled ?? (device: device, dimm: shared.dimm)
            }
        }
        let kind: OperationError.Kind = enabled == nil ? .failed : .busy
        if let hides = HiddenRegions(region: own, dimms: dimms.sorted(), others: hidden) {
            throw OperationError(
                kind, while: "initialise labels", device: own, reason: hides.message, advice: hides.advice)
        }
        guard let enabled else { return }
        throw OperationError(
            kind, while: "initialise labels", device: own,
            reason: "\(enabled.device) is enabled, and uses \(enabled.dimm) as well",
            advice: "disable it while nothing uses it: ndctl disable-region \(enabled.device)")
    }

    /// The proof that nobody uses the one namespace of a label-less region; nil where none is active.
    private func useGuard(of device: String, _ places: KernelPlaces) throws(OperationError) -> UseGuard? {
        guard try places.nvdimmDevice(device).exists("driver") else { return nil }
        let region = try KernelRegion.open(device, knownFacts: nil, places)
        let live = region.state("namespace\(Sysfs.number(device)).0")
        return live.isActive ? try UseGuard.unused(live, in: region) : nil
    }

    /// Writes the indexes of all DIMMs, or of none: where one fails, the bytes of those before it are put back.
    private func writeIndexes(
        on dimms: [UnlabelledDimm], of region: borrowing NdctlRegion, counting stores: StoreCount
    ) throws(OperationError) {
        do {
            try region.forEachDimm { dimm throws(OperationError) in
                let device = dimm.device
                guard dimms.contains(where: { $0.device == device && $0.lacksIndex }) else { return }
                try dimm.initializeLabels(counting: stores)
            }
        } catch {
            throw error.adding(undoFailures: putBack(dimms, of: region, counting: stores))
        }
    }

    private func putBack(
        _ dimms: [UnlabelledDimm], of region: borrowing NdctlRegion, counting stores: StoreCount
    ) -> [OperationError] {
        var failures: [OperationError] = []
        region.forEachDimm { dimm in
            let device = dimm.device
            guard let before = dimms.first(where: { $0.device == device && $0.lacksIndex }) else { return }
            do throws(OperationError) {
                guard try dimm.readLabelIndex().bytes != before.bytes else { return }
                try dimm.writeLabelArea(before.bytes, counting: stores)
            } catch {
                failures.append(error)
            }
        }
        return failures
    }

    /// Makes the kernel read the label areas, which it does when a DIMM is enabled.
    private func reread(
        _ dimms: [UnlabelledDimm], of region: borrowing NdctlRegion, counting stores: StoreCount
    ) throws(OperationError) {
        try region.forEachDimm { dimm throws(OperationError) in
            let device = dimm.device
            guard dimms.contains(where: { $0.device == device }) else { return }
            try dimm.disable(counting: stores)
            try dimm.enable(counting: stores)
            let area = try dimm.readLabelIndex()
            guard LabelIndex.read(areaSize: area.areaSize, bytes: area.bytes)?.version == .v1_2 else {
                throw OperationError(
                    .failed, while: "initialise labels", device: device,
                    reason: "the index does not read back as version 1.2")
            }
        }
    }

    /// After a failure: DIMMs and region online again. Indexes that are complete stay, and count when it is tried
    /// again.
    private func bringBack(
        _ region: borrowing NdctlRegion, _ places: KernelPlaces
    ) -> [OperationError] {
        var failures: [OperationError] = []
        region.forEachDimm { dimm in
            guard (try? places.nvdimmDevice(dimm.device).exists("driver")) != true else { return }
            do throws(OperationError) {
                try dimm.enable(counting: places.stores)
            } catch {
                failures.append(error)
            }
        }
        do throws(OperationError) {
            try region.enable(counting: places.stores)
        } catch {
            failures.append(error)
        }
        return failures
    }

    private func requireLabelled() throws(OperationError) {
        let nstype = try places.nvdimmDevice(region).text("nstype")
        guard nstype == "5" else {
            throw OperationError(
                .failed, while: "initialise labels", device: region,
                reason: "the region is still without labels (nstype \(nstype ?? "absent"))",
                advice: "see the kernel log (dmesg)")
        }
    }
}
