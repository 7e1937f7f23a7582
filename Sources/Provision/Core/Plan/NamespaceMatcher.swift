/// Finds the observed namespace that each declaration of a block means: by UUID, else by name, else by the name that
/// it had until now.
package struct NamespaceMatcher {
    private let region: Region
    private let names: NameIndex
    private let siblings: Set<String>
    private let destroysForeign: Bool
    private let byName: [String: [Namespace]]
    private let byUUID: [UUID: [Namespace]]

    /// - Parameters:
    ///   - names: the names of the whole host.
    ///   - siblings: the regions that the block applies to, where the same names may stand.
    ///   - destroysForeign: whether namespaces that no declaration means go, and their names with them.
    package init(region: Region, names: NameIndex, siblings: Set<String>, destroysForeign: Bool) {
        self.region = region
        self.names = names
        self.siblings = siblings
        self.destroysForeign = destroysForeign
        var byName: [String: [Namespace]] = [:]
        var byUUID: [UUID: [Namespace]] = [:]
        for namespace in region.namespaces {
            if let name = namespace.name { byName[name, default: []].append(namespace) }
            for uuid in Set([namespace.labelUUID, namespace.infoBlockUUID].compactMap { $0 }) {
                byUUID[uuid, default: []].append(namespace)
            }
        }
        self.byName = byName
        self.byUUID = byUUID
    }

    /// The namespace of the declaration at each index; nil where it has to be created. And why one cannot be told.
    package func match(_ declarations: [NamespaceDeclaration]) -> ([Namespace?], [Refusal]) {
        var found: [Namespace?] = []
        var refusals: [Refusal] = []
        var owners: [String: NamespaceDeclaration] = [:]
        for declaration in declarations {
            var match: Namespace?
            do throws(Refused) {
                match = try find(declaration)
                if let match, let owner = owners[match.device] { throw taken(match, by: owner, declaration) }
            } catch {
                refusals.append(error.refusal)
                match = nil
            }
            if let match { owners[match.device] = declaration }
            found.append(match)
        }
        let clashes = zip(declarations, found).compactMap { clash(of: $0, $1, owners) }
        return (found, refusals.isEmpty ? clashes : refusals)
    }

    private struct Refused: Error { var refusal: Refusal }

    private func find(_ declaration: NamespaceDeclaration) throws(Refused) -> Namespace? {
        let candidates = candidates(for: declaration)
        guard candidates.count <= 1 else {
            let uuids = candidates.compactMap(\.labelUUID).map(\.description).joined(separator: ", ")
            throw refused(
                .identityAmbiguous, declaration,
                "\(candidates.count) namespaces of \(region.device) are called that; their UUIDs are \(uuids)",
                "say which one by its uuid, or rename the others")
        }
        if let uuid = declaration.uuid, byUUID[uuid] == nil, let place = names.place(of: uuid) {
            throw Refused(refusal: declaration.elsewhere(uuid, place, address: address(of: declaration)))
        }
        if candidates.isEmpty, let uuid = declaration.uuid {
            throw refused(
                .identityNotFound, declaration, "\(region.device) has no namespace with the UUID \(uuid)",
                "compare with daxprov inventory; leave out uuid to have the namespace created")
        }
        return candidates.first
    }

    /// A namespace gets a new UUID when it is reconfigured or replaced: then its name tells, but for what loses data
    /// (``NamespaceDeclaration/outdated(by:address:)``).
    private func candidates(for declaration: NamespaceDeclaration) -> [Namespace] {
        if let uuid = declaration.uuid, let found = byUUID[uuid] { return found }
        guard let name = declaration.name else { return [] }
        if let named = byName[name.text] { return named }
        return declaration.uuid == nil ? declaration.renamedFrom.flatMap { byName[$0.text] } ?? [] : []
    }

    private func taken(
        _ namespace: Namespace, by owner: NamespaceDeclaration, _ declaration: NamespaceDeclaration
    ) -> Refused {
        refused(
            .identityAmbiguous, declaration,
            "\(owner.displayName) (line \(owner.position.line)) already means \(namespace.displayName)",
            "give each declaration a name or uuid of its own")
    }

    /// A refusal where the declared name is given, by a creation or a renaming, though another has it and keeps it.
    private func clash(
        of declaration: NamespaceDeclaration, _ match: Namespace?, _ owners: [String: NamespaceDeclaration]
    ) -> Refusal? {
        guard let name = declaration.name, match?.name != name.text else { return nil }
        let holder = byName[name.text]?.first { holder in
            guard let owner = owners[holder.device] else { return !destroysForeign }
            return owner.name == nil
        }
        let place = holder?.labelUUID?.description ?? names.region(with: name.text, besides: siblings)
        guard let place else { return nil }
        return refused(
            .nameInUse, declaration,
            "a namespace of that name is in \(holder == nil ? place : region.device)",
            holder == nil
                ? "names are unique on a host: choose another, or match that region"
                : "it has the UUID \(place): choose another name, or rename it first"
        ).refusal
    }

    private func refused(
        _ code: Refusal.Code, _ declaration: NamespaceDeclaration, _ message: String, _ advice: String
    ) -> Refused {
        Refused(
            refusal: Refusal(
                code, address(of: declaration), at: declaration.position, message, advice: advice))
    }

    private func address(of declaration: NamespaceDeclaration) -> String {
        "\(region.device)/\(declaration.displayName)"
    }
}

/// Which regions hold a namespace of which name, and where on the host a UUID is.
package struct NameIndex {
    private var regions: [String: [String]] = [:]
    private var places: [UUID: String] = [:]

    /// The names and UUIDs of a host.
    package init(_ observed: Observed) {
        for region in observed.regions {
            for namespace in region.namespaces {
                if let name = namespace.name { regions[name, default: []].append(region.device) }
                let place = "\(region.device)/\(namespace.displayName)"
                for uuid in [namespace.labelUUID, namespace.infoBlockUUID].compactMap(\.self) {
                    places[uuid] = places[uuid] ?? place
                }
            }
            for label in region.uninstantiated {
                places[label.uuid] =
                    places[label.uuid]
                    ?? "\(region.device)/\(label.displayName), which the kernel does not show"
            }
        }
    }

    /// The address of the namespace with a UUID in its label or info block; nil where there is none.
    package func place(of uuid: UUID) -> String? { places[uuid] }

    /// The first region with a namespace of this name that is none of `others`; nil where there is none.
    package func region(with name: String, besides others: Set<String>) -> String? {
        regions[name]?.first { !others.contains($0) }
    }
}

extension Namespace {
    /// Whether neither its label nor its info block has a declared UUID: daxprov gave it a new one, or somebody else made
    /// it.
    package func lacks(_ uuid: UUID) -> Bool { labelUUID != uuid && infoBlockUUID != uuid }
}

extension NamespaceDeclaration {
    /// What people know the declaration by.
    package var displayName: String { name?.text ?? uuid?.description ?? "(unnamed)" }

    /// The note that the namespace is meant by its name alone; nil where its UUID is the declared one.
    package func outdatedNote(_ namespace: Namespace, address: String) -> Note? {
        guard let uuid, namespace.lacks(uuid) else { return nil }
        return Note(
            .uuidNotFound, address,
            "no namespace shows the UUID \(uuid): the declaration means \(namespace.knownUUID)",
            advice: "correct uuid or leave it out; until then nothing is done that loses data")
    }

    /// The refusal of a change that loses the data of a namespace that has another UUID than the declared one; nil
    /// where it has that.
    package func outdated(by namespace: Namespace, address: String) -> Refusal? {
        guard let uuid, namespace.lacks(uuid) else { return nil }
        return Refusal(
            .identityNotFound, address, at: position,
            "no namespace shows the UUID \(uuid), and the change would lose the data of \(namespace.knownUUID)",
            advice: "if that one is meant: correct uuid, or leave it out")
    }

    /// The refusal of a declaration whose UUID is that of a namespace at another place.
    package func elsewhere(_ uuid: UUID, _ place: String, address: String) -> Refusal {
        Refusal(
            .identityElsewhere, address, at: position, "the UUID \(uuid) is that of \(place)",
            advice: "declare it for the region that it is in, or correct uuid")
    }
}

extension Namespace {
    /// "wal, which has the UUID ...".
    fileprivate var knownUUID: String {
        guard let uuid = labelUUID ?? infoBlockUUID else { return "\(displayName), which shows none" }
        return name == nil ? "the one with the UUID \(uuid)" : "\(displayName), which has the UUID \(uuid)"
    }
}
