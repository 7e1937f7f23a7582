/// The sector size of a sector-mode (BTT) or raw namespace, with its metadata bytes where it has any.
public struct SectorSize: Hashable, Sendable, CustomStringConvertible {
    /// The size of one sector in bytes, metadata included.
    public let bytes: UInt32

    /// The sizes that the kernel's BTT supports (drivers/nvdimm/btt_devs.c, `btt_lbasize_supported`).
    public static let supported: [UInt32] = [512, 520, 528, 4096, 4104, 4160, 4224]

    /// A sector size, or nil where the kernel's BTT does not support it.
    public init?(_ bytes: UInt32) {
        guard Self.supported.contains(bytes) else { return nil }
        self.bytes = bytes
    }

    private init(known bytes: UInt32) {
        self.bytes = bytes
    }

    /// 4096 bytes: what ndctl uses for sector mode when nothing is said.
    public static let sectorModeDefault = SectorSize(known: 4096)

    public var description: String { "\(bytes) B" }
}
