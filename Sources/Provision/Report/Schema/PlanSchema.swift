import ProvisionCore

/// The document of a plan, and what other documents have of it.
enum PlanSchema {
    private typealias Words = SchemaWords

    static let root = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text, "profile": Words.text,
            "changes": Words.list(of: Words.reference("change")), "unchanged": Words.texts,
            "unmanaged": Words.list(of: Words.reference("unmanaged")),
            "refusals": Words.list(of: Words.reference("refusal")),
            "notes": Words.list(of: Words.reference("note")), "fingerprint": Words.pattern("^[0-9a-f]{16}$"),
        ],
        optional: [
            "limits": Words.list(of: Words.reference("limit")),
            "not_restored": Words.list(of: Words.reference("refusal")),
            "proofs": Words.list(of: proof),
        ])

    private static let proof = Words.record(
        ["address": Words.text, "proof": Words.words(ProofRequirement.Kind.self)],
        optional: ["page_size": Words.count])

    private static let summary: SchemaWords.Members = [
        "name": Words.text, "mode": Words.words(NamespaceMode.self), "usable_size": Words.count,
        "map": Words.words(MapLocation.self), "align": Words.count, "sector_size": Words.count,
        "resource": Words.count, "raw_uuid": Words.uuid, "device": InventorySchema.device,
        "rights": InventorySchema.rights, "mappings": Words.list(of: InventorySchema.range),
    ]

    static let step = Words.record(
        ["action": Words.words(StepKind.self), "region": Words.text],
        optional: [
            "device": Words.text, "resource": Words.count, "raw_size": Words.count, "raw_uuid": Words.uuid,
            "backup_size": Words.count,
        ])

    static let refusal = Words.record(
        ["code": Words.words(Refusal.Code.self), "address": Words.text, "message": Words.text],
        optional: [
            "line": Words.count, "column": Words.count, "advice": Words.text,
            "holders": Words.list(of: holder),
        ])

    private static let note = Words.record(
        ["code": Words.words(Note.Code.self), "address": Words.text, "message": Words.text],
        optional: ["advice": Words.text, "holders": Words.list(of: holder)])

    private static let holder = Words.record(
        ["kind": Words.words(Holder.Kind.self), "device": Words.text, "text": Words.text],
        optional: ["pid": Words.count, "command": Words.text, "advice": Words.text])

    static let definitions: SchemaWords.Members = [
        "change": Words.record(
            [
                "address": Words.text, "kind": Words.words(Change.Kind.self),
                "actions": Words.list(of: Words.words(["create", "update", "delete"])),
                "before": Words.either(Words.reference("summary"), Words.constant(.null)),
                "after": Words.either(Words.reference("summary"), Words.constant(.null)),
                "reason": Words.text, "reversibility": Words.words(Reversibility.self),
                "reversibility_reason": Words.text, "data_loss": Words.flag,
                "steps": Words.list(of: Words.reference("step")),
            ],
            optional: [
                "consent": Words.text,
                "contents": Words.list(
                    of: Words.record(
                        ["kind": Words.words(Signature.Kind.self), "type": Words.text],
                        optional: ["label": Words.text, "uuid": Words.text])),
            ]),
        "summary": Words.record(
            ["raw_size": Words.count, "state": InventorySchema.online], optional: summary),
        "unmanaged": Words.record(
            ["raw_size": Words.count, "state": InventorySchema.online, "address": Words.text],
            optional: summary),
        "step": step, "refusal": refusal, "note": note,
        "limit": Words.record(
            [
                "code": Words.text, "unknown": Words.text, "consequence": Words.text, "remedy": Words.text,
            ], optional: ["devices": Words.texts]),
    ]
}

/// The document of an application.
enum ApplySchema {
    private typealias Words = SchemaWords

    static let root = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
            "outcome": Words.words([
                "unchanged", "refused", "stale", "applied", "unproven", "incomplete", "unconfirmed", "undone",
                "partial",
            ]),
            "plan": PlanSchema.root, "done": Words.list(of: Words.reference("step")),
        ],
        optional: [
            "transaction": Words.text, "made": Words.list(of: made), "undo": Words.text,
            "refusals": Words.list(of: Words.reference("refusal")),
            "differences": Words.list(of: Words.record(["address": Words.text, "message": Words.text])),
            "failed": Words.reference("step"), "error": error, "undo_error": error,
            "regions_after_reboot": Words.texts,
            "returned": Words.list(
                of: Words.record(
                    ["name": Words.text],
                    optional: ["places_looked_at": Words.count, "places_changed": Words.count])),
            "left": Words.texts, "remaining": Words.texts,
            "not_restored": Words.list(of: Words.reference("refusal")),
            "proofs": Words.list(of: proof),
        ])

    private static let proof = Words.record(
        [
            "address": Words.text, "proof": Words.words(ProofRequirement.Kind.self),
            "outcome": Words.words(ProofOutcome.self), "verdict": Words.words(ProofVerdict.self),
            "reasons": Words.list(of: VerificationSchema.reason),
        ],
        optional: [
            "page_size": Words.count, "mapping": VerificationSchema.mapping,
            "memory": VerificationSchema.memory,
        ])

    private static let made = Words.record(
        ["address": Words.text, "dev": Words.text, "raw_size": Words.count],
        optional: [
            "name": Words.text, "mode": Words.words(NamespaceMode.self), "node": Words.text,
            "raw_uuid": Words.uuid, "uuid": Words.uuid, "resource": Words.count, "usable_size": Words.count,
        ])

    /// Why a step, or a range, failed.
    static let error = Words.record(
        ["kind": Words.text, "reason": Words.text],
        optional: [
            "operation": Words.text, "device": Words.text, "errno": Words.count,
            "undo_failures": Words.texts, "losses": Words.texts, "advice": Words.text,
        ])

    static let definitions = PlanSchema.definitions
}
