/// Rights of device nodes as objects: in inventories, journals, saved plans and simulated hosts.
extension NodeRights {
    /// The rights as an object: numbers of the accounts, and octal permission bits.
    package var json: JSONValue {
        var node = JSONValue.object()
        node.set("owner", owner)
        node.set("group", group)
        node.set("permissions", octal)
        return node
    }

    /// The rights that an object describes.
    package init(_ node: JSONCursor) throws(JSONError) {
        let field = try node.required("permissions")
        guard let permissions = UInt16(try field.string(), radix: 8), permissions <= 0o7777 else {
            throw field.error("is no octal number of at most 7777")
        }
        self.init(
            owner: try node.required("owner").integer(), group: try node.required("group").integer(),
            permissions: permissions)
    }
}

extension DeviceRights {
    /// The rights of the node as an object, with the rule's in `rule`.
    package var json: JSONValue {
        var object = node.json
        if let rule { object.set("rule", rule.json) }
        return object
    }

    /// The rights that an object describes.
    package init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            node: try NodeRights(node),
            rule: try node.optional("rule").map { rule throws(JSONError) in try NodeRights(rule) })
    }
}
