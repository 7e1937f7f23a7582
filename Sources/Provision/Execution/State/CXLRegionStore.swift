import SystemPackage
public import ProvisionCore

/// The records of CXL regions: a file each, in the directory `cxl-regions` of the state directory.
public struct CXLRegionStore: Sendable {
    /// The name of the directory.
    static let directory: FilePath.Component = "cxl-regions"

    private let records: StateRecords<CXLRegionRecord>

    /// The records in a state directory.
    public init(_ directory: StateDirectory) {
        records = StateRecords(directory, Self.directory)
    }

    /// What there is.
    public typealias Found = FoundRecords<CXLRegionRecord>

    /// What is recorded. Writes nothing.
    public func found() throws(OperationError) -> Found { try records.found() }

    /// Writes records, durably, in place of those of the same name.
    func write(_ all: [CXLRegionRecord]) throws(OperationError) {
        try records.write(all)
    }

    /// Removes records, durably.
    func remove(_ all: [CXLRegionRecord]) throws(OperationError) {
        for record in all { try records.remove(record.key) }
    }
}

extension CXLRegionRecord: StateRecord {
    var json: JSONValue {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("name", regionName)
        node.set("decoder", decoder)
        node.set("iset_id", cookie)
        node.set("size", size)
        node.set("interleave_granularity", granularity)
        node.set("members", each: members) { member in
            var item = JSONValue.object()
            item.set("serial", member.serial)
            item.set("dpa_resource", member.offset)
            item.set("dpa_size", member.length)
            return item
        }
        return node
    }

    init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.requireFormatVersion(1)
        self.init(
            regionName: try cursor.required("name").string(),
            decoder: try cursor.required("decoder").string(),
            cookie: try cursor.required("iset_id").integer(),
            size: try cursor.required("size").size(),
            granularity: try cursor.required("interleave_granularity").unit(),
            members: try cursor.limitedList("members") { item throws(JSONError) in
                Member(
                    serial: try item.required("serial").integer(),
                    offset: try item.required("dpa_resource").size(),
                    length: try item.required("dpa_size").size())
            })
        guard !members.isEmpty else { throw cursor.error("has no memory device") }
    }
}
