/// The observed host as a report: one value, three views.
///
/// ``text`` is for people, ``json`` is the stable document that ``InventoryReader`` reads back, and ``ndctlJSON`` is
/// what `ndctl list -BDRNv` prints for the same host.
public struct InventoryReport: Sendable {
    /// The version of the JSON document's shape. Keys may be added under the same number, never changed or removed.
    public static let formatVersion = 1

    /// The host.
    public let observed: Observed
    /// Where and when it was observed; nil where that does not matter, as of a simulated host.
    public let origin: InventoryOrigin?

    /// The report of this host.
    public init(_ observed: Observed, origin: InventoryOrigin? = nil) {
        self.observed = observed
        self.origin = origin
    }
}
