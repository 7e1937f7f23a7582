/// Something that a block device holds, as libblkid recognises it by its magic bytes.
public struct Signature: Equatable, Sendable {
    /// What kind of thing it is.
    public var kind: Kind
    /// libblkid's word for it: `ext4`, `xfs`, `gpt`, `LVM2_member`, `linux_raid_member`, `swap`, ...
    public var type: String
    /// Its label; nil where it has none.
    public var label: String?
    /// Its own UUID as text: not all are RFC 4122 UUIDs. Nil where it has none.
    public var uuid: String?

    /// The kinds, by what people lose with them.
    public enum Kind: String, CaseIterable, Sendable {
        /// A file system (libblkid's usage `filesystem`).
        case fileSystem = "filesystem"
        /// A member of a RAID array or a volume group (usage `raid`).
        case member = "raid"
        /// Encrypted contents (usage `crypto`).
        case encrypted = "crypto"
        /// A partition table.
        case partitionTable = "partition_table"
        /// Anything else: a swap area, a journal.
        case other
    }

    /// A signature with these properties.
    public init(_ kind: Kind, type: String, label: String? = nil, uuid: String? = nil) {
        self.kind = kind
        self.type = type
        self.label = label
        self.uuid = uuid
    }
}

extension Signature: CustomStringConvertible {
    /// "ext4, label data, UUID 8f3f..."; made safe for a terminal, since anybody may have written it.
    public var description: String {
        var words = [kind == .partitionTable ? "\(type) partition table" : type]
        if let label { words.append("label \(label)") }
        if let uuid { words.append("UUID \(uuid)") }
        return TerminalText.clean(words.joined(separator: ", "))
    }
}
