package import ProvisionCore

/// Writing the state file. Equal states give equal text.
extension SimulatedState {
    package var json: JSONValue {
        var host = JSONValue.object()
        host.set("booted", true)
        host.set("buses", .array(of: buses) { busJSON($0) })
        host.set("info_blocks", .array(of: infoBlocks.sorted { $0.key < $1.key }) { Self.blockJSON($0, $1) })
        setDaxRegions(in: &host)
        setRights(in: &host)
        if boots > 0 { host.set("boots", boots) }
        if !pages.isEmpty {
            host.set("pages", .array(of: pages.sorted { $0.key < $1.key }) { Self.pageJSON($0, $1) })
        }
        if !writtenTables.isEmpty {
            host.set("written_tables", .array(of: writtenTables.map(\.description).sorted()) { .string($0) })
        }
        if !busy.isEmpty {
            var list = JSONValue.object()
            for (name, holder) in busy.sorted(by: { $0.key < $1.key }) {
                list.set(name, .string(holder))
            }
            host.set("busy", list)
        }
        if let fault { host.set("fault", fault.json) }
        var root = JSONValue.object()
        root.set("format_version", 1)
        root.set("simulated_host", host)
        return root
    }

    private static func pageJSON(_ address: UInt64, _ value: UInt64) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", Hexadecimal.number(address))
        node.set("value", Hexadecimal.number(value))
        return node
    }

    private func busJSON(_ bus: SimulatedBus) -> JSONValue {
        var node = JSONValue.object()
        node.set("provider", bus.provider)
        node.set("scrub_state", bus.scrubState?.rawValue)
        node.set("dimms", .array(of: bus.dimms) { $0.json })
        node.set("regions", .array(of: bus.regions) { regionJSON($0) })
        return node
    }

    private func regionJSON(_ region: SimulatedRegion) -> JSONValue {
        var node = JSONValue.object()
        node.set("resource", Hexadecimal.number(region.resource))
        node.set("size", region.size.description)
        node.set("align", region.align.description)
        node.set("mappings", .array(of: region.mappings) { mappingJSON($0) })
        node.set("iset_id", region.interleaveSetID.map(Hexadecimal.number))
        node.set("interleave_granularity", region.granularity?.description)
        node.set("numa_node", region.numaNode)
        node.set("target_node", region.targetNode)
        node.set("persistence_domain", region.persistenceDomain.rawValue)
        node.set("read_only", region.isReadOnly)
        if !region.badBlocks.isEmpty {
            node.set("badblocks", .array(of: region.badBlocks) { Self.rangeJSON($0) })
        }
        node.setFlag("has_content", if: region.hasContent)
        node.set("enabled", region.isEnabled)
        node.set("labelling", region.labelling.rawValue)
        node.set("seed", region.seed)
        let claims = region.claims.sorted { $0.key.rawValue < $1.key.rawValue }
        if !claims.isEmpty { node.set("claims", .array(of: claims) { $1.json($0) }) }
        node.set("namespaces", .array(of: region.namespaces) { $0.json })
        return node
    }

    private func mappingJSON(_ mapping: SimulatedMapping) -> JSONValue {
        var node = JSONValue.object()
        node.set("dimm", dimms[mapping.dimm].id)
        node.set("offset", mapping.offset.description)
        node.set("length", mapping.length.description)
        return node
    }

    private static func rangeJSON(_ range: BadBlocks) -> JSONValue {
        var node = JSONValue.object()
        node.set("offset", range.offset)
        node.set("length", range.length)
        return node
    }

    package static func blockJSON(_ address: UInt64, _ block: SimulatedInfoBlock) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", Hexadecimal.number(address))
        node.set("kind", block.kind.rawValue)
        node.set("uuid", block.uuid)
        node.set("parent_uuid", block.parent)
        node.set("map", block.map?.rawValue)
        node.set("align", block.align?.description)
        node.set("sector_size", block.sectorSize?.bytes)
        return node
    }
}

extension SimulatedDimm {
    fileprivate var json: JSONValue {
        var node = JSONValue.object()
        node.set("id", id)
        node.set("handle", handle)
        node.set("phys_id", physicalID)
        node.set("size", size.description)
        node.set("label_size", labelAreaSize?.description)
        node.set("labels", labelVersion?.rawValue ?? "none")
        node.set("enabled", isEnabled)
        node.set("labelling", hasLabelling)
        if !flags.isEmpty { node.set("flags", .array(of: flags) { .string($0.rawValue) }) }
        node.set("security", security?.rawValue)
        health?.set(inDimm: &node)
        return node
    }
}

extension SimulatedNamespace {
    fileprivate var json: JSONValue {
        var node = JSONValue.object()
        node.set("number", number)
        node.set("uuid", uuid)
        node.set("name", name.isEmpty ? nil : name)
        node.set("offset", offset.description)
        node.set("size", size.description)
        node.set("holder_class", holderClass?.rawValue)
        node.set("sector_size", sectorSize == 0 ? nil : sectorSize)
        node.setFlag("force_raw", if: isForcedRaw)
        node.set("active", isActive)
        node.setFlag("written", if: isWritten)
        node.set("memory", memory?.rawValue)
        node.setFlag("memmap_on_memory", if: hasMemmapOnMemory)
        if let nodeRights { node.set("node_rights", nodeRights.json) }
        return node
    }
}

extension SimulatedClaim {
    fileprivate func json(_ kind: SimulatedClaimKind) -> JSONValue {
        var node = JSONValue.object()
        node.set("kind", kind.rawValue)
        node.set("uuid", uuid)
        node.set("map", map?.rawValue)
        node.set("align", align.description)
        node.set("sector_size", sectorSize?.bytes)
        node.set("namespace", namespace)
        return node
    }
}

extension SimulatedFault {
    fileprivate var json: JSONValue {
        var node = JSONValue.object()
        node.set("operation", operation)
        switch kind {
        case .fail(let errno):
            node.set("kind", "fail")
            node.set("errno", errno)
        case .crash: node.set("kind", "crash")
        case .kill: node.set("kind", "kill")
        }
        return node
    }
}
