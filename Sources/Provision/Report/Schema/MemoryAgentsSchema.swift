import ProvisionCore

/// The object that says who else makes memory of dax devices, in an inventory and in a status.
enum MemoryAgentsSchema {
    private typealias Words = SchemaWords

    private static let section = Words.record(
        [
            "file": Words.text, "section": Words.text, "effect": Words.words(DaxctlEffect.Kind.self),
            "message": Words.text,
        ],
        optional: [
            "uuid": Words.uuid, "mode": Words.words(DeviceMode.self),
            "online": Words.words(OnlinePolicy.self),
        ])

    static let record = Words.record(
        [
            "memory_rules": Words.list(
                of: Words.record(["file": Words.text, "brings_online": Words.flag])),
            "dax_rules": Words.texts,
            "daxctl_conf": Words.record(
                ["has_effect": Words.flag, "reason": Words.text, "sections": Words.list(of: section)],
                optional: ["rule": Words.text, "unit": Words.text]),
            "problems": Words.list(of: Words.record(["file": Words.text, "reason": Words.text])),
        ],
        optional: [
            "auto_online_blocks": Words.text, "memhp_default_state": Words.text,
            "config_default_state": Words.text,
        ])
}
