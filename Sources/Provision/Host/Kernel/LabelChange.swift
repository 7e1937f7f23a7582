package import ProvisionCore

/// How the label of a namespace on a DIMM differs from one that was there before.
package struct LabelChange: Equatable, CustomStringConvertible {
    /// What became of it.
    package enum Kind: Equatable {
        case created, destroyed, changed
    }

    package var kind: Kind
    /// The UUID of the namespace.
    package var label: UUID
    /// Its name, as it is now or was last.
    package var name: String?

    /// The differences between the labels of one DIMM, in no order. A namespace with several extents has a label for each: it is
    /// one change. In which slots labels lie is no difference.
    package static func changes(from old: [NamespaceLabel], to now: [NamespaceLabel]) -> [LabelChange] {
        let (before, after) = (contents(old), contents(now))
        let uuids = Set(before.keys).union(after.keys)
        return uuids.compactMap { uuid in
            guard before[uuid] != after[uuid] else { return nil }
            let kind: Kind = before[uuid] == nil ? .created : after[uuid] == nil ? .destroyed : .changed
            let label = now.first { $0.uuid == uuid } ?? old.first { $0.uuid == uuid }
            return LabelChange(kind: kind, label: uuid, name: label?.name)
        }
    }

    private static func contents(_ labels: [NamespaceLabel]) -> [UUID: Set<[UInt8]>] {
        Dictionary(grouping: labels, by: \.uuid).mapValues { Set($0.map(\.content)) }
    }

    package var description: String {
        let name = name ?? label.description
        return switch kind {
        case .created: "\(name) was created"
        case .destroyed: "\(name) was destroyed"
        case .changed: "\(name) was changed"
        }
    }
}
