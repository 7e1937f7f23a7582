extension JournalRecord {
    /// The record as one line of JSON.
    /// - Parameter time: when it is written, in seconds since 1970; nil: it does not tell.
    func json(sequence: Int, time: Int? = nil) -> String {
        let node = JSONNode.object()
        node.set("seq", sequence)
        switch self {
        case .begin(let header):
            node.set("record", "begin")
            header.describe(in: node)
        case .labels(let saved):
            node.set("record", "labels")
            node.set("dimm", saved.dimm)
            node.set("file", saved.file)
            node.set("checksum", saved.checksum)
        case .range(let step, let saved):
            node.set("record", "range")
            node.set("step", step)
            node.set("address", saved.address)
            node.set("length", saved.length)
            node.set("file", saved.file)
            node.set("checksum", saved.checksum)
        case .intent(let step, let identity):
            node.set("record", "intent")
            node.set("time", time)
            node.set("step", step)
            node.set("raw_uuid", identity.label)
            node.set("uuid", identity.infoBlock)
        case .done(let step):
            node.set("record", "done")
            node.set("time", time)
            node.set("step", step)
        case .undo(let reason):
            node.set("record", "undo")
            node.set("time", time)
            node.set("reason", reason)
        case .placeholder(let uuid, let address):
            node.set("record", "placeholder")
            node.set("raw_uuid", uuid)
            node.set("address", address)
        case .end(let end, let after):
            node.set("record", "end")
            node.set("time", time)
            node.set("outcome", end.rawValue)
            if let after { node.set("after", InventoryReport(after).document) }
        }
        return node.text(.compact)
    }

    /// The record that an object describes.
    init(_ node: JSONCursor) throws(JSONError) {
        let word = try node.required("record").string()
        switch word {
        case "begin": self = .begin(try JournalHeader(node))
        case "labels":
            self = .labels(
                SavedLabels(
                    dimm: try node.required("dimm").string(), file: try node.required("file").fileName(),
                    checksum: try node.required("checksum").integer()))
        case "range":
            self = .range(
                step: try node.required("step").integer(),
                SavedRange(
                    address: try node.required("address").address(),
                    length: try node.required("length").size(),
                    file: try node.required("file").fileName(),
                    checksum: try node.required("checksum").integer()))
        case "intent":
            self = .intent(
                step: try node.required("step").integer(),
                FreshIdentity(
                    label: try node.required("raw_uuid").uuid(), infoBlock: try node.required("uuid").uuid()))
        case "done": self = .done(step: try node.required("step").integer())
        case "undo": self = .undo(reason: try node.required("reason").string())
        case "placeholder":
            self = .placeholder(
                try node.required("raw_uuid").uuid(), address: try node.required("address").address())
        case "end":
            self = .end(
                try node.required("outcome").word(),
                after: try node.optional("after").map { after throws(JSONError) in
                    try InventoryReader.read(after.value)
                })
        default: throw node.error("is of the unknown kind '\(word)'")
        }
    }
}

extension JournalHeader {
    fileprivate borrowing func describe(in node: borrowing JSONNode) {
        node.set("format_version", 1)
        node.set("id", id)
        node.set("time", time)
        node.set("tool_version", toolVersion)
        node.set("profile", source)
        node.set("steps", each: steps) { step in
            let item = JSONNode.object()
            item.set("action", step.action)
            item.set("region", step.region)
            item.set("device", step.device)
            item.set("phrase", step.phrase)
            item.set("reversibility", step.reversibility.rawValue)
            item.set("reversibility_reason", step.reversibilityReason)
            return item
        }
        node.set("before", InventoryReport(before).document)
    }

    fileprivate init(_ node: JSONCursor) throws(JSONError) {
        guard try node.required("format_version").integer() == 1 else {
            throw node.error("was written by a version of daxprov that this one does not understand")
        }
        id = try node.required("id").string()
        time = try node.required("time").integer()
        toolVersion = try node.required("tool_version").string()
        source = try node.required("profile").string()
        steps = try node.list("steps") { item throws(JSONError) in
            JournalStep(
                action: try item.required("action").string(), region: try item.required("region").string(),
                device: try item.optional("device")?.string(), phrase: try item.required("phrase").string(),
                reversibility: try item.required("reversibility").word(),
                reversibilityReason: try item.required("reversibility_reason").string())
        }
        before = try InventoryReader.read(try node.required("before").value)
    }
}

extension JSONCursor {
    /// The name of a file in the transaction's own directory: nothing that leads elsewhere.
    fileprivate func fileName() throws(JSONError) -> String {
        let name = try string()
        let isPlain =
            !name.isEmpty && !name.hasPrefix(".")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
        guard isPlain else { throw error("is not the name of a saved file") }
        return name
    }
}
