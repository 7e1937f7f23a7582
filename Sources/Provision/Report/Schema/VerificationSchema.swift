import ProvisionCore

/// The document of a verification.
enum VerificationSchema {
    private typealias Words = SchemaWords

    static let root = Words.record([
        "format_version": Words.constant(.integer(1)), "tool_version": Words.text, "passed": Words.flag,
        "namespaces": Words.list(of: Words.reference("namespace")),
    ])

    static let definitions: SchemaWords.Members = [
        "namespace": Words.record(
            [
                "dev": Words.text, "region": Words.text, "verdict": Words.words(ProofVerdict.self),
                "passed": Words.flag, "reasons": Words.list(of: Words.reference("reason")),
                "persistence_domain": Words.words(PersistenceDomain.self),
            ],
            optional: [
                "name": Words.text, "raw_uuid": Words.uuid, "mode": Words.words(NamespaceMode.self),
                "blockdev": Words.text, "chardev": Words.text, "align": Words.count,
                "flush": Words.words(ProofFlush.self), "write_cache": Words.flag, "deep_flush": Words.flag,
                "queue_dax": Words.flag, "mapping": Words.reference("mapping"),
                "file_systems": Words.list(
                    of: Words.record(
                        [
                            "mount_point": Words.text, "type": Words.text,
                            "file": Words.reference("outcome"),
                        ],
                        optional: ["dax_option": Words.text, "attributed_file": Words.reference("outcome")])),
                "memory": memory,
            ]),
        "reason": reason,
        "outcome": Words.either(
            Words.reference("mapping"), Words.record(["failure": Words.reference("reason")])),
        "mapping": mapping,
    ]

    /// Why a verdict is what it is.
    static let reason = Words.record([
        "code": Words.words(ProofReason.Code.self), "message": Words.text,
    ])

    /// How memory was mapped, and what touching it cost.
    static let mapping = Words.record(
        ["map_sync": Words.flag],
        optional: [
            "statx_dax": Words.flag, "address": Words.count,
            "access": Words.words(MappingMeasurement.Access.self), "length": Words.count,
            "faults": Words.count, "page_size": Words.count, "large_pages": Words.count,
            "large_pages_possible": Words.count,
        ])

    /// The memory blocks of a device that is system memory.
    static let memory = Words.record(
        ["zones": Words.texts],
        optional: [
            "node": Words.number, "online_memblocks": Words.count, "total_memblocks": Words.count,
        ])
}
