package import ProvisionCore

/// Stores as lines of JSON, for ``SimulatedStoreLog``.
extension SimulatedStore {
    /// The store as one line.
    package var line: String {
        var node = JSONValue.object()
        switch self {
        case .uuid(let id, let uuid):
            Self.describe(&node, "uuid", id)
            node.set("uuid", uuid)
        case .name(let id, let name):
            Self.describe(&node, "name", id)
            node.set("name", name)
        case .size(let id, let size):
            Self.describe(&node, "size", id)
            node.set("size", size)
        case .sectorSize(let id, let size):
            Self.describe(&node, "sector_size", id)
            node.set("sector_size", size)
        case .holderClass(let id, let kind):
            Self.describe(&node, "holder_class", id)
            node.set("kind", kind?.rawValue)
        case .forceRaw(let id, let raw):
            Self.describe(&node, "force_raw", id)
            node.set("raw", raw)
        case .enable(let id): Self.describe(&node, "enable", id)
        case .deviceUse(let id, let use):
            Self.describe(&node, "device_use", id)
            if case .systemRAM(let online, let memmapOnMemory) = use {
                node.set("online", online.rawValue)
                node.setFlag("memmap_on_memory", if: memmapOnMemory)
            }
        case .rights(let id, let rights):
            Self.describe(&node, "rights", id)
            node.set("rights", rights.json)
        case .removeRule(let uuid):
            node.set("store", "remove_rule")
            node.set("uuid", uuid)
        case .dax(let store): store.describe(in: &node)
        case .memoryPolicy(let policy):
            node.set("store", "memory_policy")
            node.set("policy", policy)
        case .disable(let id): Self.describe(&node, "disable", id)
        case .zeroInfoBlock(let id): Self.describe(&node, "zero_info_block", id)
        case .media(let address, let bytes):
            node.set("store", "media")
            node.set("address", address)
            node.set("bytes", Hexadecimal.text(bytes))
        case .zeroMedia(let address, let length):
            node.set("store", "zero_media")
            node.set("address", address)
            node.set("length", length)
        case .clearErrors(let region, let range):
            node.set("store", "clear_errors")
            node.set("region", region)
            node.set("offset", range.offset)
            node.set("length", range.length)
        case .claimUUID, .claimMap, .claimAlign, .claimSectorSize, .claimNamespace, .enableClaim:
            describeClaim(&node)
        case .enableRegion, .disableRegion, .enableDimm, .disableDimm, .labelIndex:
            describeDevice(&node)
        }
        return node.text(.compact)
    }

    private static func describe(_ node: inout JSONValue, _ word: String, _ id: SimulatedNamespaceID) {
        node.set("store", word)
        node.set("region", id.region)
        node.set("number", id.number)
    }

    private func describeClaim(_ node: inout JSONValue) {
        func describe(_ word: String, _ id: SimulatedClaimID) {
            node.set("store", word)
            node.set("region", id.region)
            node.set("kind", id.kind.rawValue)
        }
        switch self {
        case .claimUUID(let id, let uuid):
            describe("claim_uuid", id)
            node.set("uuid", uuid)
        case .claimMap(let id, let map):
            describe("claim_map", id)
            node.set("map", map.rawValue)
        case .claimAlign(let id, let align):
            describe("claim_align", id)
            node.set("align", align.size.description)
        case .claimSectorSize(let id, let size):
            describe("claim_sector_size", id)
            node.set("sector_size", size.bytes)
        case .claimNamespace(let id, let number):
            describe("claim_namespace", id)
            node.set("number", number)
        case .enableClaim(let id): describe("enable_claim", id)
        default: break
        }
    }

    private func describeDevice(_ node: inout JSONValue) {
        func describe(_ word: String, _ number: Int) {
            node.set("store", word)
            node.set("number", number)
        }
        switch self {
        case .enableRegion(let number): describe("enable_region", number)
        case .disableRegion(let number): describe("disable_region", number)
        case .enableDimm(let number): describe("enable_dimm", number)
        case .disableDimm(let number): describe("disable_dimm", number)
        case .labelIndex(let number, let version):
            describe("label_index", number)
            node.set("version", version?.rawValue)
        default: break
        }
    }

    /// The store that an object describes.
    package init(_ node: JSONCursor) throws(JSONError) {
        let word = try node.required("store").string()
        if let device = try Self.device(word, node) {
            self = device
            return
        }
        if let claim = try Self.claim(word, node) {
            self = claim
            return
        }
        if let dax = try SimulatedDaxStore(word, node) {
            self = .dax(dax)
            return
        }
        if word == "media" {
            let field = try node.required("bytes")
            guard let bytes = Hexadecimal.bytes(try field.string()) else {
                throw field.error("has no hexadecimal bytes")
            }
            self = .media(address: try node.required("address").integer(), bytes)
            return
        }
        if word == "zero_media" {
            self = .zeroMedia(
                address: try node.required("address").integer(), try node.required("length").size())
            return
        }
        if word == "clear_errors" {
            self = .clearErrors(
                region: try node.required("region").integer(),
                Extent(
                    offset: try node.required("offset").size(), length: try node.required("length").size()))
            return
        }
        if word == "remove_rule" {
            self = .removeRule(try node.required("uuid").uuid())
            return
        }
        if word == "memory_policy" {
            self = .memoryPolicy(try node.required("policy").string())
            return
        }
        let id = SimulatedNamespaceID(
            region: try node.required("region").integer(), number: try node.required("number").integer())
        switch word {
        case "uuid": self = .uuid(id, try node.required("uuid").uuid())
        case "name": self = .name(id, try node.required("name").string())
        case "size": self = .size(id, try node.required("size").byteCount())
        case "sector_size": self = .sectorSize(id, try node.required("sector_size").integer())
        case "holder_class":
            self = .holderClass(id, try node.value("kind") { kind throws(JSONError) in try kind.word() })
        case "force_raw": self = .forceRaw(id, try node.required("raw").bool())
        case "enable": self = .enable(id)
        case "device_use":
            let online: OnlinePolicy? = try node.value("online") { online throws(JSONError) in
                try online.word()
            }
            let isOn = try node.value("memmap_on_memory", default: false) { isOn throws(JSONError) in
                try isOn.bool()
            }
            self = .deviceUse(id, online.map { .systemRAM($0, memmapOnMemory: isOn) } ?? .devdax)
        case "rights": self = .rights(id, try DeviceRights(node.required("rights")))
        case "disable": self = .disable(id)
        case "zero_info_block": self = .zeroInfoBlock(id)
        default: throw node.error("is the unknown store '\(word)'")
        }
    }

    private static func device(_ word: String, _ node: JSONCursor) throws(JSONError) -> SimulatedStore? {
        func number() throws(JSONError) -> Int { try node.required("number").integer() }
        return switch word {
        case "enable_region": .enableRegion(try number())
        case "disable_region": .disableRegion(try number())
        case "enable_dimm": .enableDimm(try number())
        case "disable_dimm": .disableDimm(try number())
        case "label_index":
            .labelIndex(
                dimm: try number(),
                try node.value("version") { version throws(JSONError) in try version.word() })
        default: nil
        }
    }

    private static func claim(_ word: String, _ node: JSONCursor) throws(JSONError) -> SimulatedStore? {
        guard word.hasPrefix("claim_") || word == "enable_claim" else { return nil }
        let id = SimulatedClaimID(
            region: try node.required("region").integer(), kind: try node.required("kind").word())
        switch word {
        case "claim_uuid": return .claimUUID(id, try node.required("uuid").uuid())
        case "claim_map": return .claimMap(id, try node.required("map").word())
        case "claim_align":
            guard let align = try node.alignment("align") else { throw node.error("has no align") }
            return .claimAlign(id, align)
        case "claim_sector_size":
            guard let size = try node.sectorSize("sector_size") else {
                throw node.error("has no sector_size")
            }
            return .claimSectorSize(id, size)
        case "claim_namespace":
            return .claimNamespace(
                id, try node.value("number") { number throws(JSONError) in try number.integer() })
        case "enable_claim": return .enableClaim(id)
        default: throw node.error("is the unknown store '\(word)'")
        }
    }
}
