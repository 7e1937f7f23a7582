/// What must be equal for two observations to show the same host: everything that people rely on, and none of the
/// names that the kernel hands out anew.
public struct HostFacts: Equatable, Sendable {
    private var namespaces: [[String]]
    private var labelling: [String]

    /// The facts of an observation.
    public init(_ observed: Observed) {
        namespaces = observed.regions
            .flatMap { region in region.namespaces.map { Self.facts($0, in: region) } }
            .sorted { $0.lexicographicallyPrecedes($1) }
        labelling = observed.regions.map {
            "\($0.device) \($0.size) \($0.labelling.rawValue) \($0.isEnabled) \($0.isReadOnly)"
        }
    }

    private static func facts(_ namespace: Namespace, in region: Region) -> [String] {
        [
            region.device, namespace.resource.map(String.init) ?? "", "\(namespace.rawSize)",
            namespace.mode?.rawValue ?? "", namespace.map?.rawValue ?? "", namespace.align?.description ?? "",
            namespace.sectorSize.map(String.init) ?? "", namespace.name ?? "",
            namespace.labelUUID?.description ?? "", namespace.infoBlockUUID?.description ?? "",
            "\(namespace.isActive)",
        ]
    }

    /// A short text that differs when the facts do: 64 bits of FNV-1a. It notices change, not malice.
    public var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in labelling + namespaces.flatMap({ $0 }) {
            for byte in Array(text.utf8) + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
