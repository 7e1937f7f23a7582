/// Plans a region that has no labels and is to stay so: one namespace, as large as the region, without a name.
package struct LabelLessRegionPlanner {
    package let assignment: RegionMatcher.Assignment
    /// The UUIDs of the whole host.
    package let names: NameIndex
    /// What a saved inventory does not say.
    package let limits: InventoryLimits

    private var region: Region { assignment.region }

    package func plan() -> PlanDraft {
        var draft = PlanDraft()
        let declarations = assignment.block.namespaces
        guard let declaration = declarations.first else {
            return UnmanagedPlanner.plan(region, policy: .keep)
        }
        draft.refusals = refusals(for: declarations)
        guard draft.refusals.isEmpty else { return draft }
        guard let namespace = region.namespaces.first else {
            if limits.contains(.namespacesNotListed(region.device)) {
                let limit = InventoryLimit.namespacesNotListed(region.device)
                draft.refusals.append(
                    refuse(
                        .notListed, declaration, "the namespace of \(region.device) is not listed",
                        limit.remedy))
                return draft
            }
            draft.refusals.append(
                refuse(
                    .labelLessRegion, declaration, "the kernel shows no namespace in this label-less region",
                    nil))
            return draft
        }
        if let uuid = declaration.uuid, namespace.lacks(uuid),
            let place = names.place(of: uuid)
        {
            draft.refusals.append(declaration.elsewhere(uuid, place, address: region.device))
            return draft
        }
        draft.notes += [declaration.outdatedNote(namespace, address: region.device)].compactMap(\.self)
        plan(namespace, as: declaration, in: &draft)
        return draft
    }

    private func plan(
        _ namespace: Namespace, as declaration: NamespaceDeclaration, in draft: inout PlanDraft
    ) {
        let decision = LayoutDecision(region: region)
        let layout = decision.layout(for: declaration, existing: namespace)
        if let problem = decision.unsupported(layout) {
            draft.refusals.append(refuse(.notSupported, declaration, problem, nil))
            return
        }
        let differences =
            namespace.isActive ? LayoutDecision.differences(from: namespace, to: layout) : []
        guard !differences.isEmpty || !namespace.isActive else {
            if device(declaration).keep(namespace, in: &draft) { draft.unchanged.append(region.device) }
            return
        }
        let changes = NamespaceChanges(
            region: region, address: region.device, consent: region.device, sizing: sizing)
        if changes.isReconfiguration(of: namespace, to: layout, reasons: differences),
            let refusal = declaration.outdated(by: namespace, address: region.device)
                ?? refusal(of: declaration, layout, differences)
        {
            draft.refusals.append(refusal)
            return
        }
        let change = changes.change(namespace, to: layout, reasons: differences, in: &draft)
        if draft.changes[change].kind == .reconfigure {
            let target = NamespaceTarget(namespace, region: region.device)
            draft.zero(target, as: declaration, change, in: .reconfigure)
        }
        device(declaration).follow(change, of: NamespaceTarget(namespace, region: region.device), in: &draft)
    }

    private func device(_ declaration: NamespaceDeclaration) -> DeviceChanges {
        DeviceChanges(
            region: region, declaration: declaration, address: region.device, consent: region.device)
    }

    /// Why the namespace cannot be reconfigured; nil where it can.
    private func refusal(
        of declaration: NamespaceDeclaration, _ layout: Layout, _ differences: [String]
    ) -> Refusal? {
        if declaration.isProtected {
            return declaration.protectedRefusal(region.device, differences, label: nil)
        }
        if region.align == nil {
            return refuse(
                .notListed, declaration,
                "\(differences.joined(separator: ", ")), and that cannot be planned: the alignment of \(region.device) is not "
                    + "known",
                InventoryLimit.noRegionAlign(region.device).remedy)
        }
        guard sizing.usableSize(of: layout, rawSize: region.size, offset: .zero) == nil else { return nil }
        return refuse(
            .startMisaligned, declaration,
            "\(region.size) at \(Hexadecimal.number(region.resource ?? 0)) cannot be mapped as "
                + "\(layout.mode.rawValue)",
            "leave it in mode raw or sector")
    }

    private var sizing: Sizing {
        Sizing(region: region, labels: nil, grid: region.align ?? .mib(16))
    }

    private func refusals(for declarations: [NamespaceDeclaration]) -> [Refusal] {
        let (code, way) = LabelPossibility(region, on: assignment.bus, limits: limits).way
        if declarations.count > 1 {
            return [
                refuse(
                    code, declarations[1],
                    "\(region.device) has no labels, so it is one namespace of \(region.size)", way)
            ]
        }
        return declarations.flatMap { declaration in
            var refusals: [Refusal] = []
            if let name = declaration.name {
                refusals.append(
                    refuse(
                        code, declaration,
                        "\(region.device) has no labels, so the name \(name) cannot be stored", way))
            }
            if !isWhole(declaration.size) {
                refusals.append(
                    refuse(
                        code, declaration,
                        "\(region.device) has no labels, so its namespace is the whole \(region.size)", way))
            }
            if let align = region.align, !region.size.isMultiple(of: align), declaration.mode.isDirectAccess {
                refusals.append(
                    refuse(
                        .sizeNotAligned, declaration,
                        "\(region.device) has \(region.size), no multiple of its alignment \(align)", nil))
            }
            return refusals
        }
    }

    private func isWhole(_ size: SizeRequest) -> Bool {
        switch size {
        case .remaining(let divisor): divisor == 1
        case .raw(let size): size == region.size
        case .fraction(let percentage): percentage.of(region.size) == region.size
        case .usable: false
        }
    }

    private func refuse(
        _ code: Refusal.Code, _ declaration: NamespaceDeclaration, _ message: String, _ advice: String?
    ) -> Refusal {
        Refusal(code, region.device, at: declaration.position, message, advice: advice)
    }
}
