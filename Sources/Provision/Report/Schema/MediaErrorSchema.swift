import ProvisionCore
import ProvisionHost

/// The documents of `errors list`, `errors clear` and `errors scrub`.
enum MediaErrorSchema {
    private typealias Words = SchemaWords

    static let list = Words.record([
        "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
        "errors": Words.list(of: Words.reference("media_error")),
        "unknown": Words.list(
            of: Words.record([
                "region": Words.text, "code": Words.words(MediaErrorSurvey.Gap.Reason.self),
                "message": Words.text,
            ])),
    ])

    static let clearing = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
            "outcome": Words.words(ErrorClearingReport.Outcome.self), "region": Words.text,
            "errors": Words.list(of: Words.reference("media_error")),
        ],
        optional: [
            "namespace": Words.text, "name": Words.text, "raw_uuid": Words.uuid,
            "refusals": Words.list(of: PlanSchema.refusal),
            "ranges": Words.list(of: Words.reference("cleared_range")),
            "content": Words.words(ErrorClearing.Content.self),
            "lost_sectors": Words.list(of: place), "error": ApplySchema.error, "transaction": Words.text,
        ])

    static let scrub = Words.record([
        "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
        "buses": Words.list(
            of: Words.record(
                [
                    "dev": Words.text, "provider": Words.text,
                    "outcome": Words.words(ScrubReport.Outcome.self),
                ],
                optional: ["scrubs": Words.count])),
    ])

    static let definitions: SchemaWords.Members = [
        "media_error": Words.record(
            [
                "region": Words.text, "offset": sectors, "length": sectors,
                "part": Words.words(MediaError.Part.self),
                "listed_by": Words.list(of: Words.words(MediaError.List.self)),
            ],
            optional: [
                "address": Words.count, "namespace": Words.text, "name": Words.text, "raw_uuid": Words.uuid,
                "mode": Words.words(NamespaceMode.self), "namespace_offset": Words.count,
                "data_offset": Words.count, "dimms": Words.texts, "blocks": Words.texts,
            ]),
        "cleared_range": Words.record(
            ["address": Words.count, "offset": sectors, "length": sectors, "cleared": Words.flag],
            optional: ["unread": Words.text, "error": ApplySchema.error]),
    ]

    private static let place = Words.record(["offset": sectors, "length": sectors])

    /// Bytes, as the kernel counts errors: whole units of 512.
    private static let sectors = Words.object([
        "type": .string("integer"), "minimum": .integer(0), "multipleOf": .integer(512),
    ])
}
