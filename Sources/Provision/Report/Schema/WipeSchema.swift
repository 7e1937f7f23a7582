import ProvisionCore

/// The document of `wipe`.
enum WipeSchema {
    private typealias Words = SchemaWords

    static let root = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
            "outcome": Words.words(WipeReport.Ending.self), "wipes": Words.list(of: Words.reference("wipe")),
        ],
        optional: [
            "refusals": Words.list(of: PlanSchema.refusal),
            "not_begun": Words.list(
                of: Words.record(
                    ["address": Words.text, "dev": Words.text],
                    optional: ["raw_uuid": Words.uuid, "error": Words.text, "advice": Words.text])),
        ])

    static let definitions: SchemaWords.Members = [
        "wipe": Words.record(
            [
                "id": Words.pattern("^wipe-[0-9a-f]{8}$"), "address": Words.text, "time": Words.number,
                "outcome": Words.words(["unfinished"] + WipeRecord.End.allCases.map(\.rawValue)),
                "scope": Words.words(WipeScope.self), "mode": Words.words(NamespaceMode.self),
                "size": Words.count,
                "reversibility": Words.constant(.string(Reversibility.irreversible.rawValue)),
                "dev": Words.text, "bytes": Words.count,
                "seconds": Words.object(["type": .string("number"), "minimum": .integer(0)]),
                "bytes_per_second": Words.count, "sampled_pages": Words.count,
            ],
            optional: [
                "ended_time": Words.number, "raw_uuid": Words.uuid, "uuid": Words.uuid,
                "zeroed_size": Words.count, "failure": Words.text, "node": Words.text,
                "resumed_at": Words.count, "remark": Words.text, "error": Words.text, "advice": Words.text,
            ])
    ]
}
