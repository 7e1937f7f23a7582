public import ProvisionCore

/// The marks of protected namespaces: a file each, named by the label's UUID, in the directory `protected` of the state
/// directory.
///
/// A file's name alone protects: one whose contents are damaged protects as well.
public struct ProtectionStore: Sendable {
    private let records: StateRecords<ProtectionMark>

    /// The marks in a state directory.
    public init(_ directory: StateDirectory) {
        records = StateRecords(directory, "protected")
    }

    /// The marks, by UUID. Writes nothing.
    public func marks() throws(OperationError) -> [ProtectionMark] {
        let found = try records.found()
        let damaged = found.damaged.map { ProtectionMark(labelUUID: $0, name: nil, source: nil) }
        return (found.records + damaged).sorted { $0.labelUUID < $1.labelUUID }
    }

    /// Sets marks, durably. One that is there with the same name and region stays as it is.
    public func set(_ marks: [ProtectionMark]) throws(OperationError) {
        let present = try self.marks()
        let missing = marks.filter { mark in
            !present.contains {
                $0.labelUUID == mark.labelUUID && $0.name == mark.name && $0.source != nil
                    && $0.region == mark.region
            }
        }
        try records.write(missing)
    }

    /// Removes a mark, durably.
    public func remove(_ mark: ProtectionMark) throws(OperationError) {
        try records.remove(mark.labelUUID)
    }
}

extension ProtectionMark: StateRecord {
    var key: UUID { labelUUID }

    var json: JSONValue {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("raw_uuid", labelUUID)
        node.set("name", name)
        node.set("profile", source)
        if let region { node.set("region", region.json) }
        return node
    }

    init(_ cursor: JSONCursor) throws(JSONError) {
        try cursor.requireFormatVersion(1)
        self.init(
            labelUUID: try cursor.required("raw_uuid").uuid(), name: try cursor.optional("name")?.string(),
            source: try cursor.required("profile").string(),
            region: try cursor.optional("region").map { region throws(JSONError) in
                try RegionIdentity(region)
            })
    }
}
