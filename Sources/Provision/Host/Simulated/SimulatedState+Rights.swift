package import ProvisionCore

/// Whose the nodes of devices are, and who could have them.
extension SimulatedState {
    /// Reads `device_rules` and `accounts`.
    package mutating func readRights(_ host: JSONCursor) throws(JSONError) {
        for item in try host.elements("device_rules") {
            try item.allowOnly(["uuid", "owner", "group", "permissions"])
            deviceRules[try item.required("uuid").uuid()] = try NodeRights(item)
        }
        guard let cursor = try host.optional("accounts") else { return }
        try cursor.allowOnly(["users", "groups"])
        try Self.read("users", of: cursor, into: &accounts.users)
        try Self.read("groups", of: cursor, into: &accounts.groups)
    }

    private static func read(
        _ key: String, of cursor: JSONCursor, into numbers: inout [String: UInt32]
    ) throws(JSONError) {
        guard let list = try cursor.optional(key) else { return }
        guard case .object(let object) = list.value else { throw list.error("must be an object") }
        for member in object.members { numbers[member.key] = try list.required(member.key).integer() }
    }

    /// Adds what ``readRights(_:)`` reads.
    package func setRights(in host: borrowing JSONNode) {
        let rules = deviceRules.sorted { $0.key.description < $1.key.description }
        if !rules.isEmpty {
            host.set(
                "device_rules",
                .array(of: rules) { uuid, rights in
                    let node = rights.json
                    node.set("uuid", uuid)
                    return node
                })
        }
        guard accounts != SimulatedState().accounts else { return }
        let node = JSONNode.object()
        node.set("users", Self.json(accounts.users))
        node.set("groups", Self.json(accounts.groups))
        host.set("accounts", node)
    }

    private static func json(_ numbers: [String: UInt32]) -> JSONNode {
        let node = JSONNode.object()
        for (name, number) in numbers.sorted(by: { $0.key < $1.key }) {
            node.set(copying: name, .integer(UInt64(number)))
        }
        return node
    }
}
