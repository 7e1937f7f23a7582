import ProvisionCore

/// What changed of a host, in words.
enum DriftText {
    /// A line for each object.
    static func lines(_ differences: [HostDrift.Difference]) -> [String] {
        differences.map { TerminalText.clean(message($0)) }
    }

    /// The differences as objects.
    static func json(_ difference: HostDrift.Difference) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", difference.address)
        node.set("kind", difference.kind.rawValue)
        node.set("changes", each: difference.changes) { change in
            var item = JSONValue.object()
            item.set("property", change.property)
            item.set("before", change.before)
            item.set("after", change.after)
            return item
        }
        node.set("message", message(difference))
        return node
    }

    /// "region0/a is disabled; its mode was fsdax, and is devdax".
    private static func message(_ difference: HostDrift.Difference) -> String {
        let address = difference.address
        switch difference.kind {
        case .missing: return "\(address) is gone\(summary(difference))"
        case .unexpected: return "\(address) is new\(summary(difference))"
        case .changed:
            return "\(address) " + difference.changes.map(phrase).joined(separator: "; ")
        }
    }

    private static func summary(_ difference: HostDrift.Difference) -> String {
        if let namespace = difference.namespace { return ": \(PlanText.description(namespace))" }
        guard let region = difference.region else { return "" }
        let count = region.namespaces
        return
            ": \(region.size.brief) with \(count) \(region.isDax ? "device" : "namespace")\(count == 1 ? "" : "s")"
    }

    private static func phrase(_ change: HostDrift.Change) -> String {
        let before = change.before ?? "none"
        let after = change.after ?? "none"
        switch change.property {
        case "state": return "is \(after)"
        case "name": return "has the name \(after)"
        case "read_only": return after == "true" ? "is read-only" : "is writable"
        case "labels": return "is \(after)"
        case "resource": return "lies at \(after), and lay at \(before)"
        case "device": return "has a device that is \(after), and was \(before)"
        case "rights": return "has a device node that is for \(after), and was for \(before)"
        case "offset": return "lies \(after) into its region, and lay \(before) into it"
        default: return "has the \(noun(change.property)) \(after), and had \(before)"
        }
    }

    private static func noun(_ property: String) -> String {
        switch property {
        case "raw_size": "size"
        case "align": "alignment"
        case "map": "page map place"
        case "sector_size": "sector size"
        case "raw_uuid": "label UUID"
        case "uuid": "info block UUID"
        default: property
        }
    }
}
