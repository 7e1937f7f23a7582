import ProvisionCore
import ProvisionHost

extension JournalRecord {
    /// The record as one line of JSON.
    /// - Parameter time: when it is written, in seconds since 1970; nil: it does not tell.
    func json(sequence: Int, time: Int? = nil) -> String {
        var node = JSONValue.object()
        node.set("seq", sequence)
        switch self {
        case .begin(let header):
            node.set("record", "begin")
            header.describe(in: &node)
        case .labels(let saved):
            node.set("record", "labels")
            node.set("dimm", saved.dimm)
            node.set("file", saved.file)
            node.set("checksum", saved.checksum)
        case .range(let step, let saved):
            node.set("record", "range")
            node.set("step", step)
            saved.place.describe(in: &node)
            node.set("length", saved.length)
            node.set("file", saved.file)
            node.set("checksum", saved.checksum)
        case .sample(let step, let sample):
            node.set("record", "sample")
            node.set("step", step)
            node.set("sample", sample.json)
        case .look(let step, let device):
            node.set("record", "look")
            node.set("step", step)
            node.set("device", device)
        case .intent(let step, let identity):
            node.set("record", "intent")
            node.set("time", time)
            node.set("step", step)
            node.set("raw_uuid", identity.labelUUID)
            node.set("uuid", identity.infoBlock)
        case .done(let step, let result):
            node.set("record", "done")
            node.set("time", time)
            node.set("step", step)
            if let namespace = result.namespace { node.set("namespace", InventoryReport.node(namespace)) }
            if let sample = result.sample { node.set("sample", sample.json) }
            node.set("margins", result.margins?.sum)
        case .undo(let reason, let agreed, let failure):
            node.set("record", "undo")
            node.set("time", time)
            node.set("reason", reason)
            if !agreed.isEmpty { node.set("agreed", each: agreed) { .string($0) } }
            if let failure { node.set("failure", failure.json) }
        case .accounted(let step, let ranges):
            node.set("record", "accounted")
            node.set("step", step)
            node.set("ranges", each: ranges) { range in
                var item = JSONValue.object()
                item.set("offset", range.offset)
                item.set("length", range.length)
                return item
            }
        case .placeholder(let uuid, let place):
            node.set("record", "placeholder")
            node.set("raw_uuid", uuid)
            place.describe(in: &node)
        case .returned(let uuid, let bootID):
            node.set("record", "returned")
            node.set("raw_uuid", uuid)
            node.set("boot_id", bootID)
        case .expected(let step, let sample):
            node.set("record", "expected")
            node.set("step", step)
            node.set("sample", sample.json)
        case .labelsRestored(let region):
            node.set("record", "labels_restored")
            node.set("region", region.device)
        case .memoryPolicy(let policy):
            node.set("record", "memory_policy")
            node.set("policy", policy)
        case .foundMemory(let online, let offline):
            node.set("record", "found_memory")
            node.set("online", each: online, DeviceLayout.node)
            node.set("offline", each: offline, DeviceLayout.node)
        case .memoryStays(let ranges):
            node.set("record", "memory_stays")
            node.set("ranges", each: ranges, DeviceLayout.node)
        case .kept(let devices):
            node.set("record", "kept")
            node.set("devices", each: devices) { $0.json }
        case .proofs(let proofs):
            node.set("record", "proofs")
            node.set("proofs", each: proofs) { ProofText.json($0) }
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
                    place: try Place(node),
                    length: try node.required("length").size(),
                    file: try node.required("file").fileName(),
                    checksum: try node.required("checksum").integer()))
        case "look":
            self = .look(
                step: try node.required("step").integer(), device: try node.required("device").string())
        case "intent":
            self = .intent(
                step: try node.required("step").integer(),
                FreshIdentity(
                    labelUUID: try node.required("raw_uuid").uuid(),
                    infoBlock: try node.required("uuid").uuid()))
        case "sample":
            self = .sample(
                step: try node.required("step").integer(), try MediaSample(node.required("sample")))
        case "done":
            self = .done(
                step: try node.required("step").integer(),
                StepResult(
                    namespace: try node.optional("namespace").map { item throws(JSONError) in
                        try InventoryReader.namespace(item)
                    },
                    sample: try node.optional("sample").map { item throws(JSONError) in
                        try MediaSample(item)
                    },
                    margins: try node.optional("margins").map { sum throws(JSONError) in
                        MemoryMargins(sum: try sum.integer())
                    }))
        case "undo":
            self = .undo(
                reason: try node.required("reason").string(),
                agreed: try node.list("agreed") { item throws(JSONError) in try item.string() },
                failure: try node.optional("failure").map { item throws(JSONError) in
                    try StepFailure(item)
                })
        case "accounted":
            self = .accounted(
                step: try node.required("step").integer(),
                try node.list("ranges") { item throws(JSONError) in
                    Extent(
                        offset: try item.required("offset").size(),
                        length: try item.required("length").size())
                })
        case "placeholder": self = .placeholder(try node.required("raw_uuid").uuid(), try Place(node))
        case "returned":
            self = .returned(
                try node.required("raw_uuid").uuid(), bootID: try node.optional("boot_id")?.string())
        case "expected":
            self = .expected(
                step: try node.required("step").integer(), try MediaSample(node.required("sample")))
        case "labels_restored":
            self = .labelsRestored(RegionThen(device: try node.required("region").string()))
        case "found_memory":
            self = .foundMemory(
                online: try node.limitedList("online", InventoryReader.range),
                offline: try node.limitedList("offline", InventoryReader.range))
        case "memory_stays": self = .memoryStays(try node.limitedList("ranges", InventoryReader.range))
        case "kept":
            self = .kept(try node.list("devices") { item throws(JSONError) in try KeptDevice(item) })
        case "proofs":
            self = .proofs(try node.list("proofs") { item throws(JSONError) in try RecordedProof(item) })
        case "memory_policy": self = .memoryPolicy(try node.required("policy").string())
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
    fileprivate func describe(in node: inout JSONValue) {
        node.set("format_version", Self.formatVersion)
        node.set("id", id)
        node.set("time", time)
        node.set("tool_version", toolVersion)
        node.set("profile", source)
        node.setFlag("after_boot", if: isAfterBoot)
        node.setFlag("clears_errors", if: clearsErrors)
        // Before the steps: a summary is read from what stands before them.
        if !proves.isEmpty { node.set("proves", each: proves) { ProofText.json($0) } }
        node.set("steps", each: steps) { step in
            var item = JSONValue.object()
            item.set("action", step.kind.rawValue)
            item.set("region", step.region)
            item.set("device", step.device)
            item.set("phrase", step.phrase)
            item.set("reversibility", step.reversibility.rawValue)
            item.set("reversibility_reason", step.reversibilityReason)
            if let transition = step.transition { item.set("dax_device", transition.json) }
            if let errors = step.errors {
                var range = JSONValue.object()
                range.set("offset", errors.offset)
                range.set("length", errors.length)
                item.set("errors", range)
            }
            item.setFlag("makes_memory", if: step.makesMemory)
            return item
        }
        node.set("boot_id", bootID)
        if !protects.isEmpty {
            node.set("protects", each: protects) { protected in
                var item = JSONValue.object()
                item.set("region", protected.region.device)
                item.set("name", protected.name)
                item.set("uuid", protected.uuid)
                return item
            }
        }
        // Last: what reads a journal without its inventories cuts the record off here.
        node.set("before", InventoryReport(before).document)
    }

    /// The format that is written. Format 1 has addresses where this one has places in regions, and no samples; it is read.
    private static let formatVersion = 2

    /// The formats that are read.
    static let formats = 1...formatVersion

    fileprivate init(_ node: JSONCursor) throws(JSONError) {
        guard Self.formats.contains(try node.required("format_version").integer()) else {
            throw node.error("was written by a version of daxprov that this one does not understand")
        }
        id = try node.required("id").string()
        time = try node.required("time").integer()
        toolVersion = try node.required("tool_version").string()
        source = try node.required("profile").string()
        isAfterBoot = try node.optional("after_boot")?.bool() ?? false
        clearsErrors = try node.optional("clears_errors")?.bool() ?? false
        steps = try node.list("steps") { item throws(JSONError) in
            let region = try item.required("region").string()
            return JournalStep(
                kind: try item.required("action").word(), region: region,
                device: try item.optional("device")?.string(), phrase: try item.required("phrase").string(),
                reversibility: try item.required("reversibility").word(),
                reversibilityReason: try item.required("reversibility_reason").string(),
                transition: try item.optional("dax_device").map { node throws(JSONError) in
                    try DeviceTransition(node, regionName: region)
                },
                errors: try item.optional("errors").map { range throws(JSONError) in
                    Extent(
                        offset: try range.required("offset").size(),
                        length: try range.required("length").size())
                }, makesMemory: try item.optional("makes_memory")?.bool() ?? false)
        }
        before = try InventoryReader.read(try node.required("before").value)
        bootID = try node.optional("boot_id")?.string()
        proves = try node.list("proves") { item throws(JSONError) in try RecordedProof(item) }
        protects = try node.list("protects") { item throws(JSONError) in
            ProtectedName(
                region: RegionThen(device: try item.required("region").string()),
                name: try item.optional("name")?.string(), uuid: try item.optional("uuid")?.uuid())
        }
    }
}

extension Place {
    fileprivate func describe(in node: inout JSONValue) {
        switch self {
        case .offset(let offset, let region):
            node.set("offset", offset)
            node.set("region", region?.device)
        case .address(let address): node.set("address", address)
        }
    }

    fileprivate init(_ node: JSONCursor) throws(JSONError) {
        if let offset = try node.optional("offset") {
            let region = try node.optional("region")?.string()
            self = .offset(try offset.size(), region: region.map { RegionThen(device: $0) })
        } else {
            self = .address(try node.required("address").address())
        }
    }
}

extension MediaSample {
    fileprivate var json: JSONValue {
        var node = JSONValue.object()
        node.set("view", view.rawValue)
        node.set("offset", range.offset)
        node.set("length", range.length)
        node.set("sums", each: sums) { .number($0) }
        return node
    }

    fileprivate init(_ node: JSONCursor) throws(JSONError) {
        let range = Extent(
            offset: try node.required("offset").size(), length: try node.required("length").size())
        let sums = try node.list("sums") { sum throws(JSONError) -> UInt32 in try sum.integer() }
        guard sums.count == Self.offsets(in: range).count else {
            throw node.error("does not have a checksum for each place")
        }
        self.init(view: try node.required("view").word(), range: range, sums: sums)
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
