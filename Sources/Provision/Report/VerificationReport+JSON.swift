public import ProvisionCore

extension VerificationReport {
    /// One document.
    public var json: JSONValue {
        var document = JSONValue.object()
        document.set("format_version", PlanReport.formatVersion)
        document.set("tool_version", ToolVersion.current)
        document.set("passed", verification.passes)
        document.set("namespaces", each: verification.findings) { Self.json($0) }
        return document
    }

    private static func json(_ finding: Verification.Finding) -> JSONValue {
        let (namespace, judgement) = (finding.namespace, finding.judgement)
        var node = JSONValue.object()
        node.set("dev", namespace.device)
        node.set("region", finding.region.device)
        node.set("name", namespace.name)
        node.set("raw_uuid", namespace.labelUUID)
        node.set("mode", namespace.mode?.rawValue)
        node.set("blockdev", namespace.blockDevice)
        node.set("chardev", namespace.characterDevice)
        node.set("align", namespace.align)
        node.set("verdict", judgement.verdict.rawValue)
        node.set("passed", judgement.passes)
        node.set("reasons", each: judgement.reasons) { reason($0) }
        node.set("flush", judgement.flush?.rawValue)
        node.set("persistence_domain", finding.region.persistenceDomain.rawValue)
        node.set("write_cache", finding.measurement.writeCache)
        node.set("deep_flush", finding.measurement.deepFlush)
        node.set("queue_dax", finding.measurement.queueSupportsDax)
        if let mapping = judgement.mapping { node.set("mapping", json(mapping)) }
        if !finding.measurement.fileSystems.isEmpty {
            node.set("file_systems", each: finding.measurement.fileSystems) { json($0) }
        }
        if judgement.verdict == .systemMemory {
            node.set(
                "memory",
                memory(
                    finding.namespace.daxDevice?.memory, of: finding.device,
                    node: finding.device?.targetNode ?? finding.namespace.targetNode))
        }
        return node
    }

    static func reason(_ reason: ProofReason) -> JSONValue {
        var node = JSONValue.object()
        node.set("code", reason.code.rawValue)
        node.set("message", reason.message)
        return node
    }

    static func json(_ mapping: MappingMeasurement) -> JSONValue {
        var node = JSONValue.object()
        node.set("map_sync", mapping.isSynchronous)
        node.set("statx_dax", mapping.isDax)
        node.set("address", mapping.address)
        guard let touch = mapping.touch else { return node }
        node.set("access", touch.access.rawValue)
        node.set("length", touch.length)
        node.set("faults", touch.faults)
        switch touch.pages {
        case .uniform(let size): node.set("page_size", size)
        case .mixed:
            node.set("large_pages", touch.largePieces)
            node.set("large_pages_possible", touch.pieces)
        case .unknown: break
        }
        return node
    }

    private static func json(_ system: FileSystemMeasurement) -> JSONValue {
        var node = JSONValue.object()
        node.set("mount_point", system.mountPoint)
        node.set("type", system.type)
        node.set("dax_option", system.daxOption)
        node.set("file", json(system.file))
        if let file = system.attributedFile { node.set("attributed_file", json(file)) }
        return node
    }

    private static func json(_ outcome: MappingOutcome) -> JSONValue {
        switch outcome {
        case .measured(let mapping): return json(mapping)
        case .failed(let reason):
            var node = JSONValue.object()
            node.set("failure", Self.reason(reason))
            return node
        }
    }

    static func memory(
        _ memory: DaxDevice.Memory?, of device: DaxRegion.Device?, node number: Int?
    ) -> JSONValue {
        var node = JSONValue.object()
        node.set("node", number)
        if let memory {
            node.set("online_memblocks", memory.online)
            node.set("total_memblocks", memory.total)
        }
        node.set("zones", each: Set(device?.memoryBlocks?.compactMap(\.zone) ?? []).sorted()) {
            .string($0)
        }
        return node
    }
}
