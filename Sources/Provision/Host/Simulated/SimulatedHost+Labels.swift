package import ProvisionCore

/// The step that makes a label-less region a labelled one.
extension SimulatedHost {
    /// Also finishes what an interrupted run of it left: the region disabled, some DIMMs with an index.
    package func initializeLabels(_ device: String) throws(OperationError) {
        let operation = "initialise the labels of \(device)"
        guard let number = state.regions.indices.first(where: { "region\($0)" == device }) else {
            throw changed(device, while: operation, "there is no such region")
        }
        let region = state.regions[number]
        if region.isEnabled, region.labelling == .labelled {
            throw changed(device, while: operation, "the region has labels already")
        }
        let dimms = region.mappings.map(\.dimm)
        try requireLabelAreas(dimms, device, while: operation)
        try requireNoOtherRegion(uses: dimms, than: number, while: operation)
        for namespace in region.namespaces {
            try requireUnused(SimulatedNamespaceID(region: number, number: namespace.number))
        }
        do {
            try undoing { undo throws(OperationError) in
                if region.isEnabled { try self.store(.disableRegion(number)) }
                undo.add(.enableRegion(number))
                for dimm in dimms { try self.writeIndex(dimm, &undo) }
                try self.store(.enableRegion(number))
            }
        } catch {
            throw withStickyLabelling(error, region: number)
        }
    }

    private func changed(_ device: String, while operation: String, _ reason: String) -> OperationError {
        OperationError(
            .changed, while: operation, device: device, reason: reason,
            advice: "plan again: somebody changed the host")
    }

    /// A kernel that saw an index once treats the region as labelled until the next boot.
    private func withStickyLabelling(_ error: OperationError, region number: Int) -> OperationError {
        guard isAlive, state.regions[number].labelling == .labelled else { return error }
        var error = error
        error.undoFailures.append("region\(number) shows no namespace until the next reboot")
        return error
    }

    private func requireLabelAreas(
        _ dimms: [Int], _ device: String, while operation: String
    ) throws(OperationError) {
        let lacking = dimms.filter { state.dimms[$0].labelAreaSize == nil }.map { "nmem\($0)" }
        let old = dimms.filter { state.dimms[$0].labelVersion == .v1_1 }.map { "nmem\($0)" }
        guard dimms.isEmpty || !lacking.isEmpty || !old.isEmpty else { return }
        let reason =
            if dimms.isEmpty {
                "it has no DIMMs"
            } else if lacking.isEmpty {
                "a label index of version 1.1 is on \(old.joined(separator: ", "))"
            } else {
                "there is no label area on \(lacking.joined(separator: ", "))"
            }
        throw OperationError(
            .failed, while: operation, device: device, reason: reason,
            advice: "without labels the region holds one namespace of its whole size and no more")
    }

    /// A sibling without labels would lose its namespace as well, whether it is enabled or not. And the kernel refuses label writes while an
    /// enabled region uses the DIMM. A DIMM whose index the kernel has read is left alone.
    private func requireNoOtherRegion(
        uses dimms: [Int], than number: Int, while operation: String
    ) throws(OperationError) {
        let written = Set(
            dimms.filter { state.dimms[$0].labelVersion == nil || !state.dimms[$0].hasLabelling })
        let others = state.regions.indices.filter { other in
            other != number && state.regions[other].mappings.contains { written.contains($0.dimm) }
        }
        let enabled = others.first { state.regions[$0].isEnabled }
        let kind: OperationError.Kind = enabled == nil ? .failed : .busy
        let hidden = others.filter { state.regions[$0].labelling == .labelLess }.map { "region\($0)" }
        if let hides = HiddenRegions(
            region: "region\(number)", dimms: written.sorted().map { "nmem\($0)" }, others: hidden)
        {
            throw OperationError(
                kind, while: operation, device: "region\(number)", reason: hides.message,
                advice: hides.advice)
        }
        guard let enabled else { return }
        throw OperationError(
            kind, while: operation, device: "region\(number)",
            reason: "region\(enabled) is enabled, and uses its DIMMs as well",
            advice: "disable it while nothing uses it: ndctl disable-region region\(enabled)")
    }

    /// Writes an index where there is none, and lets the DIMM's driver read it.
    private func writeIndex(_ dimm: Int, _ undo: inout StepUndo) throws(OperationError) {
        if state.dimms[dimm].labelVersion == nil {
            try store(.labelIndex(dimm: dimm, .v1_2))
            undo.add(.labelIndex(dimm: dimm, nil))
        }
        if state.dimms[dimm].isEnabled, state.dimms[dimm].hasLabelling { return }
        if state.dimms[dimm].isEnabled { try store(.disableDimm(dimm)) }
        undo.add(.enableDimm(dimm))
        try store(.enableDimm(dimm))
        undo.removeLast()
    }
}
