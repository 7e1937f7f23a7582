/// A region as a transaction's journal names it: by the kernel's name before the transaction, which is a key into what was observed then.
///
/// After a boot the kernel can give that name to another region. So it is a type of its own, and nothing looks a region of now up by it
/// but `RegionsThenAndNow`, which goes by ``RegionIdentity``.
public struct RegionThen: Hashable, Comparable, Sendable {
    /// The kernel's name then: for the journal, and for words about a region that is not there now.
    public let device: String

    /// The region that a journal names so.
    package init(device: String) {
        self.device = device
    }

    /// A region of the observation that the journal begins with, or is about to begin with.
    package init(_ before: Region) {
        self.init(device: before.device)
    }

    public static func < (left: RegionThen, right: RegionThen) -> Bool { left.device < right.device }
}
