/// What the marks of protected namespaces protect on a host as it was observed: the one rule for plans, rollbacks, wipes and the clearing
/// of media errors.
///
/// A mark knows its namespace by the UUID in the label. Where no label of the host has that UUID, and a region has lost its labels, the
/// namespace can lie there unseen: then the mark protects the region. Where the region still has labels, and only that one is gone, root
/// has deleted it with another tool, and its room is free.
package struct Protection: Sendable {
    /// The marks whose labels no namespace of the host shows. A disabled region shows none of its own.
    package let hidden: [ProtectionMark]
    private let marks: [ProtectionMark]
    /// The marks of namespaces that lay in the regions of these kernel names, or can have lain there.
    private let lost: [String: [LostNamespace]]

    /// A namespace whose label is lost, in a region that has lost its labels.
    private struct LostNamespace: Sendable {
        var mark: ProtectionMark
        /// Whether the mark names exactly this region.
        var isCertain: Bool
    }

    /// What these marks protect on this host.
    package init(_ marks: [ProtectionMark], on observed: Observed) {
        self.marks = marks
        guard !marks.isEmpty else {
            hidden = []
            self.lost = [:]
            return
        }
        let shown = Set(observed.regions.flatMap(\.namespaces).compactMap(\.labelUUID))
        hidden = marks.filter { !shown.contains($0.labelUUID) }
        var lost: [String: [LostNamespace]] = [:]
        if !hidden.isEmpty {
            let there = Set(
                observed.buses.flatMap { bus in bus.regions.map { RegionIdentity($0, on: bus) } })
            for bus in observed.buses {
                for region in bus.regions where region.hasLostLabels(on: bus) {
                    let identity = RegionIdentity(region, on: bus)
                    let found = hidden.compactMap { mark -> LostNamespace? in
                        guard let then = mark.region else {
                            // Labels lie on DIMMs: without any, the region never had the label.
                            return region.mappings.isEmpty
                                ? nil : LostNamespace(mark: mark, isCertain: false)
                        }
                        if then == identity { return LostNamespace(mark: mark, isCertain: true) }
                        guard !there.contains(then), then.mayShareMedia(with: identity) else { return nil }
                        return LostNamespace(mark: mark, isCertain: false)
                    }
                    if !found.isEmpty { lost[region.device] = found }
                }
            }
        }
        self.lost = lost
    }

    /// The mark of the namespace whose label has this UUID; nil where none has a mark.
    package func mark(labelled label: UUID) -> ProtectionMark? { marks.first { $0.labelUUID == label } }

    /// The mark that protects what lies in a region: the one of its label, or where it has none, one of a namespace that lay there, or can
    /// have lain there, and whose label is lost.
    /// - Parameters:
    ///   - label: the UUID in the label of what is meant; nil where it has none.
    ///   - region: the region's kernel name.
    package func mark(of label: UUID?, in region: String) -> ProtectionMark? {
        if let label { return mark(labelled: label) }
        return lost[region]?.first?.mark
    }

    /// A refusal for each protected namespace whose label is lost, that lay in one of these regions, or can have lain there: nothing is
    /// written to them.
    /// - Parameter regions: the kernel names of the regions, in the order of the refusals.
    package func refusals(toWriteIn regions: [String]) -> [Refusal] {
        regions.flatMap { region in
            (lost[region] ?? []).map { $0.mark.refusal(lostIn: region, isCertain: $0.isCertain) }
        }
    }
}

extension ProtectionMark {
    /// The refusal of what would be written where the namespace lay.
    fileprivate func refusal(lostIn region: String, isCertain: Bool) -> Refusal {
        Refusal(
            .protected, region,
            isCertain
                ? "\(displayName) lay in it, which is protected, and its label is lost"
                : "\(displayName) can lie in it, which is protected: no namespace shows its label, and its mark does "
                    + "not rule this region out",
            advice: "bring the labels back (daxprov rollback, ndctl write-labels); if its data may go: "
                + "daxprov unprotect \(displayName)")
    }
}

extension Region {
    /// Whether no labels describe it, or a DIMM of it has no label index: the kernel calls a region labelled until the
    /// next boot, also once the index is gone.
    fileprivate func hasLostLabels(on bus: Bus) -> Bool {
        labelling == .labelLess
            || bus.dimms(under: self).contains { $0.labelArea.map { $0.version == nil } ?? false }
    }
}

extension StepKind {
    /// Whether it writes labels or media of its region, or has the kernel write there. What only takes a namespace offline or brings it
    /// online, or changes the rights of its node, does not.
    package var writesToRegion: Bool {
        !effects.subtracting([.changesRights, .takesOffline, .bringsOnline]).isEmpty
    }
}
