import ProvisionCore

/// What a saved inventory did not tell a plan, in words and as JSON: one entry for each kind of thing.
enum LimitReport {
    /// A heading, a line for each kind of limit, and an empty line; nothing where there is no limit.
    /// - Parameter origin: where and when the inventory was taken.
    static func lines(_ limits: InventoryLimits, of origin: InventoryOrigin? = nil) -> [String] {
        guard !limits.isEmpty else { return [] }
        let items = groups(of: limits).map { group in
            let devices = list(group.devices)
            return
                "      \(group.limit.subject)\(devices): \(group.limit.consequence) (\(group.limit.remedy))"
        }
        let inventory =
            origin?.words.map { "the inventory of \(TerminalText.clean($0))" } ?? "a saved inventory"
        return ["Planned from \(inventory), which does not say:"] + items + [""]
    }

    /// An array of objects.
    static func json(_ limits: InventoryLimits) -> JSONValue {
        .array(of: groups(of: limits)) { group in
            var node = JSONValue.object()
            node.set("code", group.limit.code)
            if !group.devices.isEmpty { node.set("devices", each: group.devices) { .string($0) } }
            node.set("unknown", group.limit.subject)
            node.set("consequence", group.limit.consequence)
            node.set("remedy", group.limit.remedy)
            return node
        }
    }

    private typealias Group = (limit: InventoryLimit, devices: [String])

    /// The limits with one code together, in the order of their first.
    private static func groups(of limits: InventoryLimits) -> [Group] {
        var groups: [Group] = []
        for limit in limits.limits {
            if groups.last?.limit.code != limit.code { groups.append((limit, [])) }
            if let device = limit.device { groups[groups.count - 1].devices.append(device) }
        }
        return groups
    }

    private static func list(_ devices: [String]) -> String {
        guard !devices.isEmpty else { return "" }
        let shown = devices.prefix(4).map { TerminalText.clean($0) }.joined(separator: ", ")
        return devices.count > 4 ? " (\(shown) and \(devices.count - 4) more)" : " (\(shown))"
    }
}
