/// Adds to a plan what is recorded of CXL regions: refuses to write to one that is not what it was, and says which is missing.
///
/// No label says in which order and granularity memory devices were interleaved. So a region that was made again in another way
/// looks empty, or its namespaces lack their info blocks, and whatever is written destroys what is there.
package struct CXLRegionReview: PlanReview {
    private let records: [CXLRegionRecord]
    private let damaged: [UUID]
    private let profile: Profile
    private let observed: Observed
    private let place: String

    /// A review by these records.
    /// - Parameters:
    ///   - damaged: what the files of records are named by that cannot be read (``CXLRegionRecord/key``).
    ///   - place: where the files of the records are, for messages.
    package init(
        records: [CXLRegionRecord], damaged: [UUID], profile: Profile, observed: Observed, place: String
    ) {
        self.records = records
        self.damaged = damaged
        self.profile = profile
        self.observed = observed
        self.place = place
    }

    /// The plan with its refusals and notes.
    package func completed(_ plan: Plan) -> Plan {
        let buses = observed.buses.filter { $0.provider == Bus.cxlProvider }
        guard !buses.isEmpty || !records.isEmpty else { return plan }
        var plan = plan
        let declared = RegionMatcher.assign(profile.regions, on: observed).0.map(\.region.device)
        let concerned = Set(declared + plan.steps.map(\.step.region))
        let standings = CXLRegionStanding.all(records, on: observed)
        var judged: Set<String> = []
        for standing in standings {
            if case .changed(let device, _, _) = standing.kind, concerned.contains(device) {
                judged.insert(device)
                plan.refusals.append(
                    Refusal(
                        .cxlRegionChanged, device, standing.message,
                        advice:
                            "\(standing.advice). Only if the data is not needed: remove \(file(of: standing.record))"
                    ))
            } else {
                plan.notes.append(
                    Note(
                        standing.noteCode, standing.address, standing.message,
                        advice:
                            "\(standing.advice). If it was given up for good: remove \(file(of: standing.record))"
                    ))
            }
        }
        for region in buses.flatMap(\.regions)
        where concerned.contains(region.device) && !judged.contains(region.device) {
            plan.refusals += [damagedRecord(of: region) ?? strangeness(of: region)].compactMap(\.self)
        }
        let missing = standings.filter { $0.noteCode == .cxlRegionMissing }
        if let first = missing.first {
            for index in plan.refusals.indices
            where plan.refusals[index].code == .noMatchingRegion && plan.refusals[index].address == "regions"
            {
                plan.refusals[index].advice = first.advice
            }
        }
        return plan
    }

    private func file(of record: CXLRegionRecord) -> String { "\(place)/\(record.key)" }

    private func damagedRecord(of region: Region) -> Refusal? {
        let key = region.interleaveSetID.map { CXLRegionRecord.key(cookie: $0, ways: region.interleaveWays) }
        guard let key, damaged.contains(key) else { return nil }
        return Refusal(
            .notListed, region.device,
            "what is recorded of its interleave order and granularity is damaged (\(place)/\(key))",
            advice: "bring that file back; or remove it, if the region's namespaces hold what they should")
    }

    /// Why a region without a record seems to be interleaved otherwise than when its labels were written; nil where it does not.
    private func strangeness(of region: Region) -> Refusal? {
        let isKnown = records.contains { $0.differences(from: region).isEmpty }
        guard !isKnown, region.isEnabled, region.labelling == .labelled else { return nil }
        if region.namespaces.isEmpty, let names = hiddenLabels(of: region) {
            return Refusal(
                .cxlRegionChanged, region.device,
                "it shows no namespace, and its label areas hold labels\(names): it was probably made with its memory "
                    + "devices in another order, or without one",
                advice:
                    "make it anew in the order in which it was (cxl create-region takes the order of its arguments; "
                    + "mem0, mem1 change at boots, serials do not: cxl list -M). If the labels are not needed: "
                    + "ndctl zero-labels")
        }
        let recorded = region.namespaces.filter { $0.recordedMode.map { $0 != .raw } ?? false && $0.isActive }
        guard !recorded.isEmpty, recorded.allSatisfy({ $0.mode == .raw }), region.interleaveWays > 1 else {
            return nil
        }
        return Refusal(
            .cxlRegionChanged, region.device,
            "none of its namespaces has the info block that its label asks for: it was probably made with another "
                + "interleave granularity than before, which scrambles all data",
            advice:
                "make it anew with the granularity that it had (cxl create-region -g). If they really are creations that "
                + "did not finish: ndctl destroy-namespace -f")
    }

    /// The names of the labels that a region without namespaces hides, to be put behind "labels"; nil where it hides none.
    private func hiddenLabels(of region: Region) -> String? {
        let names = region.uninstantiated.map(\.displayName)
        if !names.isEmpty {
            let rest = names.count > 4 ? " and \(names.count - 4) more" : ""
            return " (\(names.prefix(4).joined(separator: ", "))\(rest))"
        }
        let hasLabels = observed.buses.flatMap { $0.dimms(under: region) }.contains {
            $0.labelArea?.slots != nil && $0.labelArea?.availableSlots != nil && !$0.hasNoLabels
        }
        return hasLabels && region.availableSize == .zero ? "" : nil
    }
}

extension CXLRegionStanding {
    fileprivate var noteCode: Note.Code {
        switch kind {
        case .missing: .cxlRegionMissing
        case .changed: .cxlRegionChanged
        }
    }

    /// What it is about: the kernel name that the region has, or had.
    package var address: String {
        switch kind {
        case .missing: record.regionName
        case .changed(let device, _, _): device
        }
    }
}

extension CXLRegionRecord {
    /// What the file of a record is named by: two numbers that are the same for every granularity of the same order.
    package static func key(cookie: UInt64, ways: Int) -> UUID { UUID(cookie, UInt64(ways)) }

    /// What the file of this record is named by.
    package var key: UUID { Self.key(cookie: cookie, ways: ways) }
}
