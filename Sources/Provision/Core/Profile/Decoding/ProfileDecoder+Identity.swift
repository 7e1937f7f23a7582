/// The names and UUIDs that a profile's namespaces have so far, each with the line of its first use.
package struct DeclaredIdentities {
    /// The names.
    package var names: [NamespaceName: (name: NamespaceName, line: Int)] = [:]
    /// The UUIDs.
    package var uuids: [UUID: Int] = [:]
    /// The names that renamed namespaces had before.
    package var renames: [(name: NamespaceName, node: YamlNode)] = []
}

extension ProfileDecoder {
    /// The namespace name under a key.
    package mutating func name(_ key: String, in fields: Fields) -> NamespaceName? {
        guard let node = fields[key], let value = string(node, called: "`\(key)`") else { return nil }
        if let name = NamespaceName(value) { return name }
        let count = value.utf8.count
        if count > NamespaceName.maximumLength {
            report("`\(key)` is \(count) bytes long; labels hold \(NamespaceName.maximumLength)", at: node)
        } else if value.first == " " || value.last == " " {
            report("`\(key)` begins or ends with a space", at: node)
        } else {
            report(
                "`\(key)` ends in the byte 0xA0, which the kernel takes for white space and cuts off",
                at: node,
                suggestion:
                    "let it end in another character than \(PrintableText.quoted(String(value.suffix(1))))")
        }
        return nil
    }

    /// The name that a namespace had before; only for one that has a name now, and another one.
    package mutating func renamedFrom(in fields: Fields, name: NamespaceName?) -> NamespaceName? {
        guard let node = fields["renamed_from"] else { return nil }
        let old = self.name("renamed_from", in: fields)
        if fields["name"] == nil, let key = fields.keyNodes["renamed_from"] {
            report("`renamed_from` needs a `name`", at: key, suggestion: "add the new name as `name`")
        }
        if let old, old == name {
            report("`renamed_from` is the namespace's name itself", at: node, suggestion: "leave it out")
            return nil
        }
        return old
    }

    /// The UUID of an existing namespace.
    package mutating func uuid(in fields: Fields) -> UUID? {
        guard let node = fields["uuid"], let value = string(node, called: "`uuid`") else { return nil }
        guard let uuid = UUID(value) else {
            report(
                "`uuid` is not a UUID", at: node, suggestion: "as in `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`")
            return nil
        }
        guard uuid.isNull else { return uuid }
        report("`uuid` is all zeros, which means that there is none", at: node, suggestion: "leave it out")
        return nil
    }

    /// Notes what a namespace is called, and reports what another one is called too.
    package mutating func declare(
        name: NamespaceName?, uuid: UUID?, renamedFrom: NamespaceName?, in fields: Fields
    ) {
        if let name, let node = fields["name"] {
            if let (first, line) = identities.names[name] {
                let suggestion =
                    name.isSpelledDifferently(from: first.text)
                    ? "the one on line \(line) looks the same, and differs only in how Unicode writes its accents"
                    : "it is first on line \(line); names are unique on a host"
                report(
                    "the name \(PrintableText.quoted(name.text)) is used twice", at: node,
                    suggestion: suggestion)
            } else {
                identities.names[name] = (name, node.position.line)
            }
        }
        if let uuid, let node = fields["uuid"] {
            if let line = identities.uuids[uuid] {
                report("the UUID \(uuid) is used twice", at: node, suggestion: "it is first on line \(line)")
            } else {
                identities.uuids[uuid] = node.position.line
            }
        }
        if let renamedFrom, let node = fields["renamed_from"] {
            identities.renames.append((renamedFrom, node))
        }
    }

    /// Reports old names that another namespace has now, or had before as well. Run when all names are known.
    package mutating func checkRenames() {
        var seen: [NamespaceName: Int] = [:]
        for (name, node) in identities.renames {
            let quoted = PrintableText.quoted(name.text)
            if let line = identities.names[name]?.line {
                report(
                    "`renamed_from` is the name of another namespace, \(quoted)", at: node,
                    suggestion: "that one is on line \(line)")
            }
            if let line = seen[name] {
                report(
                    "two namespaces are renamed from \(quoted)", at: node,
                    suggestion: "the first is on line \(line)")
            } else {
                seen[name] = node.position.line
            }
        }
    }
}
