/// Finds the observed namespace that each declaration of a block means: by UUID, else by name, else by the name that
/// it had until now.
struct NamespaceMatcher {
    let region: Region
    /// The regions that this block does not apply to: no name may stand there as well.
    let otherRegions: [Region]

    /// The declaration at each index with its namespace; nil where it has to be created.
    func match(_ declarations: [NamespaceDeclaration]) -> ([Namespace?], [Refusal]) {
        var found: [Namespace?] = []
        var refusals: [Refusal] = []
        for declaration in declarations {
            switch find(declaration, taken: found) {
            case .success(let namespace): found.append(namespace)
            case .failure(let refusal):
                refusals.append(refusal.refusal)
                found.append(nil)
            }
        }
        return (found, refusals)
    }

    private struct Refused: Error { var refusal: Refusal }

    private func find(
        _ declaration: NamespaceDeclaration, taken: [Namespace?]
    ) -> Result<Namespace?, Refused> {
        let address = "\(region.device)/\(declaration.displayName)"
        func refuse(_ code: Refusal.Code, _ message: String, _ advice: String) -> Result<Namespace?, Refused>
        {
            .failure(
                Refused(refusal: Refusal(code, address, at: declaration.position, message, advice: advice)))
        }
        let candidates = candidates(for: declaration)
        if candidates.count > 1 {
            let uuids = candidates.compactMap(\.labelUUID).map(\.description).joined(separator: ", ")
            return refuse(
                .identityAmbiguous,
                "\(candidates.count) namespaces of \(region.device) have this name: \(uuids)",
                "say which one by its uuid, or rename the others")
        }
        if let namespace = candidates.first {
            guard !taken.contains(where: { $0?.device == namespace.device }) else {
                return refuse(
                    .identityAmbiguous, "another declaration already means \(namespace.device)",
                    "give each declaration a name or uuid of its own")
            }
            return .success(namespace)
        }
        if let uuid = declaration.uuid {
            return refuse(
                .identityNotFound, "\(region.device) has no namespace with the UUID \(uuid)",
                "compare with daxprov inventory; leave out uuid to have the namespace created")
        }
        if let other = otherRegion(with: declaration.name) {
            return refuse(
                .nameInUse, "a namespace of that name is in \(other)",
                "names are unique on a host: choose another, or match that region")
        }
        return .success(nil)
    }

    private func candidates(for declaration: NamespaceDeclaration) -> [Namespace] {
        let named = region.namespaces.filter { $0.name == declaration.name?.text && $0.name != nil }
        if let uuid = declaration.uuid {
            // Every change but a rename gives a new UUID: from then on the name says which namespace it is.
            let found = region.namespaces.filter { $0.labelUUID == uuid || $0.infoBlockUUID == uuid }
            return found.isEmpty ? named : found
        }
        guard named.isEmpty, let former = declaration.renamedFrom else { return named }
        return region.namespaces.filter { $0.name == former.text }
    }

    private func otherRegion(with name: NamespaceName?) -> String? {
        guard let name else { return nil }
        return otherRegions.first { other in
            other.namespaces.contains { $0.name == name.text }
        }?.device
    }
}

extension NamespaceDeclaration {
    /// What people know the declaration by.
    var displayName: String { name?.text ?? uuid?.description ?? "(unnamed)" }
}
