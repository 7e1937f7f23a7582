public import ProvisionCore

/// The marks of protected namespaces: a file each, named by the label's UUID, in the directory `protected` of the state
/// directory.
///
/// A file's name alone protects: one whose contents are damaged protects as well.
public struct ProtectionStore: Sendable {
    private let records: StateRecords

    /// The marks in a state directory.
    public init(_ directory: StateDirectory) {
        records = StateRecords(directory, "protected")
    }

    /// The marks, by UUID. Writes nothing.
    public func marks() throws(OperationError) -> [ProtectionMark] {
        try records.entries().map { entry in
            entry.value.flatMap { ProtectionMark($0, label: entry.key) }
                ?? ProtectionMark(label: entry.key, name: nil, source: nil)
        }
    }

    /// Sets marks, durably. One that is there with the same name and region stays as it is.
    public func set(_ marks: [ProtectionMark]) throws(OperationError) {
        let present = try self.marks()
        let missing = marks.filter { mark in
            !present.contains {
                $0.label == mark.label && $0.name == mark.name && $0.source != nil && $0.region == mark.region
            }
        }
        try records.write(missing.map { ($0.label, $0.json) })
    }

    /// Removes a mark, durably.
    public func remove(_ mark: ProtectionMark) throws(OperationError) {
        try records.remove(mark.label)
    }
}

extension ProtectionMark {
    fileprivate var json: String {
        var node = JSONValue.object()
        node.set("format_version", 1)
        node.set("raw_uuid", label)
        node.set("name", name)
        node.set("profile", source)
        if let region { node.set("region", region.json) }
        return node.text(.compact)
    }

    /// The mark in such a record; nil where it is damaged, or another namespace's.
    fileprivate init?(_ value: JSONValue, label: UUID) {
        do throws(JSONError) {
            let cursor = JSONCursor(value)
            guard try cursor.required("format_version").integer() == 1,
                try cursor.required("raw_uuid").uuid() == label
            else { return nil }
            self.init(
                label: label, name: try cursor.optional("name")?.string(),
                source: try cursor.required("profile").string(),
                region: try cursor.optional("region").map { region throws(JSONError) in
                    try RegionIdentity(region)
                })
        } catch {
            return nil
        }
    }
}
