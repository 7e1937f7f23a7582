public import ProvisionCore
import ProvisionHost

/// What is recorded of one wipe: of what, and how far it came. It is no transaction: there is nothing to undo.
public struct WipeRecord: Equatable, Sendable {
    /// What its file is named by.
    public var key: UUID
    /// What people know it by: `wipe-1a2b3c4d`.
    public var id: String { "wipe-\(key.description.prefix(8))" }
    /// When it began, in seconds since 1970.
    public var time: Int
    /// What people knew the namespace by: `region0/wal`.
    public var address: String
    /// The word that means the namespace in a command: its name, or its label's UUID.
    public var word: String
    /// The region; nil where that was not known.
    public var region: RegionIdentity?
    /// The UUID in the label; nil where there is none.
    public var labelUUID: UUID?
    /// The UUID in the info block; nil where there is none.
    public var infoBlock: UUID?
    /// The mode.
    public var mode: NamespaceMode
    /// How large the data area is.
    public var size: ByteCount
    /// How much of it is zeroed.
    public var scope: WipeScope
    /// Everything before this offset of the data area is zeroed, and durably so. Of ``WipeScope/ends`` it says nothing.
    public var offset: ByteCount = .zero
    /// The checksums of the pages of ``MediaSample/offsets(in:)`` before anything was zeroed; nil for one that could not be read.
    public var sums: [UInt32?] = []
    /// How it ended; nil where it did not.
    public var end: End?
    /// When that was, in seconds since 1970.
    public var ended: Int?
    /// Why it stopped; nil where it did not, or died.
    public var failure: String?

    /// How a wipe ended.
    public enum End: String, CaseIterable, Sendable {
        /// Everything was zeroed, and the sample that was read back was zero.
        case wiped
        /// Another wipe of the same namespace began from the start.
        case restarted
        /// Somebody gave it up: old bytes are still there.
        case abandoned
    }

    /// A wipe that begins.
    init(of target: WipeTarget, key: UUID, time: Int) {
        let namespace = target.namespace
        self.key = key
        self.time = time
        address = target.address
        word = namespace.name ?? namespace.labelUUID?.description ?? target.address
        region = target.regionIdentity
        labelUUID = namespace.labelUUID
        infoBlock = namespace.infoBlockUUID
        mode = namespace.mode ?? .raw
        size = target.size
        scope = target.scope
    }

    /// Whether it is about this namespace, whatever became of it.
    func isAbout(_ target: WipeTarget) -> Bool {
        NamespaceIdentity(label: labelUUID, region: region).map { $0 == target.identity } ?? false
    }

    /// What has changed of the namespace, so that it cannot go on where it stopped; nil where nothing has.
    func difference(to target: WipeTarget) -> String? {
        let namespace = target.namespace
        if infoBlock != namespace.infoBlockUUID { return "the UUID of its info block has changed" }
        if mode != namespace.mode { return "its mode has changed" }
        if size != target.size { return "its data area had \(size), and has \(target.size)" }
        return nil
    }
}

extension WipeRecord: StateRecord {
    var json: JSONValue {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("key", key)
        node.set("time", time)
        node.set("address", address)
        node.set("word", word)
        if let region { node.set("region", region.json) }
        node.set("raw_uuid", labelUUID)
        node.set("uuid", infoBlock)
        node.set("mode", mode.rawValue)
        node.set("size", size)
        node.set("scope", scope.rawValue)
        node.set("offset", offset)
        node.set("sums", each: sums) { $0.map { .number($0) } ?? .null }
        node.set("end", end?.rawValue)
        node.set("ended", ended)
        node.set("failure", failure)
        return node
    }

    init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.requireFormatVersion(1)
        key = try cursor.required("key").uuid()
        time = try cursor.required("time").integer()
        address = try cursor.required("address").string()
        word = try cursor.required("word").string()
        region = try cursor.optional("region").map { region throws(JSONError) in try RegionIdentity(region) }
        labelUUID = try cursor.optional("raw_uuid")?.uuid()
        infoBlock = try cursor.optional("uuid")?.uuid()
        mode = try cursor.required("mode").word()
        size = try cursor.required("size").size()
        scope = try cursor.required("scope").word()
        offset = try cursor.required("offset").size()
        sums = try cursor.elements("sums").map { item throws(JSONError) in
            item.value == .null ? nil : try item.integer()
        }
        end = try cursor.optional("end")?.word()
        ended = try cursor.optional("ended")?.integer()
        failure = try cursor.optional("failure")?.string()
        guard offset <= size else { throw cursor.error("has an offset behind its end") }
    }
}
