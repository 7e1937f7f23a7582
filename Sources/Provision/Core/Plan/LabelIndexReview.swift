/// Refuses what would be written where data can lie that the kernel does not show: in a region whose label indexes are gone, and on DIMMs
/// that regions without labels lie on as well.
package struct LabelIndexReview: PlanReview {
    private let observed: Observed
    private let positions: [String: SourcePosition]

    /// A review of a plan for this host.
    /// - Parameter assignments: the blocks of the profile with their regions.
    package init(observed: Observed, assignments: [RegionMatcher.Assignment]) {
        self.observed = observed
        positions = Dictionary(
            assignments.map { ($0.region.device, $0.block.position) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The plan with its refusals: one for each region at most.
    package func completed(_ plan: Plan) -> Plan {
        let harmless: StepKind.Effects = [.changesRights, .takesOffline]
        var effects: [String: StepKind.Effects] = [:]
        for step in plan.steps.map(\.step) where step.transition == nil {
            effects[step.region, default: []].formUnion(step.kind.effects)
        }
        guard !effects.isEmpty else { return plan }
        var plan = plan
        for bus in observed.buses {
            for region in bus.regions {
                guard let effects = effects[region.device], !effects.isSubset(of: harmless) else { continue }
                // The namespace of a region without labels changes without any.
                let writing: StepKind.Effects =
                    region.labelling == .labelLess
                    ? .writesLabelIndexes : [.writesLabelIndexes, .makesNamespace, .changesLabel]
                if bus.isLabelLessAfterBoot(region) {
                    plan.refusals.append(Refusal.labelsGone(region, at: positions[region.device]))
                } else if !effects.isDisjoint(with: writing),
                    let hidden = HiddenRegions(byLabelsOf: region, on: bus)
                {
                    plan.refusals.append(
                        Refusal(
                            .labelsHideOthers, region.device, at: positions[region.device], hidden.message,
                            advice: hidden.advice))
                }
            }
        }
        return plan
    }
}

extension Refusal {
    /// Nothing is written to a region whose label indexes are gone (``Bus/isLabelLessAfterBoot(_:)``).
    package static func labelsGone(_ region: Region, at position: SourcePosition? = nil) -> Refusal {
        Refusal(
            .labelsGone, region.device, at: position,
            "its DIMMs have no label index any more: until the next reboot the kernel calls it labelled and empty, whatever "
                + "data it holds",
            advice: "reboot, then plan again; or bring the labels back from a copy (ndctl write-labels)")
    }
}

/// What the label indexes of a region would hide: the regions without labels on the DIMMs that get one. The kernel calls a region labelled if
/// any of its DIMMs has an index (drivers/nvdimm/region_devs.c, `nd_region_to_nstype`), and what no label names it does not show.
package struct HiddenRegions: Equatable {
    /// The region that labels are written for.
    private let region: String
    /// The DIMMs that get an index.
    private let dimms: [String]
    /// The regions that would be hidden.
    private let others: [String]

    /// What labels for a region would hide; nil where that is nothing.
    ///
    /// A region without labels gets an index on each of its DIMMs. In a labelled one the kernel writes an index where a DIMM has none, with
    /// the first label (drivers/nvdimm/label.c, `init_labels`).
    package init?(byLabelsOf region: Region, on bus: Bus) {
        let bare =
            region.labelling == .labelLess
            ? region.mappings.map(\.dimm)
            : bus.dimms(under: region).filter { $0.labelArea?.hasNoIndex ?? false }.map(\.device)
        let others = bus.regions.filter { other in
            other.device != region.device && other.mappings.contains { bare.contains($0.dimm) }
                && (other.labelling == .labelLess || bus.isLabelLessAfterBoot(other))
        }
        self.init(region: region.device, dimms: bare, others: others.map(\.device))
    }

    /// The same of what has been looked up; nil where no other region is hidden.
    package init?(region: String, dimms: [String], others: [String]) {
        guard !others.isEmpty else { return nil }
        self.region = region
        self.dimms = dimms
        self.others = others
    }

    /// What would be hidden.
    package var message: String {
        let names = others.joined(separator: ", ")
        return "label indexes on \(dimms.joined(separator: ", ")) would also hide what \(names) "
            + (others.count == 1 ? "holds, which has no labels" : "hold, which have no labels")
    }

    /// The way to labels for all of these regions.
    package var advice: String {
        let regions = ([region] + others).joined(separator: " ")
        let modules = dimms.joined(separator: " ")
        return
            "save what these regions hold, and the label areas (ndctl read-labels -o FILE \(modules)); then, while nothing "
            + "uses them: ndctl disable-region \(regions); ndctl init-labels -V 1.2 \(modules); ndctl disable-dimm \(modules); "
            + "ndctl enable-dimm \(modules); ndctl enable-region \(regions)"
    }
}

extension Bus {
    /// The provider of what the firmware's table NFIT describes.
    private static let nfitProvider = "ACPI.NFIT"

    /// Whether the next boot shows a region without labels that counts as labelled now: none of its DIMMs has a label index any more.
    ///
    /// The kernel keeps the flag `NDD_LABELING` of a DIMM until its bus is probed anew (drivers/nvdimm/dimm.c), whatever becomes of the index.
    /// The drivers of other providers (CXL, papr_scm, ramdax) set the flag themselves: without an index such a region is labelled and empty,
    /// at every boot. An index that could not be read is not gone.
    package func isLabelLessAfterBoot(_ region: Region) -> Bool {
        guard provider == Self.nfitProvider, region.labelling == .labelled else { return false }
        let found = self.dimms(under: region)
        guard found.count == Set(region.mappings.map(\.dimm)).count,
            found.contains(where: { $0.labelArea != nil })
        else { return false }
        return found.allSatisfy { dimm in
            dimm.labelArea.map(\.hasNoIndex) ?? !dimm.isLabelAreaUnread
        }
    }
}

extension LabelArea {
    /// Whether no valid index is there. Inventories of ordinary users by earlier versions lack the version alone: the kernel's count of free
    /// labels tells that there is one.
    package var hasNoIndex: Bool { version == nil && slots == nil && availableSlots == nil }
}
