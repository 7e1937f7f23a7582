/// A label that takes capacity though the kernel shows no namespace for it.
///
/// The kernel leaves out what it cannot make sense of: a label whose like is missing on another DIMM, that a broken
/// creation left, or that another operating system wrote (drivers/nvdimm/namespace_devs.c, `scan_labels` and
/// `create_namespace_pmem`). Its range stays allocated all the same (label.c, `nd_label_reserve_dpa`).
public struct UninstantiatedLabel: Equatable, Sendable {
    /// The range that it takes of the region.
    public var extent: Extent
    /// Its UUID.
    public var uuid: UUID
    /// Its name; nil where it is empty.
    public var name: String?
    /// The DIMMs that hold it, by kernel name: those of the region, or some of them.
    public var dimms: [String]

    /// A label with these properties.
    public init(extent: Extent, uuid: UUID, name: String?, dimms: [String]) {
        self.extent = extent
        self.uuid = uuid
        self.name = name
        self.dimms = dimms
    }

    /// What people know it by: its name, else its UUID.
    public var displayName: String { name ?? uuid.description }
}
