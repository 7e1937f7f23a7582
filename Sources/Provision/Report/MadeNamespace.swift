import ProvisionCore

/// A namespace that a change left, as it was found afterwards.
struct MadeNamespace {
    /// The change's address: `region0/wal`.
    var address: String
    /// The namespace.
    var namespace: Namespace

    /// Its device node; nil where it has none.
    var node: String? { (namespace.characterDevice ?? namespace.blockDevice).map { "/dev/\($0)" } }

    /// What the changes of a plan left, in their order: found by where the plan put it, else by its name.
    static func all(by plan: Plan, on observed: Observed) -> [MadeNamespace] {
        var byPlace: [String: Namespace] = [:]
        var byName: [String: Namespace] = [:]
        for region in observed.regions {
            for namespace in region.namespaces {
                if let start = namespace.resource { byPlace["\(region.device)/\(start)"] = namespace }
                byName["\(region.device)/\(namespace.displayName)"] = namespace
            }
        }
        return plan.changes.compactMap { change in
            guard let after = change.after else { return nil }
            let region = change.address.prefix { $0 != "/" }
            let found = after.resource.flatMap { byPlace["\(region)/\($0)"] } ?? byName[change.address]
            return found.map { MadeNamespace(address: change.address, namespace: $0) }
        }
    }
}

/// What was made, in words.
enum MadeText {
    /// A line for each.
    static func lines(_ made: [MadeNamespace]) -> [String] {
        let rows = made.map { item in
            [
                TerminalText.clean(item.address), TerminalText.clean(item.node ?? "no device"),
                item.namespace.labelUUID.map { "label \($0)" } ?? "no label",
            ]
        }
        let widths = [0, 1].map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return "      " + (cells + [row[2]]).joined(separator: "  ")
        }
    }

    /// One as an object.
    static func json(_ item: MadeNamespace) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", item.address)
        node.set("dev", item.namespace.device)
        node.set("name", item.namespace.name)
        node.set("mode", item.namespace.mode?.rawValue)
        node.set("node", item.node)
        node.set("raw_uuid", item.namespace.labelUUID)
        node.set("uuid", item.namespace.infoBlockUUID)
        node.set("resource", item.namespace.resource)
        node.set("raw_size", item.namespace.rawSize)
        node.set("usable_size", item.namespace.usableSize)
        return node
    }
}
