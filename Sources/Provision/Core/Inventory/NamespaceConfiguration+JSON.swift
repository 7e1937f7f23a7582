/// What a namespace is configured as, as members of an object: in inventories, journals, plans and saved plans.
extension NamespaceConfiguration {
    /// Adds an attribute to an object, or nothing where it has no value: sizes and counts as numbers, everything else as
    /// text. Each document has its own order of members, so they are added one by one.
    package func set(_ attribute: Attribute, in node: inout JSONValue) {
        guard let value = self[attribute] else { return }
        switch value {
        case .size(let size): node.set(attribute.rawValue, .number(size.bytes))
        case .number(let number): node.set(attribute.rawValue, .number(number))
        case .word, .words, .hexadecimal, .uuid, .shares, .ranges, .unreadable:
            node.set(attribute.rawValue, .string(value.description))
        }
    }

    /// The configuration that an object describes, within the limits of inventories. The size must be there.
    package init(_ node: JSONCursor) throws(JSONError) {
        func value(_ attribute: Attribute) throws(JSONError) -> JSONCursor? {
            try node.optional(attribute.rawValue)
        }
        self.init(
            name: try value(.name)?.string(), mode: try value(.mode)?.word(),
            rawSize: try node.required(Attribute.rawSize.rawValue).size(), map: try value(.map)?.word(),
            align: try value(.align)?.unit(), sectorSize: try value(.sectorSize)?.integer())
    }
}
