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
    /// The disabled regions that have not lost their labels, in their order, with the hidden marks of namespaces that can lie there.
    private let disabled: [(region: String, namespaces: [LostNamespace])]

    /// A namespace whose label does not show, in a region that has lost its labels or is disabled.
    private struct LostNamespace: Sendable {
        var mark: ProtectionMark
        /// Whether the mark names exactly this region.
        var isCertain: Bool

        /// Nil where the namespace of the mark cannot lie in the region.
        /// - Parameters:
        ///   - identity: the region's.
        ///   - there: the regions of the host.
        init?(
            _ mark: ProtectionMark, in region: Region, _ identity: RegionIdentity,
            _ there: Set<RegionIdentity>
        ) {
            self.mark = mark
            isCertain = mark.region == identity
            if isCertain { return }
            // Labels lie on DIMMs: without any, the region never had the label, unless it is the memory that had them then.
            guard let then = mark.region else {
                if region.mappings.isEmpty { return nil }
                return
            }
            if case .interleaveSet = then, region.mappings.isEmpty { return nil }
            guard !there.contains(then), then.mayShareMedia(with: identity) else { return nil }
        }
    }

    /// What these marks protect on this host.
    package init(_ marks: [ProtectionMark], on observed: Observed) {
        self.marks = marks
        guard !marks.isEmpty else {
            hidden = []
            self.lost = [:]
            self.disabled = []
            return
        }
        let shown = Set(observed.regions.flatMap(\.namespaces).compactMap(\.labelUUID))
        hidden = marks.filter { !shown.contains($0.labelUUID) }
        var lost: [String: [LostNamespace]] = [:]
        var disabled: [(region: String, namespaces: [LostNamespace])] = []
        if !hidden.isEmpty {
            let there = Set(
                observed.buses.flatMap { bus in bus.regions.map { RegionIdentity($0, on: bus) } })
            for bus in observed.buses {
                for region in bus.regions {
                    let hasLostLabels = region.hasLostLabels(on: bus)
                    guard hasLostLabels || !region.isEnabled else { continue }
                    let identity = RegionIdentity(region, on: bus)
                    let found = hidden.compactMap { LostNamespace($0, in: region, identity, there) }
                    guard !found.isEmpty else { continue }
                    if hasLostLabels {
                        lost[region.device] = found
                    } else {
                        disabled.append((region.device, found))
                    }
                }
            }
        }
        self.lost = lost
        self.disabled = disabled
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

    /// The kernel names of the disabled regions in which the namespace of a hidden mark can lie: enabling them shows whether it does.
    package func disabledRegions(thatMayHide mark: ProtectionMark) -> [String] {
        disabled.filter { $0.namespaces.contains { $0.mark == mark } }.map(\.region)
    }

    /// A refusal for each protected namespace whose label is lost, that lay in one of these regions, or can have lain there: nothing is
    /// written to them.
    /// - Parameters:
    ///   - regions: the kernel names of the regions, in the order of the refusals.
    ///   - isCertain: whether only marks count that name exactly the region.
    ///   - isRollback: whether a rollback would write there: none is advised then.
    package func refusals(
        toWriteIn regions: [String], ifCertain isCertain: Bool = false, isRollback: Bool = false
    ) -> [Refusal] {
        regions.flatMap { region in
            (lost[region] ?? []).filter { $0.isCertain || !isCertain }.map { namespace in
                let mark = namespace.mark
                let back =
                    "bring the labels back (\(isRollback ? "" : "daxprov rollback, ")ndctl write-labels); if its data may go: "
                    + "daxprov unprotect \(mark.displayName)"
                guard !namespace.isCertain else {
                    return Refusal(
                        .protected, region,
                        "\(mark.displayName) lay in it, which is protected, and its label is lost",
                        advice: back)
                }
                let disabled = disabledRegions(thatMayHide: mark).joined(separator: " ")
                return Refusal(
                    .protected, region,
                    "\(mark.displayName) can lie in it, which is protected: no namespace shows its label, and its mark does "
                        + "not rule this region out",
                    advice: disabled.isEmpty
                        ? back
                        : "see first whether a disabled region has the label: ndctl enable-region \(disabled); "
                            + "if none has, \(back)")
            }
        }
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
