/// What a namespace is configured as, in ndctl's words.
public enum NamespaceMode: String, CaseIterable, Sendable {
    /// A block device whose files can be mapped directly (a pfn device claims the namespace).
    case fsdax
    /// A character device that is mapped directly (a dax device claims the namespace).
    case devdax
    /// A block device with atomic sectors (a BTT claims the namespace).
    case sector
    /// A plain block device without page map; a filesystem on it cannot use DAX.
    case raw

    /// Whether the mode maps the media directly, and so has an alignment and a page map.
    public var isDirectAccess: Bool { self == .fsdax || self == .devdax }
}

/// Where the `struct page` array of an fsdax or devdax namespace lives.
public enum MapLocation: String, CaseIterable, Sendable {
    /// On the namespace itself: costs 64 bytes for every 4 KiB, and is rewritten on every enable.
    case dev
    /// In the host's memory.
    case mem
}
