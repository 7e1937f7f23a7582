public import ProvisionCore
public import ProvisionHost

/// One clearing of media errors on a host: look, ask, record, clear range by range, and look again.
///
/// It is a transaction that nothing undoes: what was cleared stays so, whatever comes after. One that was interrupted is ended by
/// recovery, which clears nothing more.
public struct MediaErrorClearing {
    /// Why such a transaction is not undone, behind its name.
    static let irreversibility =
        "cleared media errors: what lay there could not be read, and nothing brings it back"
    /// What recovery makes of one that was interrupted.
    static let recoveryInWords = "what was cleared stays so, and nothing more is cleared"

    private let host: any RestoringHost
    private let request: MediaErrorClearance.Request
    private let safeguards: Safeguards

    /// A clearing on a host.
    /// - Parameter safeguards: what is protected, and where transactions are recorded.
    public init(
        of request: MediaErrorClearance.Request, on host: any RestoringHost, safeguards: Safeguards = .none
    ) {
        self.host = host
        self.request = request
        self.safeguards = safeguards
    }

    /// A host as observed, with what clearing comes to there.
    public struct Prepared: Sendable {
        /// The observation.
        public var observed: Observed
        /// What it comes to, with everything that refuses it but missing consent.
        public var clearance: MediaErrorClearance
    }

    /// What became of a range.
    public struct Range: Equatable, Sendable {
        /// The range, from the start of the region.
        public var range: Extent
        /// Its first system physical address.
        public var address: UInt64
        /// Why it is not cleared; nil where it is.
        public var error: OperationError?
        /// Why it was not read, though it is cleared by every list; nil where it was.
        public var unread: String?
    }

    /// What a clearing came to.
    public struct Outcome: Sendable {
        /// What became of each range. A range that nobody came to is among those that are not cleared.
        public var ranges: [Range]
        /// What the ranges that are cleared hold.
        public var content: ErrorClearing.Content
        /// In sector mode: the sectors that could not be read, and that zeroes were written over, as places of the block device.
        public var lostSectors: [Extent] = []
    }

    /// How a clearing ended.
    public enum Ending: Sendable {
        /// No error is listed there.
        case unchanged
        /// It was refused, and nothing was touched.
        case refused([Refusal])
        /// It was carried out, as far as it went.
        case ended(Outcome)
        /// The same, and the end could not be recorded: recovery does that.
        case unconfirmed(Outcome, OperationError)
    }

    /// Observes the host and reviews the request. Touches nothing.
    /// - Throws: where the request means nothing there, as an error of a command.
    public func prepare() throws(OperationError) -> Prepared {
        let observed = try host.observe()
        let survey = MediaErrorSurvey(of: observed, lists: try host.mediaErrorLists(of: observed))
        var units: [ByteCount?] = []
        if let (region, namespace) = MediaErrorClearance.place(of: request, on: observed) {
            units = [try host.clearingUnit(in: region, for: namespace)]
        }
        var clearance: MediaErrorClearance
        do throws(MediaErrorClearance.Unknown) {
            clearance = try MediaErrorClearance(request, of: survey, on: observed) { _, _ in
                units.first ?? nil
            }
        } catch {
            throw OperationError(
                .failed, while: "clear media errors", reason: error.message, advice: error.advice)
        }
        if !clearance.errors.isEmpty {
            clearance.refusals += try guards(of: clearance, on: observed)
        }
        return Prepared(observed: observed, clearance: clearance)
    }

    /// What refuses it beside the errors themselves: protection, users, transactions that cannot be read.
    private func guards(
        of clearance: MediaErrorClearance, on observed: Observed
    ) throws(OperationError) -> [Refusal] {
        var refusals = UnsettledRegions.refusals(
            toTouch: [clearance.region], on: observed, safeguards.unreadable)
        let protection = Protection(safeguards.marks, on: observed)
        if let mark = protection.mark(of: clearance.target?.labelUUID, in: clearance.region) {
            refusals.append(mark.refusal(clearance.address))
        }
        for bus in observed.buses {
            for region in bus.regions
            where region.device == clearance.region && bus.isLabelLessAfterBoot(region) {
                refusals.append(.labelsGone(region))
            }
        }
        guard let target = clearance.target else { return refusals }
        guard clearance.namespace?.isActive == true else { return refusals }
        let findings = try host.examine(UseQuery(targets: [target], claimsDevices: true))
        if let uses = findings.uses[target.device] {
            refusals.append(UseReview.note(clearance.address, uses).refusal)
        }
        return refusals
    }

    /// Why it would not be carried out under this consent.
    public func refusals(of prepared: Prepared, under consent: Consent) -> [Refusal] {
        let losses = [prepared.clearance.loss].compactMap(\.self)
        guard !losses.isEmpty else { return prepared.clearance.refusals }
        return prepared.clearance.refusals + consent.refusals(for: losses)
            + consent.unknownWords(for: losses, known: prepared.observed.consentWords)
    }

    /// Clears what was prepared, under the given consent. The caller holds the host's lock.
    /// - Throws: where nothing was touched.
    public func carryOut(
        _ prepared: Prepared, consent: Consent, recordingIn store: TransactionStore,
        interruption: Interruption = .never, progress: @escaping (Int, Int) -> Void = { _, _ in }
    ) throws(OperationError) -> Ending {
        let clearance = prepared.clearance
        let refusals = refusals(of: prepared, under: consent)
        guard refusals.isEmpty else { return .refused(refusals) }
        guard !clearance.ranges.isEmpty, let start = prepared.observed.region(clearance.region)?.resource
        else { return .unchanged }
        try safeguards.requireKnown()
        var recording = try begin(prepared, in: store)
        var outcome = Outcome(
            ranges: clearance.ranges.map { range in
                Range(
                    range: range, address: start + range.offset.bytes,
                    error: OperationError(
                        .failed, while: "clear media errors", device: clearance.region,
                        reason: "it was not come to"))
            }, content: clearance.namespace?.blockDevice == nil ? .undefined : .zeroes)
        var failure: OperationError?
        var unread: [Int] = []
        do throws(OperationError) {
            try host.clearErrors(
                ErrorClearing(
                    region: clearance.region, target: clearance.target, ranges: clearance.ranges,
                    unit: clearance.unit)
            ) { index, event in
                do throws(OperationError) {
                    switch event {
                    case .begins:
                        guard !interruption.isRequested else { return false }
                        progress(index, outcome.ranges.count)
                        try recording.note(.intent(step: index, .none))
                    case .lost(let sector): outcome.lostSectors.append(sector)
                    case .cleared where clearance.namespace == nil: unread.append(index)
                    case .cleared, .unread:
                        if case .unread(let why) = event { outcome.ranges[index].unread = why }
                        outcome.ranges[index].error = nil
                        try recording.note(.done(step: index))
                    case .failed(let error): outcome.ranges[index].error = error
                    }
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            guard !unread.isEmpty || outcome.ranges.contains(where: { $0.error == nil }) else {
                try recording.note(.end(.rolledBack, after: nil))
                throw error
            }
            for index in outcome.ranges.indices where outcome.ranges[index].error != nil {
                outcome.ranges[index].error = error
            }
        }
        if failure == nil, !unread.isEmpty, let region = prepared.observed.region(clearance.region) {
            do throws(OperationError) {
                let ranges = unread.map { outcome.ranges[$0].range }
                let found = try FreeRangeLook(host: host, region: region).look(at: ranges) {
                    (label, place) throws(OperationError) in
                    try recording.note(.placeholder(label, .offset(place, region: RegionThen(region))))
                }
                for (index, error) in zip(unread, found) {
                    outcome.ranges[index].error = error
                    if error == nil { try recording.note(.done(step: index)) }
                }
                // A namespace that was made to look and could not be removed is recovery's: the journal knows it.
                if let left = found.compactMap(\.self).first(where: { !$0.undoFailures.isEmpty }) {
                    failure = left
                }
            } catch {
                failure = error
            }
        }
        if let failure { return .unconfirmed(outcome, failure) }
        return end(outcome, &recording)
    }

    private func end(_ outcome: Outcome, _ recording: inout Recording) -> Ending {
        do throws(OperationError) {
            let after: Observed
            after = try host.observe()
            let isWhole = outcome.ranges.allSatisfy { $0.error == nil }
            try recording.note(.end(isWhole ? .committed : .incomplete, after: after))
            return .ended(outcome)
        } catch {
            return .unconfirmed(outcome, error)
        }
    }

    private func begin(_ prepared: Prepared, in store: TransactionStore) throws(OperationError) -> Recording {
        let clearance = prepared.clearance
        var header = JournalHeader(
            id: "", time: 0, toolVersion: ToolVersion.current, source: "",
            before: prepared.observed,
            steps: clearance.ranges.map { range in
                JournalStep(
                    kind: .clearErrors, region: clearance.region, device: clearance.namespace?.device,
                    phrase:
                        "clear media errors of \(clearance.address): \(range.length) at \(range.offset) of the region",
                    reversibility: .irreversible,
                    reversibilityReason: "what lay there could not be read", errors: range)
            }, bootID: host.bootID)
        header.clearsErrors = true
        return Recording(
            host: host, on: prepared.observed, writer: try TransactionWriter.begin(in: store, header))
    }
}

extension TransactionLog {
    /// What is said where a clearing in sector mode died: it may have written over sectors that could not be read.
    var sectorsLost: [String] {
        let names = header.steps.compactMap(header.namespace)
        guard names.contains(where: { $0.mode == .sector }), !begun.isEmpty, done.count < header.steps.count
        else { return [] }
        return ["sectors that could not be read may read as zeroes now: which ones was not recorded"]
    }

    /// The ranges of errors that a clearing was to clear and that are still listed, each in a phrase.
    func errorsLeft(on now: Observed) -> [String] {
        let regions = RegionsThenAndNow(header, now)
        return header.steps.enumerated().compactMap { number, step -> String? in
            guard let range = step.errors, !done.contains(number) else { return nil }
            guard let region = step.home.flatMap(regions.region), region.isEnabled else {
                return
                    "\(step.region) is not there: what is left of \(range.length) at \(range.offset) is not known"
            }
            guard region.badBlocks.contains(where: { $0.bytes.overlaps(range) }) else {
                // The block device's list is not looked at, nor are bytes: nobody may count it as cleared.
                return begun[number] == nil
                    ? "\(range.length) at \(range.offset) of \(region.device) was not come to, and is not listed any more"
                    : "\(range.length) at \(range.offset) of \(region.device) is not listed by the region any more; its bytes were not looked at"
            }
            return "\(range.length) at \(range.offset) of \(region.device) is not cleared"
        }
    }
}
