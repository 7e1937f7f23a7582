/// How much of a namespace's data area a wipe fills with zeroes.
public enum WipeScope: String, CaseIterable, Sendable {
    /// All of it.
    case all
    /// Its first and its last MiB: signatures, partition tables and their backup. What lies between stays.
    case ends
}

/// A namespace whose data area is to be filled with zeroes.
public struct WipeTarget: Equatable, Sendable {
    /// The region's kernel name.
    public var region: String
    /// Which region it is; nil where that is not known.
    public var regionIdentity: RegionIdentity?
    /// Who provides the region's bus.
    public var provider: String
    /// Whether the region is read-only: the driver of a device would not refuse to write.
    public var isReadOnly = false
    /// The namespace as it was observed.
    public var namespace: Namespace
    /// How much of it.
    public var scope: WipeScope

    /// Which namespace it is; nil where that is not known.
    package var identity: NamespaceIdentity? {
        NamespaceIdentity(label: namespace.labelUUID, region: regionIdentity)
    }

    /// What people know it by: `region0/wal`.
    public var address: String { "\(region)/\(namespace.displayName)" }

    /// How large its data area is; zero of a disabled namespace.
    public var size: ByteCount { namespace.usableSize ?? .zero }

    /// The ranges that are zeroed, from the start of the data area, in their order.
    public var ranges: [Extent] {
        let whole = Extent(offset: .zero, length: size)
        let end = ByteCount.mib(1)
        switch scope {
        case .all: return [whole]
        case .ends:
            guard size > end * 2 else { return [whole] }
            return [
                Extent(offset: .zero, length: end), Extent(offset: size - end, length: end),
            ]
        }
    }

    /// How many bytes these are.
    public var length: ByteCount { ranges.reduce(.zero) { $0 + $1.length } }

    /// What zeroing leaves on the media, in a sentence; nil where nothing of the data area stays.
    public var remark: String? {
        switch scope {
        case .ends:
            "only the first and the last MiB are zeroed: what lies between stays on the media, copies of superblocks included"
        case .all where namespace.mode == .sector:
            "sector mode keeps spare blocks and old copies that its block device does not reach, and these keep their bytes; "
                + "to remove all of them: destroy it, create it as raw, and wipe that"
        case .all: nil
        }
    }

    /// The namespaces that words mean on a host, each once: in the words' order.
    /// - Throws: where a word means none, or several.
    public static func find(
        _ words: [String], _ scope: WipeScope, on observed: Observed
    ) throws(UnknownPart) -> [WipeTarget] {
        var targets: [WipeTarget] = []
        for word in words {
            let selection = try HostSelection([word], on: observed)
            for bus in observed.buses {
                for region in bus.regions {
                    for namespace in region.namespaces where selection.shows(namespace, in: region) {
                        let target = WipeTarget(
                            region: region.device, regionIdentity: RegionIdentity(region, on: bus),
                            provider: bus.provider, isReadOnly: region.isReadOnly, namespace: namespace,
                            scope: scope)
                        if !targets.contains(target) { targets.append(target) }
                    }
                }
            }
        }
        return targets
    }

    /// The words that mean several namespaces: a wipe is of what was named, so none of these is taken for all of them.
    public static func ambiguous(_ words: [String], on observed: Observed) -> [String] {
        words.filter { word in ((try? find([word], .all, on: observed)) ?? []).count > 1 }
    }
}
