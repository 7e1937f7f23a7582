import ProvisionCore

/// The document of an inventory.
enum InventorySchema {
    private typealias Words = SchemaWords

    static let online = Words.words(["active", "disabled"])
    private static let state = Words.words(["enabled", "disabled"])

    /// What holds the character device of devdax.
    static let device = Words.record(
        ["mode": Words.words(DaxDevice.Mode.self)],
        optional: [
            "driver": Words.text, "online_memblocks": Words.count, "total_memblocks": Words.count,
            "movable": Words.flag, "memmap_on_memory": Words.flag, "system_memory": Words.isTrue,
            "node_missing": Words.isTrue,
        ])

    private static let nodeRights: SchemaWords.Members = [
        "owner": Words.count, "group": Words.count, "permissions": Words.text,
    ]

    /// Whose the device node of devdax is, where it is not root's alone.
    static let rights = Words.record(nodeRights, optional: ["rule": Words.record(nodeRights)])

    /// Physical addresses, the last of which is in the range.
    static let range = Words.record(["start": Words.count, "end": Words.count, "size": Words.count])

    /// A device of a dynamic dax region as daxprov's record has it.
    static let recordedDevice = Words.record(
        ["name": Words.text, "align": Words.count, "ranges": Words.list(of: range)],
        optional: [
            "mode": Words.words(DeviceMode.self), "online": Words.words(OnlinePolicy.self),
            "memmap_on_memory": Words.isTrue, "rights": rights,
        ])

    private static let percentage = Words.count
    private static let temperature = Words.object(["type": .string("number")])

    /// What the firmware of a DIMM tells of its health.
    private static let health = Words.record(
        [:],
        optional: [
            "unknown": Words.words(DimmHealth.Unread.self),
            "health_state": Words.words(DimmHealth.State.self), "temperature_celsius": temperature,
            "controller_temperature_celsius": temperature, "spares_percentage": percentage,
            "alarm_temperature": Words.flag, "alarm_controller_temperature": Words.flag,
            "alarm_spares": Words.flag, "alarm_enabled_media_temperature": Words.flag,
            "alarm_enabled_ctrl_temperature": Words.flag, "alarm_enabled_spares": Words.flag,
            "temperature_threshold": temperature, "controller_temperature_threshold": temperature,
            "spares_threshold": percentage, "life_used_percentage": percentage,
            "shutdown_state": Words.words(DimmHealth.Shutdown.self), "shutdown_count": Words.count,
            "dirty_shutdown": Words.count,
        ])

    private static let extent = Words.record(["offset": Words.count, "length": Words.count])

    /// Media errors, in units of 512 bytes.
    private static let badBlocks = Words.list(
        of: Words.record(["offset": Words.count, "length": Words.count], optional: ["dimms": Words.texts]))

    /// A CXL region, in the words of `cxl list`.
    private static let cxlRegion = Words.record([
        "region": Words.text, "decoder": Words.text, "interleave_ways": Words.count,
        "interleave_granularity": Words.count,
        "mappings": Words.list(
            of: Words.record([
                "position": Words.count, "memdev": Words.text, "serial": Words.count,
                "dpa_resource": Words.count, "dpa_size": Words.count,
            ])),
    ])

    static let root = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
            "buses": Words.list(
                of: Words.record(
                    [
                        "provider": Words.text, "dev": Words.text,
                        "dimms": Words.list(of: Words.reference("dimm")),
                        "regions": Words.list(of: Words.reference("region")),
                    ], optional: ["scrub_state": Words.words(ScrubState.self)])),
        ],
        optional: [
            "host_name": Words.text, "time": Words.pattern("^[0-9-]{10}T[0-9:]{8}Z$"),
            "selection": Words.texts,
            "dax_regions": Words.list(of: Words.reference("dax_region")),
            "fsdev_dax": Words.flag, "soft_reserved_kept": Words.flag,
            "memory_agents": MemoryAgentsSchema.record,
            "cxl_memdevs": Words.list(
                of: Words.record([
                    "memdev": Words.text, "serial": Words.count, "pmem_size": Words.count,
                    "regions": Words.texts,
                ])),
            "memory_hotplug": Words.record(
                ["block_size": Words.count], optional: ["auto_online_blocks": Words.text]),
        ])

    static let definitions: SchemaWords.Members = [
        "dax_region": Words.record(
            [
                "path": Words.text, "id": Words.count, "type": Words.words(DaxRegion.Kind.self),
                "size": Words.count, "devices": Words.list(of: Words.reference("dax_device")),
            ],
            optional: [
                "start": Words.count, "available_size": Words.count, "align": Words.count,
                "system_memory": Words.list(of: range), "recorded": Words.list(of: recordedDevice),
                "namespace": Words.text, "cxl": cxlRegion,
            ]),
        "dax_device": Words.record(
            ["chardev": Words.text, "size": Words.count, "mode": Words.words(["devdax", "system-ram"])],
            optional: [
                "target_node": Words.number, "align": Words.count, "online_memblocks": Words.count,
                "total_memblocks": Words.count, "movable": Words.flag, "memmap_on_memory": Words.flag,
                "state": Words.constant(.string("disabled")), "driver": Words.text,
                "numa_node": Words.number, "name": Words.text,
                "mappings": Words.list(
                    of: Words.record([
                        "page_offset": Words.count, "start": Words.count, "end": Words.count,
                        "size": Words.count,
                    ])),
                "memory_blocks": Words.list(
                    of: Words.record(
                        ["first": Words.count, "count": Words.count, "state": Words.text],
                        optional: ["zone": Words.text])),
                "system_memory": Words.isTrue, "node_missing": Words.isTrue, "rights": rights,
            ]),
        "dimm": Words.record(
            ["dev": Words.text, "state": state],
            optional: [
                "id": Words.text, "id_of_memdev": Words.isTrue, "handle": Words.count, "phys_id": Words.count,
                "flag_failed_map": Words.isTrue, "flag_failed_save": Words.isTrue,
                "flag_failed_arm": Words.isTrue, "flag_failed_restore": Words.isTrue,
                "flag_failed_flush": Words.isTrue, "flag_smart_event": Words.isTrue,
                "security": Words.words(DimmSecurity.self), "security_frozen": Words.isTrue,
                "label_area": Words.record(
                    ["size": Words.count],
                    optional: [
                        "version": Words.words(LabelVersion.self), "slots": Words.count,
                        "available_slots": Words.count,
                    ]),
                "label_area_unread": Words.isTrue, "health": health,
                "firmware": Words.record(
                    ["current_version": Words.count], optional: ["next_version": Words.count]),
            ]),
        "region": Words.record(
            [
                "dev": Words.text, "size": Words.count, "available_size": Words.count,
                "type": Words.constant(.string("pmem")),
                "labels": Words.words(RegionLabelling.allCases.map(\.word)),
                "interleave_ways": Words.count,
                "mappings": Words.list(
                    of: Words.record(
                        ["dimm": Words.text, "offset": Words.count, "length": Words.count],
                        optional: ["position": Words.count])),
                "state": state, "read_only": Words.flag,
                "capabilities": Words.list(
                    of: Words.record(
                        ["mode": Words.words(NamespaceMode.self)],
                        optional: [
                            "alignments": Words.list(of: Words.count),
                            "sector_sizes": Words.list(of: Words.count),
                        ])),
                "persistence_domain": Words.words(PersistenceDomain.self),
                "namespaces": Words.list(of: Words.reference("namespace")),
            ],
            optional: [
                "align": Words.count, "max_available_extent": Words.count, "resource": Words.count,
                "numa_node": Words.number, "target_node": Words.number, "iset_id": Words.count,
                "badblock_count": Words.count, "badblocks": badBlocks, "seed": Words.text,
                "free_extents": Words.list(of: extent),
                "cxl": cxlRegion,
                "uninstantiated_labels": Words.list(
                    of: Words.record(
                        [
                            "offset": Words.count, "length": Words.count, "raw_uuid": Words.uuid,
                            "dimms": Words.texts,
                        ], optional: ["name": Words.text])),
            ]),
        "namespace": Words.record(
            ["dev": Words.text, "state": online, "raw_size": Words.count],
            optional: [
                "mode": Words.words(NamespaceMode.self), "configured_mode": Words.words(NamespaceMode.self),
                "unfinished": Words.words(["never_enabled", "lacks_info_block"]),
                "map": Words.words(MapLocation.self), "resource": Words.count, "size": Words.count,
                "usable_size": Words.count, "extents": Words.count, "uuid": Words.uuid,
                "raw_uuid": Words.uuid, "sector_size": Words.count, "align": Words.count,
                "blockdev": Words.text, "chardev": Words.text, "device": device, "rights": rights,
                "has_content": Words.flag,
                "name": Words.text, "numa_node": Words.number, "target_node": Words.number,
                "badblock_count": Words.count, "badblocks": badBlocks,
            ]),
    ]
}

/// The document of a status.
enum StatusSchema {
    private typealias Words = SchemaWords

    private static let outcomes = ["committed", "incomplete", "rolled_back", "abandoned", "interrupted"]

    static let root = Words.record(
        [
            "format_version": Words.constant(.integer(1)), "tool_version": Words.text,
            "interrupted": Words.texts, "unreadable": Words.list(of: Words.reference("unreadable")),
            "protected": Words.list(
                of: Words.record(
                    ["raw_uuid": Words.uuid],
                    optional: [
                        "name": Words.text, "profile": Words.text, "label_missing": Words.isTrue,
                    ])),
            "unfinished_wipes": Words.list(of: wipe),
        ],
        optional: [
            "last_transaction": Words.reference("transaction"), "last_applied": Words.text,
            "drift_unknown": Words.text, "drift": Words.list(of: Words.reference("difference")),
            "cxl_regions": Words.list(
                of: Words.record([
                    "region": Words.text, "state": Words.words(["missing", "changed"]),
                    "serials": Words.list(of: Words.count), "interleave_ways": Words.count,
                    "interleave_granularity": Words.count, "size": Words.count, "message": Words.text,
                    "advice": Words.text,
                ])),
            "soft_reserved": Words.record(
                ["regions": Words.texts, "message": Words.text, "advice": Words.text]),
            "boot_unit": Words.record(
                ["enabled": Words.flag, "result": Words.words(BootUnit.Result.self)],
                optional: ["exit_status": Words.number]),
            "memory_agents": MemoryAgentsSchema.record,
            "dimms": Words.list(
                of: Words.record(
                    ["dev": Words.text, "reports": Words.texts], optional: ["id": Words.text])),
        ])

    private static let wipe = Words.record(
        [
            "id": Words.text, "address": Words.text, "time": Words.count,
            "outcome": Words.constant(.string("unfinished")),
            "scope": Words.words(WipeScope.self), "mode": Words.words(NamespaceMode.self),
            "size": Words.count,
            "reversibility": Words.constant(.string(Reversibility.irreversible.rawValue)),
        ],
        optional: [
            "raw_uuid": Words.uuid, "uuid": Words.uuid, "ended_time": Words.count, "zeroed_size": Words.count,
            "failure": Words.text,
        ])

    /// A proof as a journal keeps it.
    private static let proof = Words.record(
        ["address": Words.text, "proof": Words.words(ProofRequirement.Kind.self)],
        optional: [
            "page_size": Words.count, "outcome": Words.words(ProofOutcome.self),
            "verdict": Words.words(ProofVerdict.self), "reasons": Words.texts,
        ])

    static let definitions: SchemaWords.Members = [
        "unreadable": Words.record(
            ["id": Words.text, "outcome": Words.constant(.string("unreadable")), "error": Words.text],
            optional: ["advice": Words.text, "steps": Words.object(["maxItems": .integer(0)])]),
        "transaction": Words.record(
            [
                "id": Words.text, "time": Words.number, "profile": Words.text,
                "outcome": Words.words(outcomes),
            ],
            optional: [
                "ended_time": Words.number, "undo_reason": Words.text,
                "proofs": Words.list(of: proof),
                "rollback": Words.record(["time": Words.number, "undone": Words.words(outcomes)]),
            ]),
        "difference": Words.record(
            [
                "address": Words.text, "kind": Words.words(["changed", "missing", "unexpected"]),
                "changes": Words.list(
                    of: Words.record(
                        ["property": Words.text], optional: ["before": Words.text, "after": Words.text])),
                "message": Words.text,
            ]),
    ]
}
