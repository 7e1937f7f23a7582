extension ProfileDecoder {
    private static let namespaceKeys = [
        "name", "uuid", "renamed_from", "mode", "size", "usable_size", "align", "map", "sector_size",
        "protect", "zero", "device", "require",
    ]

    /// One item of `namespaces:`. What it is called and how much it takes is checked against the others.
    package mutating func namespace(_ node: YamlNode, capacity: inout DeclaredCapacity)
        -> NamespaceDeclaration?
    {
        guard let fields = fields(of: node, called: "a namespace", keys: Self.namespaceKeys) else {
            return nil
        }
        let name = name("name", in: fields)
        let uuid = uuid(in: fields)
        let renamedFrom = renamedFrom(in: fields, name: name)
        declare(name: name, uuid: uuid, renamedFrom: renamedFrom, in: fields)
        require("mode", in: fields, example: "fsdax, devdax, sector or raw")
        let mode: NamespaceMode? = word("mode", in: fields)
        let size = sizeRequest(in: fields)
        if let size { check(size, of: fields, against: &capacity) }
        let align = align(in: fields)
        let map: MapLocation? = word("map", in: fields)
        let sectorSize = sectorSize(in: fields, mode: mode)
        let isProtected = boolean("protect", in: fields)
        let isZeroed = boolean("zero", in: fields)
        let device = fields["device"].flatMap { deviceConfiguration($0) }
        let proof = proofRequirement(in: fields)
        guard let mode else { return nil }
        refuseForeignKeys(of: mode, in: fields)
        let declaration = NamespaceDeclaration(
            name: name, uuid: uuid, renamedFrom: renamedFrom, mode: mode,
            size: size ?? .remaining(divisor: 1),
            align: align, map: map, sectorSize: sectorSize, isProtected: isProtected ?? false,
            isZeroed: isZeroed ?? false, deviceConfiguration: device, proof: proof, position: node.position)
        checkProof(of: declaration, in: fields)
        return declaration
    }

    /// Reports keys that the mode has no use for.
    private mutating func refuseForeignKeys(of mode: NamespaceMode, in fields: Fields) {
        if !mode.isDirectAccess {
            refuse(["align", "map"], in: fields, because: "only for modes fsdax and devdax")
        } else {
            refuse(["sector_size"], in: fields, because: "only for modes sector and raw")
        }
        if mode != .devdax { refuse(["device"], in: fields, because: "only for mode devdax") }
    }

    /// Reports each of `keys` that occurs.
    package mutating func refuse(_ keys: [String], in fields: Fields, because reason: String) {
        for key in keys {
            guard let node = fields.keyNodes[key] else { continue }
            report("`\(key)` is \(reason)", at: node, suggestion: "leave it out")
        }
    }

    package mutating func align(in fields: Fields) -> Alignment? { alignment("align", in: fields) }

    /// The alignment, or the size of a page, that a key declares.
    package mutating func alignment(_ key: String, in fields: Fields) -> Alignment? {
        guard let node = fields[key], let size = byteCount(key, in: fields) else { return nil }
        if let align = Alignment(declarable: size) { return align }
        report("`\(key)` must be 4 KiB, 2 MiB or 1 GiB, not \(size)", at: node)
        return nil
    }

    private mutating func sectorSize(in fields: Fields, mode: NamespaceMode?) -> SectorSize? {
        guard let node = fields["sector_size"], let size = byteCount("sector_size", in: fields) else {
            return nil
        }
        let allowed = mode == .raw ? [512, 4096] : SectorSize.supported
        if let bytes = UInt32(exactly: size.bytes), allowed.contains(bytes) { return SectorSize(bytes) }
        let words = allowed.map(String.init).joined(separator: ", ")
        let whose = mode.map { " in mode \($0.rawValue)" } ?? ""
        report("`sector_size` must be one of \(words)\(whose), not \(size.bytes)", at: node)
        return nil
    }
}
