extension ProfileDecoder {
    /// The conditions of a region block: at least one.
    package mutating func regionMatch(_ node: YamlNode) -> RegionMatch? {
        let keys = [
            "region", "numa_node", "iset_id", "dimms", "type", "persistence_domain", "provider", "min_size",
        ]
        guard let fields = fields(of: node, called: "`match`", keys: keys) else { return nil }
        if case .mapping(let pairs) = node.content, pairs.isEmpty {
            report(
                "`match` has no condition", at: node,
                suggestion: "conditions are \(keys.joined(separator: ", "))")
        }
        return RegionMatch(
            region: regionNumber(in: fields), numaNode: number("numa_node", in: fields),
            interleaveSetID: interleaveSetID(in: fields), dimms: dimms(in: fields),
            type: regionType(in: fields),
            persistenceDomain: word("persistence_domain", in: fields),
            provider: string("provider", in: fields),
            minimumSize: byteCount("min_size", in: fields))
    }

    /// The region's number: `0`, or the kernel's name for it, `region0`, as every listing prints it.
    private mutating func regionNumber(in fields: Fields) -> Int? {
        let prefix = "region"
        guard let node = fields["region"], case .scalar(let value, _) = node.content, value.hasPrefix(prefix)
        else {
            return number("region", in: fields)
        }
        if let number = DeviceNumber.parse(value.dropFirst(prefix.count)) { return number }
        report(
            "`region` must be the number or the kernel's name of a region, not \(PrintableText.quoted(value))",
            at: node, suggestion: "as in `0` or `region0`; daxprov inventory lists them")
        return nil
    }

    /// The cookie as the tools print it: `0x` and hexadecimal digits, or decimal, negative where the tool takes the
    /// 64 bits for signed.
    private mutating func interleaveSetID(in fields: Fields) -> UInt64? {
        guard let node = fields["iset_id"] else { return nil }
        let expected = "an interleave set's id"
        guard case .scalar(let value, _) = node.content, !node.isMissing else {
            reportType(of: node, key: "`iset_id`", expected: expected)
            return nil
        }
        if value.lowercased().hasPrefix("0x"), value.utf8.count > 2,
            let id = UInt64(value.dropFirst(2), radix: 16)
        {
            return id
        }
        if value.first != "+", let id = UInt64(value) { return id }
        if let id = Int64(value), id < 0 { return UInt64(bitPattern: id) }
        report(
            "`iset_id` must be \(expected), not \(PrintableText.quoted(value))", at: node,
            suggestion: "as in `0xf0de5c36aabb0001`, or decimal, of 64 bits")
        return nil
    }

    private mutating func dimms(in fields: Fields) -> [String]? {
        guard let node = fields["dimms"], let items = list(node, key: "dimms") else { return nil }
        if items.isEmpty {
            report("`dimms` is empty", at: node, suggestion: "list the unique id of every DIMM of the region")
        }
        var ids: [String] = []
        var seen: Set<String> = []
        for item in items {
            guard let id = dimmID(item) else { continue }
            if seen.insert(id.lowercased()).inserted {
                ids.append(id)
            } else {
                report("the DIMM \(PrintableText.quoted(id)) is listed twice", at: item)
            }
        }
        return ids
    }

    /// A DIMM's unique id, or its kernel name. CXL devices can have a bare number: that needs no quotes, since nothing
    /// but its digits count.
    private mutating func dimmID(_ node: YamlNode) -> String? {
        if case .scalar(let value, isPlain: true) = node.content, ScalarText.isNumber(value) { return value }
        return string(node, called: "an id in `dimms`")
    }

    private mutating func regionType(in fields: Fields) -> String? {
        fields["type"].flatMap { word($0, key: "type", among: ["pmem"]) }
    }
}
