/// A saved inventory in any form: daxprov's own document or the output of `ndctl list`.
public struct SavedInventory: Equatable, Sendable {
    /// The host.
    public var observed: Observed
    /// What the inventory does not say of it; nothing for daxprov's own document.
    public var limits: InventoryLimits
    /// Where and when it was taken; nil where it does not say.
    public var origin: InventoryOrigin?

    /// A host with these limits.
    public init(observed: Observed, limits: InventoryLimits, origin: InventoryOrigin? = nil) {
        self.observed = observed
        self.limits = limits
        self.origin = origin
    }

    /// Reads either form. They are told apart by the key `format_version`, which only daxprov writes.
    public static func read(_ bytes: [UInt8]) throws(JSONError) -> SavedInventory {
        guard bytes.contains(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) else {
            return try NdctlListReader.read(nil)
        }
        let document = try JSONValue(parsing: bytes)
        if case .object(let object) = document, object["format_version"] != nil {
            return SavedInventory(
                observed: try InventoryReader.read(document), limits: .none,
                origin: try InventoryReader.origin(document))
        }
        return try NdctlListReader.read(document)
    }
}
