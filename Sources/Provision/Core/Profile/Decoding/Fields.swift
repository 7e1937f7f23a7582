/// The values of a mapping by key; every key is known and occurs once.
package struct Fields {
    /// The mapping.
    package let node: YamlNode
    /// What the mapping is, for messages: "a region block".
    package let name: String
    /// The key nodes by key.
    package fileprivate(set) var keyNodes: [String: YamlNode] = [:]
    fileprivate var values: [String: YamlNode] = [:]
    /// Known keys that a misspelt one was probably meant to be: their absence is no news.
    fileprivate var misspelt: Set<String> = []
    /// Whether a key was refused that could have stood for any: a merge key, an alias.
    fileprivate var hasRefusedKey = false

    /// The value of a key; nil where it does not occur.
    package subscript(key: String) -> YamlNode? { values[key] }
}

extension ProfileDecoder {
    /// The values of a mapping that may have these keys; nil, once reported, where the node is no mapping.
    package mutating func fields(of node: YamlNode, called name: String, keys: [String]) -> Fields? {
        guard case .mapping(let pairs) = node.content else {
            reportType(of: node, key: name, expected: "a mapping")
            return nil
        }
        var fields = Fields(node: node, name: name)
        for pair in pairs {
            guard let key = key(of: pair, in: &fields, keys: keys) else { continue }
            fields.values[key] = pair.value
            fields.keyNodes[key] = pair.key
        }
        return fields
    }

    /// The value of a key that must be there; reported where it is not.
    @discardableResult
    package mutating func require(_ key: String, in fields: Fields, example: String) -> YamlNode? {
        if let value = fields[key] { return value }
        if !fields.misspelt.contains(key), !fields.hasRefusedKey {
            report(
                "\(fields.name) needs the key `\(key)`", at: fields.node,
                suggestion: "add `\(key)`: \(example)")
        }
        return nil
    }

    private mutating func key(of pair: YamlPair, in fields: inout Fields, keys: [String]) -> String? {
        guard case .scalar(let key, _) = pair.key.content else {
            if case .refused = pair.key.content { fields.hasRefusedKey = true }
            reportType(of: pair.key, key: "a key", expected: "a plain word")
            return nil
        }
        guard keys.contains(key) else {
            reportUnknown(key, at: pair.key, in: &fields, keys: keys)
            return nil
        }
        guard let first = fields.keyNodes[key] else { return key }
        report(
            "the key `\(key)` is repeated", at: pair.key,
            suggestion: "it is first on line \(first.position.line)")
        return nil
    }

    private mutating func reportUnknown(
        _ key: String, at node: YamlNode, in fields: inout Fields, keys: [String]
    ) {
        let near = NearestWord.to(key, among: keys)
        if let near { fields.misspelt.insert(near) }
        let suggestion =
            near.map { "did you mean `\($0)`?" } ?? "known keys are \(keys.joined(separator: ", "))"
        report("unknown key \(PrintableText.quoted(key)) in \(fields.name)", at: node, suggestion: suggestion)
    }
}
