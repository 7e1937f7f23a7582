public import ProvisionCore

/// Media errors of a simulated host: a bus with a scrub has firmware that clears all of them.
extension SimulatedHost {
    /// See ``RestoringHost/clearingUnit(in:for:)``.
    public func clearingUnit(
        in region: Region, for namespace: Namespace?
    ) throws(OperationError) -> ByteCount? {
        bus(of: region.device)?.scrubState == nil ? nil : ByteCount(512)
    }

    private func bus(of region: String) -> Bus? {
        state.observed.buses.first { $0.regions.contains { $0.device == region } }
    }

    /// See ``RestoringHost/clearErrors(_:_:)``.
    public func clearErrors(
        _ clearing: ErrorClearing, _ tell: (Int, ErrorClearing.Event) -> Bool
    ) throws(OperationError) {
        let operation = "clear media errors"
        try requireAlive(while: operation)
        let number = try region(clearing.region, while: operation)
        guard bus(of: clearing.region)?.scrubState == .idle else {
            throw OperationError(
                .busy, while: operation, device: clearing.region,
                reason: "an address range scrub runs, or there is none",
                advice: "wait for its end: daxprov errors scrub --wait")
        }
        if let target = clearing.target {
            let id = try resolve(target)
            guard state.namespace(id)?.isActive == true else {
                throw OperationError(
                    .changed, while: operation, device: target.device, reason: "it is disabled",
                    advice: "enable it first")
            }
            if let use = try use(of: id) {
                throw OperationError(
                    .busy, while: operation, device: target.device, reason: [use].summary,
                    advice: [use].advice)
            }
        }
        for (index, range) in clearing.ranges.enumerated() {
            guard tell(index, .begins) else { return }
            // Others may have cleared it since, and written there.
            guard state.regions[number].badBlocks.contains(where: { $0.bytes.overlaps(range) }) else {
                let left = "no list has an error there any more, so that nothing was written"
                guard tell(index, .unread(left)) else { return }
                continue
            }
            var event = ErrorClearing.Event.cleared
            do throws(OperationError) {
                try store(.clearErrors(region: number, range))
            } catch {
                event = .failed(error)
            }
            guard tell(index, event) else { return }
        }
    }

    /// See ``RestoringHost/scrub(of:)``. It never runs for longer than it is asked for.
    public func scrub(of bus: String) throws(OperationError) -> ScrubProgress {
        let found = state.observed.buses.first { $0.device == bus }
        guard let scrub = found?.scrubState else {
            throw OperationError(
                .unavailable, while: "look at the scrub", device: bus, reason: "there is none")
        }
        return ScrubProgress(count: UInt64(scrubs), isRunning: scrub == .active)
    }

    /// See ``RestoringHost/startScrub(of:)``: it finds nothing, and ends at once.
    public func startScrub(of bus: String) throws(OperationError) { scrubs += 1 }
}
