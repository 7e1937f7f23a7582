/// Whether the DIMMs of a label-less region can hold labels.
package struct LabelPossibility {
    private let region: Region
    private let provider: String
    private let answer: Answer

    private enum Answer {
        case possible
        /// A DIMM has no label area, or there are no DIMMs.
        case impossible
        /// A DIMM has a label area that this user may not read.
        case notReadable(String)
        /// The inventory lists no DIMMs.
        case notListed
    }

    /// The answer for a region.
    package init(_ region: Region, on bus: Bus, limits: InventoryLimits) {
        self.region = region
        self.provider = bus.provider
        let dimms = bus.dimms(under: region)
        if region.mappings.isEmpty {
            answer = limits.contains(.dimmsNotListed) ? .notListed : .impossible
        } else if limits.contains(.noLabelAreas) {
            answer = .possible
        } else if let dimm = dimms.first(where: { $0.labelArea == nil && $0.isLabelAreaUnread }) {
            answer = .notReadable(dimm.device)
        } else {
            let isComplete = dimms.count == Set(region.mappings.map(\.dimm)).count
            let canAll = isComplete && dimms.allSatisfy { $0.labelArea != nil }
            answer = canAll ? .possible : .impossible
        }
    }

    /// Why label indexes cannot be written, or nobody knows whether they can; nil where they can.
    package func refusal(at position: SourcePosition?) -> Refusal? {
        switch answer {
        case .possible: nil
        case .impossible:
            Refusal(
                .labelsImpossible, region.device, at: position,
                region.mappings.isEmpty
                    ? "\(region.device) has no DIMMs (provider \(provider)), so it cannot have labels"
                    : "a DIMM of \(region.device) has no label area, so the region cannot have labels",
                advice: "leave out labels: init, and declare one namespace without name and size")
        case .notReadable(let dimm):
            Refusal(
                .labelsUnknown, region.device, at: position,
                "the label area of \(dimm) could not be read, so whether \(region.device) can have labels is not known",
                advice: "run it as root")
        case .notListed:
            Refusal(
                .notListed, region.device, at: position,
                "whether \(region.device) can have labels is not known: its DIMMs are not listed",
                advice: InventoryLimit.dimmsNotListed.remedy)
        }
    }

    /// What `labels: init` would do, for who leaves it out.
    package var way: (code: Refusal.Code, words: String) {
        switch answer {
        case .possible: (.labelsMissing, "say labels: init to have label indexes written on its DIMMs")
        case .impossible where region.mappings.isEmpty:
            (
                .labelLessRegion,
                "it has no DIMMs that could hold labels: declare one namespace without name and size"
            )
        case .impossible:
            (.labelLessRegion, "its DIMMs have no label area: declare one namespace without name and size")
        case .notReadable:
            (.labelsMissing, "whether its DIMMs can hold labels is not known: run it as root")
        case .notListed:
            (
                .labelLessRegion,
                "whether it has DIMMs that can hold labels is not listed: \(InventoryLimit.dimmsNotListed.remedy)"
            )
        }
    }
}
