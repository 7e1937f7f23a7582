import ProvisionCore

/// A profile, as far as a schema can say it: `daxprov validate` checks more, such as names that occur twice.
enum ProfileSchema {
    private typealias Words = SchemaWords

    private static let positive = Words.object(["type": .string("integer"), "minimum": .integer(1)])
    private static let index = Words.count
    private static let unit = "(B|KiB|K|KB|MiB|M|MB|GiB|G|GB|TiB|T|TB)"
    private static let decimal = "(0|[1-9][0-9]*)(\\.[0-9]{1,18})?"
    private static let address = Words.either(index, Words.pattern("^(0[xX][0-9a-fA-F]{1,16}|[0-9]+)$"))
    private static let name = Words.object([
        "type": .string("string"), "minLength": .integer(1), "maxLength": .integer(63),
    ])

    static let root = Words.mapping(
        [
            "version": Words.constant(.integer(1))
        ],
        optional: [
            "unmanaged": Words.words(UnmanagedPolicy.self), "regions": blocks("region"),
            "devices": blocks("dax_region"),
        ],
        and: [
            "anyOf": .array([
                Words.object(["required": .array([.string("regions")])]),
                Words.object(["required": .array([.string("devices")])]),
            ])
        ])

    /// A comparison with a whole percentage.
    private static func bound(_ comparison: String) -> JSONValue {
        Words.pattern("^\(comparison) ?(100|[1-9]?[0-9])%$")
    }

    private static func blocks(_ name: String) -> JSONValue {
        Words.object([
            "type": .string("array"), "minItems": .integer(1), "maxItems": .integer(1024),
            "items": Words.reference(name),
        ])
    }

    /// What a device is used as, and who may open it.
    private static let deviceConfiguration: SchemaWords.Members = [
        "mode": Words.words(DeclaredDeviceMode.self), "online": Words.words(OnlinePolicy.self),
        "memmap_on_memory": Words.flag,
        "owner": Words.either(Words.text, index), "group": Words.either(Words.text, index),
        "permissions": Words.pattern("^0?[0-7]{3}$"),
    ]

    static let definitions: SchemaWords.Members = [
        "region": Words.mapping(
            [
                "match": Words.reference("match"),
                "namespaces": Words.object([
                    "type": .string("array"), "maxItems": .integer(4096),
                    "items": Words.reference("namespace"),
                ]),
            ],
            optional: [
                "each": Words.flag, "labels": Words.words(LabelPolicy.self),
                "require": Words.mapping(
                    [:],
                    optional: [
                        "persistence_domain": Words.words(PersistenceDomain.self),
                        "health": Words.constant(.string("ok")), "life_used": bound("<=?"),
                        "spares": bound(">=?"), "proof": Words.words(ProofRequirement.Kind.self),
                    ]),
            ]),
        "match": Words.mapping(
            [:],
            optional: [
                "region": Words.either(index, Words.pattern("^region[0-9]+$")), "numa_node": index,
                "iset_id": Words.either(Words.number, Words.pattern("^(0[xX][0-9a-fA-F]{1,16}|-?[0-9]+)$")),
                "dimms": Words.object([
                    "type": .string("array"), "minItems": .integer(1), "uniqueItems": .bool(true),
                    "items": Words.either(Words.text, Words.number),
                ]),
                "type": Words.constant(.string("pmem")),
                "persistence_domain": Words.words(PersistenceDomain.self), "provider": Words.text,
                "min_size": Words.reference("fixed_size"),
            ], and: ["minProperties": .integer(1)]),
        "namespace": Words.mapping(
            ["mode": Words.words(NamespaceMode.self)],
            optional: [
                "name": name, "uuid": Words.uuid, "renamed_from": name, "size": Words.reference("size"),
                "usable_size": Words.reference("fixed_size"), "align": Words.reference("fixed_size"),
                "map": Words.words(MapLocation.self), "sector_size": Words.reference("fixed_size"),
                "protect": Words.flag, "zero": Words.flag, "device": Words.reference("device"),
                "require": Words.reference("proof"),
            ],
            and: [
                "not": Words.object(["required": .array([.string("size"), .string("usable_size")])]),
                "dependentRequired": Words.object(["renamed_from": .array([.string("name")])]),
            ]),
        "device": Words.mapping([:], optional: deviceConfiguration),
        "proof": Words.mapping(
            ["proof": Words.words(ProofRequirement.Kind.self)],
            optional: ["page_size": Words.reference("fixed_size")]),
        "dax_region": Words.mapping([
            "match": Words.mapping(
                [:], optional: ["region": index, "target_node": index, "start": address],
                and: ["minProperties": .integer(1)]),
            "devices": Words.object([
                "type": .string("array"), "maxItems": .integer(4096), "items": Words.reference("dax_device"),
            ]),
        ]),
        "dax_device": Words.mapping(
            ["name": name],
            optional: [
                "size": Words.reference("size"), "align": Words.reference("fixed_size"), "start": address,
                "zero": Words.flag,
                "require": Words.mapping(
                    ["proof": Words.constant(.string(ProofRequirement.Kind.memory.rawValue))]),
            ], further: deviceConfiguration),
        "fixed_size": Words.either(positive, Words.pattern("^\(decimal) ?\(unit)?$")),
        "size": Words.either(
            Words.reference("fixed_size"), Words.pattern("^(0|[1-9][0-9]*)(\\.[0-9]{1,6})? ?%$"),
            Words.pattern("^remaining(/[1-9][0-9]{0,3})?$")),
    ]
}
