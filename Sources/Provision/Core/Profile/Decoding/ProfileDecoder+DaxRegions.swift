/// `devices:` of a profile: dynamic dax regions.
extension ProfileDecoder {
    private static let daxDeviceKeys =
        ["name", "size", "align"] + configurationKeys + ["start", "zero", "require"]

    /// The blocks under `devices`; none where the key does not occur.
    package mutating func daxRegionBlocks(in fields: Fields) -> [DaxRegionBlock] {
        guard let node = fields["devices"], let items = list(node, key: "devices") else { return [] }
        if items.isEmpty { report("`devices` is empty", at: node, suggestion: "leave it out") }
        if items.count > Self.maximumRegionCount {
            report(
                "`devices` has more than \(Self.maximumRegionCount) items", at: items[Self.maximumRegionCount]
            )
        }
        var names: [NamespaceName: Int] = [:]
        return items.prefix(Self.maximumRegionCount).compactMap { daxRegionBlock($0, &names) }
    }

    private mutating func daxRegionBlock(
        _ node: YamlNode, _ names: inout [NamespaceName: Int]
    ) -> DaxRegionBlock? {
        guard let fields = fields(of: node, called: "an item of `devices`", keys: ["match", "devices"]) else {
            return nil
        }
        let match = require("match", in: fields, example: "which region, such as `{start: 0x100000000}`")
            .flatMap { daxRegionMatch($0) }
        let example = "a list, or `[]` for a region without devices of ours"
        var declarations: [DaxDeviceDeclaration] = []
        if let node = require("devices", in: fields, example: example),
            let items = list(node, key: "devices")
        {
            var capacity = DeclaredCapacity()
            for item in items where admitsNamespace(at: item) {
                guard let declaration = daxDevice(item, &capacity, &names) else { continue }
                declarations.append(declaration)
            }
        }
        return DaxRegionBlock(
            match: match ?? DaxRegionMatch(), devices: declarations, position: node.position)
    }

    private mutating func daxRegionMatch(_ node: YamlNode) -> DaxRegionMatch? {
        let keys = ["region", "target_node", "start"]
        guard let fields = fields(of: node, called: "`match`", keys: keys) else { return nil }
        if case .mapping(let pairs) = node.content, pairs.isEmpty {
            report(
                "`match` has no condition", at: node,
                suggestion: "conditions are \(keys.joined(separator: ", "))")
        }
        return DaxRegionMatch(
            region: number("region", in: fields), targetNode: number("target_node", in: fields),
            start: address("start", in: fields))
    }

    private mutating func daxDevice(
        _ node: YamlNode, _ capacity: inout DeclaredCapacity, _ names: inout [NamespaceName: Int]
    ) -> DaxDeviceDeclaration? {
        guard
            let fields = fields(of: node, called: "a device", keys: Self.daxDeviceKeys)
        else { return nil }
        require("name", in: fields, example: "the kernel gives devices none")
        let name = name("name", in: fields)
        if let name, let key = fields["name"] {
            if let first = names[name] {
                report(
                    "the name \(PrintableText.quoted(name.text)) is used twice", at: key,
                    suggestion: "it is first on line \(first)")
            }
            if name.text.contains("/") {
                report("the name of a device has no slash", at: key)
            } else if Self.isKernelName(name.text) {
                report(
                    "`name` looks like the kernel's names of devices, which change", at: key,
                    suggestion: "choose a name that says what it is for")
            }
            names[name] = names[name] ?? key.position.line
        }
        let size = sizeRequest(in: fields)
        if let size { check(size, of: fields, against: &capacity) }
        let align = align(in: fields)
        let configuration = configuration(in: fields)
        if configuration.mode == .systemRAM {
            refuse(["zero"], in: fields, because: "only for mode devdax: the kernel clears its own memory")
        }
        let start = address("start", in: fields)
        let zeroes = boolean("zero", in: fields) ?? true
        let proof = proofRequirement(in: fields)
        checkProof(proof, of: configuration, in: fields)
        guard let name else { return nil }
        return DaxDeviceDeclaration(
            name: name, size: size ?? .remaining(divisor: 1), align: align, configuration: configuration,
            start: start, zeroes: zeroes, proof: proof, position: node.position)
    }

    private static func isKernelName(_ name: String) -> Bool {
        let parts = name.dropFirst("dax".count).split(separator: ".", omittingEmptySubsequences: false)
        return name.hasPrefix("dax") && parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// A physical address under a key, as the kernel and the tools write it.
    private mutating func address(_ key: String, in fields: Fields) -> UInt64? {
        guard let node = fields[key] else { return nil }
        guard case .scalar(let value, _) = node.content, !node.isMissing else {
            reportType(of: node, key: "`\(key)`", expected: "a physical address")
            return nil
        }
        let isHexadecimal = value.lowercased().hasPrefix("0x")
        let number = isHexadecimal ? UInt64(value.dropFirst(2), radix: 16) : UInt64(value)
        if let number, value.first != "+", number < 1 << 61 { return number }
        report(
            "`\(key)` must be a physical address, not \(PrintableText.quoted(value))", at: node,
            suggestion: "as in `0x100000000`; daxprov inventory shows them")
        return nil
    }
}
