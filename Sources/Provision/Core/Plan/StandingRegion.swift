/// Plans a region of which too little is known to allocate anything: its alignment, or raw sizes.
///
/// What is there as declared needs neither. Everything else is refused, with the name of what is missing.
package struct StandingRegion {
    package let region: Region
    package let block: RegionBlock
    package let matcher: NamespaceMatcher
    package let unmanaged: UnmanagedPolicy
    package let limits: InventoryLimits

    /// Whether the region is to be planned so: something that allocation needs is not known.
    package static func isNeeded(for region: Region, limits: InventoryLimits) -> Bool {
        region.size > .zero
            && (region.align == nil || region.namespaces.contains { isSizeUnknown($0, limits) })
    }

    package func plan() -> PlanDraft {
        var draft = PlanDraft()
        let (matches, refusals) = matcher.match(block.namespaces)
        draft.refusals = refusals
        for (declaration, match) in zip(block.namespaces, matches) {
            let address = "\(region.device)/\(declaration.displayName)"
            if let reason = reason(declaration, match) {
                draft.refusals.append(refusal(address, declaration.position, reason))
            } else {
                draft.unchanged.append(address)
            }
        }
        let named = Set(matches.compactMap { $0?.device })
        let foreign = region.namespaces.filter { !named.contains($0.device) }
        if unmanaged == .destroy, let first = foreign.first {
            draft.refusals.append(
                refusal(
                    "\(region.device)/\(first.displayName)", block.position,
                    Self.unplannable("it would be destroyed")))
        } else {
            for namespace in foreign { UnmanagedPlanner.keep(namespace, of: region, in: &draft) }
        }
        UnmanagedPlanner.keepLabels(of: region, in: &draft)
        return draft
    }

    /// Why the namespace does not stay as it is, or is not known to: a clause that what is missing follows. Nil where it
    /// stays.
    private func reason(_ declaration: NamespaceDeclaration, _ existing: Namespace?) -> String? {
        guard let existing else { return Self.unplannable("it would be created") }
        guard existing.isActive else { return Self.unplannable("it is disabled") }
        if let name = declaration.name, name.text != existing.name {
            return Self.unplannable("it would be renamed from \(existing.displayName)")
        }
        let layout = LayoutDecision(region: region).layout(for: declaration, existing: existing)
        let differences = LayoutDecision.differences(from: existing, to: layout)
        guard differences.isEmpty else { return Self.unplannable(differences.joined(separator: ", ")) }
        return sizeReason(declaration.size, existing)
    }

    private func sizeReason(_ wanted: SizeRequest, _ existing: Namespace) -> String? {
        if case .usable(let size) = wanted {
            guard let usable = existing.usableSize else { return Self.unknown("its usable size") }
            return usable >= size ? nil : Self.unplannable("usable size \(usable) becomes \(size)")
        }
        guard !Self.isSizeUnknown(existing, limits) else {
            return Self.unknown("whether it has the declared size")
        }
        switch wanted {
        case .usable: return nil
        case .raw(let size):
            return size == existing.rawSize
                ? nil : Self.unplannable("size \(existing.rawSize) becomes \(size)")
        case .fraction(let percentage):
            return isFraction(percentage, existing) ? nil : Self.unknown("whether it has the declared share")
        case .remaining:
            let shares = block.namespaces.count { $0.size.isShare }
            return region.availableSize == .zero && shares == 1
                ? nil : Self.unknown("whether it has what remains")
        }
    }

    private static func unplannable(_ change: String) -> String { "\(change), and that cannot be planned" }

    private static func unknown(_ question: String) -> String { "\(question) is not known" }

    /// Whether the namespace has the declared share however it is rounded.
    private func isFraction(_ percentage: Percentage, _ existing: Namespace) -> Bool {
        percentage.of(region.size) == existing.rawSize
    }

    private func refusal(
        _ address: String, _ position: SourcePosition?, _ reason: String
    ) -> Refusal {
        Refusal(
            .notListed, address, at: position, "\(reason): \(missing.words)",
            advice: missing.advice)
    }

    /// What is not known.
    private var missing: (words: String, advice: String) {
        if region.align == nil {
            return (
                "the alignment of \(region.device) is not known",
                limits.isEmpty
                    ? "the kernel shows no attribute align (Linux 5.7 and later do)"
                    : InventoryLimit.noRegionAlign(region.device).remedy
            )
        }
        let names = region.namespaces.filter { Self.isSizeUnknown($0, limits) }.map(\.displayName)
        return (
            "the raw size of \(names.prefix(4).joined(separator: ", ")) is not known: listed sizes and free capacity do "
                + "not add up to \(region.size)",
            "daxprov inventory --json tells raw sizes; ndctl list -i lists disabled namespaces"
        )
    }

    private static func isSizeUnknown(_ namespace: Namespace, _ limits: InventoryLimits) -> Bool {
        limits.contains(.noRawSize(namespace.device))
    }
}

extension SizeRequest {
    /// Whether it asks for a share of the rest.
    fileprivate var isShare: Bool {
        if case .remaining = self { return true }
        return false
    }
}
