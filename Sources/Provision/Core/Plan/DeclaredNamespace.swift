/// A declaration of a profile with the namespace that it means on a host.
package struct DeclaredNamespace {
    package var declaration: NamespaceDeclaration
    /// The region that it is in, or is to be in.
    package var region: Region
    /// The namespace; nil where there is none yet.
    package var namespace: Namespace?

    /// What a plan calls it: `region0/wal`, or the region where that has one namespace, and no labels.
    package var address: String {
        declaration.name == nil && declaration.uuid == nil
            ? region.device : "\(region.device)/\(declaration.displayName)"
    }

    /// Whether its device is to be system memory.
    package var asksForSystemMemory: Bool { declaration.deviceConfiguration?.mode == .systemRAM }
}

extension Profile {
    /// Whether it says of any namespace what its device is to be.
    package var saysWhatDevicesAre: Bool {
        regions.contains { $0.namespaces.contains { $0.deviceConfiguration != nil } }
    }

    /// Whether any device is to become system memory.
    package var asksForSystemMemory: Bool {
        regions.contains { $0.namespaces.contains { $0.deviceConfiguration?.mode == .systemRAM } }
            || daxRegions.contains { $0.devices.contains { $0.use != .devdax } }
    }

    /// The declarations, in the order of the profile, with what each means on a host: the one rule of identity
    /// (``NamespaceMatcher``).
    package func namespaces(on observed: Observed) -> [DeclaredNamespace] {
        let assignments = RegionMatcher.assign(regions, on: observed).0
        let names = NameIndex(observed)
        return assignments.flatMap { assignment in
            let siblings = assignments.filter { $0.block.position == assignment.block.position }
            let matcher = NamespaceMatcher(
                region: assignment.region, names: names, siblings: Set(siblings.map(\.region.device)),
                destroysForeign: false)
            let found = matcher.match(assignment.block.namespaces).0
            return zip(assignment.block.namespaces, found).map {
                DeclaredNamespace(declaration: $0, region: assignment.region, namespace: $1)
            }
        }
    }
}
