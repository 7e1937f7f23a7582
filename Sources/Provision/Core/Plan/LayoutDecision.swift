/// Decides the layout of a declaration: what it says, else what the namespace has, else the default.
package struct LayoutDecision {
    package let region: Region

    /// The layout, with the raw size of the existing namespace (or none) until the solver has spoken.
    package func layout(for declaration: NamespaceDeclaration, existing: Namespace?) -> Layout {
        let kept = existing?.mode == declaration.mode ? existing : nil
        var layout = Layout(
            name: declaration.name ?? existing?.name.flatMap { NamespaceName($0) }, mode: declaration.mode,
            rawSize: existing?.rawSize ?? .zero)
        switch declaration.mode {
        case .fsdax, .devdax:
            layout.map = declaration.map ?? kept?.map ?? .dev
            layout.align =
                declaration.align ?? kept?.align.flatMap { Alignment($0) } ?? defaultAlign(declaration.mode)
        case .sector:
            layout.sectorSize =
                declaration.sectorSize ?? kept?.sectorSize.flatMap { SectorSize($0) } ?? .sectorModeDefault
        case .raw:
            layout.sectorSize = declaration.sectorSize
        }
        return layout
    }

    /// Why the kernel does not offer the layout in this region; nil where it does, or does not say.
    package func unsupported(_ layout: Layout) -> String? {
        guard let capability = region.capabilities.first(where: { $0.mode == layout.mode }) else {
            let known = region.capabilities.isEmpty || layout.mode == .raw
            return known ? nil : "the kernel does not offer \(layout.mode.rawValue) in this region"
        }
        if let align = layout.align, !capability.alignments.contains(align.size) {
            let offered = capability.alignments.map(\.description).joined(separator: ", ")
            return "the kernel does not offer alignment \(align) here, but \(offered)"
        }
        if let sector = layout.sectorSize, layout.mode == .sector,
            !capability.sectorSizes.contains(sector.bytes)
        {
            let offered = capability.sectorSizes.map(String.init).joined(separator: ", ")
            return "the kernel does not offer sector size \(sector) here, but \(offered)"
        }
        return nil
    }

    /// What differs between an existing namespace and the layout, but for name and size.
    package static func differences(from namespace: Namespace, to layout: Layout) -> [String] {
        guard namespace.mode == layout.mode else {
            return ["mode \(namespace.mode?.rawValue ?? "unknown") becomes \(layout.mode.rawValue)"]
        }
        let differences = namespace.configuration.differences(
            to: layout.configuration, in: [.map, .align, .sectorSize])
        return differences.compactMap { attribute, old, new in
            // What the layout leaves open, or the namespace does not show, is no difference.
            guard let old, let new else { return nil }
            let unit = attribute == .sectorSize ? " B" : ""
            return "\(attribute.words) \(old)\(unit) becomes \(new)\(unit)"
        }
    }

    /// ndctl's default: 2 MiB where the kernel offers it and the region starts at a multiple of it, else 4 KiB.
    private func defaultAlign(_ mode: NamespaceMode) -> Alignment {
        let offered = region.capabilities.first { $0.mode == mode }?.alignments
        let startsAligned = ByteCount(region.resource ?? 0).isMultiple(of: Alignment.huge.size)
        return (offered?.contains(Alignment.huge.size) ?? true) && startsAligned ? .huge : .page
    }
}
