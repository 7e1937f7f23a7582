import ProvisionCore

/// A region's identity in records of the state directory.
extension RegionIdentity {
    /// The identity as one object.
    var json: JSONValue {
        var node = JSONValue.object()
        switch self {
        case .interleaveSet(let shares, let granularity):
            node.set("granularity", granularity)
            node.set("dimms", each: shares) { share in
                var item = JSONValue.object()
                item.set("id", share.dimm)
                item.set("position", share.position)
                item.set("offset", share.offset)
                item.set("length", share.length)
                return item
            }
        case .place(let provider, let cookie, let start, let size):
            node.set("provider", provider)
            node.set("cookie", cookie)
            node.set("start", start)
            node.set("size", size)
        }
        return node
    }

    /// Reads what ``json`` writes.
    init(_ cursor: JSONCursor) throws(JSONError) {
        guard try cursor.optional("dimms") == nil else {
            self = .interleaveSet(
                try cursor.list("dimms") { item throws(JSONError) in
                    let position = try item.optional("position").map { number throws(JSONError) -> Int in
                        try number.integer()
                    }
                    return Share(
                        dimm: try item.required("id").string(), position: position,
                        offset: try item.required("offset").size(),
                        length: try item.required("length").size())
                }, granularity: try cursor.optional("granularity")?.unit())
            return
        }
        func number(_ key: String) throws(JSONError) -> UInt64? {
            try cursor.optional(key).map { number throws(JSONError) in try number.integer() }
        }
        self = .place(
            provider: try cursor.required("provider").string(), cookie: try number("cookie"),
            start: try number("start"), size: try cursor.required("size").size())
    }
}
