/// The step that makes a label-less region a labelled one.
extension SimulatedHost {
    func initializeLabels(_ device: String) throws(HostError) {
        let operation = "initialise the labels of \(device)"
        let number = try region(device, while: operation)
        let dimms = state.regions[number].mappings.map(\.dimm)
        try requireLabelAreas(dimms, device, while: operation)
        for namespace in state.regions[number].namespaces {
            try requireUnused(SimulatedNamespaceID(region: number, number: namespace.number))
        }
        do {
            try undoing { undo throws(HostError) in
                try self.store(.disableRegion(number))
                undo.add(.enableRegion(number))
                for dimm in dimms {
                    try self.writeIndex(dimm, &undo)
                }
                try self.store(.enableRegion(number))
            }
        } catch {
            throw withStickyLabelling(error, region: number)
        }
    }

    /// A kernel that saw an index once treats the region as labelled until the next boot.
    private func withStickyLabelling(_ error: HostError, region number: Int) -> HostError {
        guard isAlive, state.regions[number].labelling == .labelled else { return error }
        var error = error
        error.undoFailures.append("region\(number) shows no namespace until the next reboot")
        return error
    }

    private func requireLabelAreas(
        _ dimms: [Int], _ device: String, while operation: String
    ) throws(HostError) {
        let lacking = dimms.filter { state.dimms[$0].labelAreaSize == nil }.map { "nmem\($0)" }
        guard dimms.isEmpty || !lacking.isEmpty else { return }
        let reason =
            dimms.isEmpty ? "it has no DIMMs" : "\(lacking.joined(separator: ", ")) has no label area"
        throw HostError(
            .failed, while: operation, device: device, reason: reason,
            advice: "this region holds one namespace of its whole size and no more")
    }

    private func writeIndex(_ dimm: Int, _ undo: inout StepUndo) throws(HostError) {
        let old = state.dimms[dimm].labelVersion
        try store(.labelIndex(dimm: dimm, .v1_2))
        undo.add(.labelIndex(dimm: dimm, old))
        try store(.disableDimm(dimm))
        undo.add(.enableDimm(dimm))
        try store(.enableDimm(dimm))
        undo.removeLast()
    }
}
