/// CXL regions and memory devices in inventories and state files, in the words of `cxl list`.
extension CXLRegion {
    /// The region as an object.
    package var json: JSONValue {
        var node = JSONValue.object()
        node.set("region", name)
        node.set("decoder", decoder)
        node.set("interleave_ways", ways)
        node.set("interleave_granularity", granularity)
        node.set("mappings", each: targets.enumerated()) { position, target in
            var item = JSONValue.object()
            item.set("position", position)
            item.set("memdev", target.memdev)
            item.set("serial", target.serial)
            item.set("dpa_resource", target.offset)
            item.set("dpa_size", target.length)
            return item
        }
        return node
    }

    /// Reads what ``json`` writes.
    package init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            name: try node.required("region").string(), decoder: try node.required("decoder").string(),
            granularity: try node.required("interleave_granularity").unit(),
            targets: try node.limitedList("mappings") { item throws(JSONError) in
                CXLTarget(
                    memdev: try item.required("memdev").string(),
                    serial: try item.required("serial").integer(),
                    offset: try item.required("dpa_resource").size(),
                    length: try item.required("dpa_size").size())
            })
    }
}

extension CXLMemdev {
    /// The memory device as an object.
    package var json: JSONValue {
        var node = JSONValue.object()
        node.set("memdev", name)
        node.set("serial", serial)
        node.set("pmem_size", persistentSize)
        node.set("regions", each: regions) { .string($0) }
        return node
    }

    /// Reads what ``json`` writes.
    package init(_ node: JSONCursor) throws(JSONError) {
        self.init(
            name: try node.required("memdev").string(), serial: try node.required("serial").integer(),
            persistentSize: try node.required("pmem_size").size(),
            regions: try node.limitedList("regions") { item throws(JSONError) in try item.string() })
    }
}
