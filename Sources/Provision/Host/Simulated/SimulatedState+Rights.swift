package import ProvisionCore

/// Whose the nodes of devices are, and who could have them.
extension SimulatedState {
    /// Ranges of physical addresses.
    static func json(_ ranges: [Range<UInt64>]) -> JSONValue {
        .array(of: ranges) { range in
            var node = JSONValue.object()
            node.set("start", Hexadecimal.number(range.lowerBound))
            node.set("size", ByteCount(UInt64(range.count)).description)
            return node
        }
    }

    /// Reads `device_rules` and `accounts`.
    package mutating func readRights(_ host: JSONCursor) throws(JSONError) {
        for item in try host.elements("device_rules") {
            try item.allowOnly(["uuid", "ranges", "owner", "group", "permissions"])
            deviceRules[try Self.key(item)] = try NodeRights(item)
        }
        followRules()
        guard let cursor = try host.optional("accounts") else { return }
        try cursor.allowOnly(["users", "groups"])
        try Self.read("users", of: cursor, into: &accounts.users)
        try Self.read("groups", of: cursor, into: &accounts.groups)
    }

    private static func key(_ rule: JSONCursor) throws(JSONError) -> DeviceKey {
        guard try rule.optional("ranges") != nil else {
            return .infoBlock(try rule.required("uuid").uuid())
        }
        var ranges: [Range<UInt64>] = []
        for item in try rule.elements("ranges") {
            try item.allowOnly(["start", "size"])
            let start = try item.required("start").writtenAddress()
            let (end, overflow) = start.addingReportingOverflow(
                try item.required("size").writtenSize().bytes)
            guard !overflow, end < 1 << 61 else { throw item.error("ends nowhere") }
            ranges.append(start..<end)
        }
        return .memory(ranges)
    }

    /// Finds the rules of the devices of dynamic regions.
    package mutating func followRules() {
        for region in daxRegions.indices {
            for device in daxRegions[region].devices.indices {
                daxRegions[region].devices[device].follow(deviceRules)
            }
        }
    }

    private static func read(
        _ key: String, of cursor: JSONCursor, into numbers: inout [String: UInt32]
    ) throws(JSONError) {
        guard let list = try cursor.optional(key) else { return }
        guard case .object(let object) = list.value else { throw list.error("must be an object") }
        for member in object.members { numbers[member.key] = try list.required(member.key).integer() }
    }

    /// Adds what ``readRights(_:)`` reads.
    package func setRights(in host: inout JSONValue) {
        let rules = deviceRules.sorted { $0.key < $1.key }
        if !rules.isEmpty {
            host.set(
                "device_rules",
                .array(of: rules) { key, rights in
                    var node = rights.json
                    switch key {
                    case .infoBlock(let uuid): node.set("uuid", uuid)
                    case .memory(let ranges): node.set("ranges", Self.json(ranges))
                    }
                    return node
                })
        }
        guard accounts != SimulatedState().accounts else { return }
        var node = JSONValue.object()
        node.set("users", Self.json(accounts.users))
        node.set("groups", Self.json(accounts.groups))
        host.set("accounts", node)
    }

    private static func json(_ numbers: [String: UInt32]) -> JSONValue {
        var node = JSONValue.object()
        for (name, number) in numbers.sorted(by: { $0.key < $1.key }) {
            node.set(name, .number(UInt64(number)))
        }
        return node
    }
}

extension DaxRegion.Device {
    /// Finds the rule for its memory.
    mutating func follow(_ rules: [DeviceKey: NodeRights]) {
        rights.rule = size > .zero ? rules[.memory((mappings ?? []).map(\.range))] : nil
    }

    /// Gets what udev gives it when its driver is bound.
    mutating func getRights(by rules: [DeviceKey: NodeRights]) {
        follow(rules)
        if !rules.isEmpty { rights.node = rights.rule ?? .rootsAlone }
    }
}
