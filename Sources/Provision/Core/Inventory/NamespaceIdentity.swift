/// Which namespace is meant, whatever the kernel calls it and whatever name somebody gave it: for records.
package enum NamespaceIdentity: Hashable, Sendable {
    /// The one whose label has this UUID.
    case label(UUID)
    /// Where no label tells: whatever lies in this region. Without labels one namespace spans a region.
    case region(RegionIdentity)

    /// What is known by a label, or without one by its region; nil where neither is known.
    package init?(label: UUID?, region: RegionIdentity?) {
        if let label {
            self = .label(label)
        } else if let region {
            self = .region(region)
        } else {
            return nil
        }
    }
}
