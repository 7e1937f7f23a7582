/// Layouts of devices of dynamic dax regions in inventories, records and journals.
extension DeviceLayout {
    /// Adds the layout to an object.
    package func describe(in node: inout JSONValue) {
        node.set("align", align)
        switch use {
        case nil: break
        case .devdax?: node.set("mode", DeviceMode.devdax.rawValue)
        case .systemRAM(let online, let memmapOnMemory)?:
            node.set("mode", DeviceMode.systemRAM.rawValue)
            node.set("online", online.rawValue)
            node.setFlag("memmap_on_memory", if: memmapOnMemory)
        }
        node.setFlag("partly_online", if: isPartlyOnline)
        node.set("ranges", each: ranges, Self.node)
        if rights != .none { node.set("rights", rights.json) }
    }

    /// A range as an object, as inventories write it: the end is in it.
    package static func node(_ range: Range<UInt64>) -> JSONValue {
        var item = JSONValue.object()
        item.set("start", range.lowerBound)
        item.set("end", range.upperBound - 1)
        item.set("size", UInt64(range.count))
        return item
    }

    /// The layout as an object.
    package var json: JSONValue {
        var node = JSONValue.object()
        describe(in: &node)
        return node
    }

    /// Reads what ``describe(in:)`` writes.
    package init(_ node: JSONCursor) throws(JSONError) {
        let mode: DeviceMode? = try node.optional("mode")?.word()
        let online: OnlinePolicy? = try node.optional("online")?.word()
        let memmapOnMemory = try node.optional("memmap_on_memory")?.bool() ?? false
        self.init(
            ranges: try node.limitedList("ranges", InventoryReader.range),
            align: try node.required("align").unit(),
            use: mode.map {
                $0 == .devdax ? .devdax : .systemRAM(online ?? .none, memmapOnMemory: memmapOnMemory)
            },
            rights: try node.optional("rights").map { rights throws(JSONError) in try DeviceRights(rights) }
                ?? .none,
            isPartlyOnline: try node.optional("partly_online")?.bool() ?? false)
        guard !ranges.isEmpty, size.bytes < 1 << 61 else {
            throw node.error("has no memory, or more than there can be")
        }
    }
}

extension RecordedDevice {
    /// The device as an object.
    package var json: JSONValue {
        var node = JSONValue.object()
        node.set("name", name)
        layout.describe(in: &node)
        return node
    }

    /// Reads what ``json`` writes.
    package init(_ node: JSONCursor) throws(JSONError) {
        self.init(name: try node.required("name").string(), layout: try DeviceLayout(node))
    }
}

extension DaxRegionIdentity {
    /// Adds the identity to an object.
    package func describe(in node: inout JSONValue) {
        node.set("start", start)
        node.set("size", size)
    }

    /// Reads what ``describe(in:)`` writes.
    package init(_ node: JSONCursor) throws(JSONError) {
        self.init(start: try node.required("start").address(), size: try node.required("size").size())
    }
}

extension DeviceTransition {
    /// The transition as an object.
    package var json: JSONValue {
        var node = JSONValue.object()
        var region = JSONValue.object()
        self.region.describe(in: &region)
        node.set("region", region)
        node.set("name", name)
        node.set("device", device)
        if let before { node.set("from", before.json) }
        if let after { node.set("to", after.json) }
        node.setFlag("zeroes", if: zeroes)
        if !kept.isEmpty { node.set("kept", each: kept, DeviceLayout.node) }
        if !forgotten.isEmpty { node.set("forgotten", each: forgotten, DeviceLayout.node) }
        return node
    }

    /// Reads what ``json`` writes.
    package init(_ node: JSONCursor, regionName: String) throws(JSONError) {
        self.init(
            region: try DaxRegionIdentity(node.required("region")), regionName: regionName,
            name: try node.required("name").string(), device: try node.optional("device")?.string(),
            before: try node.optional("from").map { item throws(JSONError) in try DeviceLayout(item) },
            after: try node.optional("to").map { item throws(JSONError) in try DeviceLayout(item) },
            zeroes: try node.optional("zeroes")?.bool() ?? false,
            kept: try node.limitedList("kept", InventoryReader.range),
            forgotten: try node.limitedList("forgotten", InventoryReader.range))
    }
}
