extension ProfileDecoder {
    /// One item of `regions:`.
    package mutating func regionBlock(_ node: YamlNode) -> RegionBlock? {
        let keys = ["match", "each", "labels", "require", "namespaces"]
        guard let fields = fields(of: node, called: "a region block", keys: keys) else { return nil }
        let match = require("match", in: fields, example: "which region, such as `{numa_node: 0}`")
            .flatMap { regionMatch($0) }
        let each = boolean("each", in: fields)
        let labels: LabelPolicy? = word("labels", in: fields)
        let requirements = fields["require"].flatMap { regionRequirements($0) }
        let namespaces = proving(namespaces(in: fields), requirements?.proof, in: fields)
        return RegionBlock(
            match: match ?? RegionMatch(), appliesToEach: each ?? false, labels: labels ?? .require,
            require: requirements ?? RegionRequirements(), namespaces: namespaces, position: node.position)
    }

    private mutating func namespaces(in fields: Fields) -> [NamespaceDeclaration] {
        let example = "a list, or `[]` for a region without namespaces of ours"
        guard let node = require("namespaces", in: fields, example: example) else { return [] }
        guard let items = list(node, key: "namespaces") else { return [] }
        var capacity = DeclaredCapacity()
        var declarations: [NamespaceDeclaration] = []
        for item in items where admitsNamespace(at: item) {
            guard let declaration = namespace(item, capacity: &capacity) else { continue }
            declarations.append(declaration)
        }
        return declarations
    }
}
