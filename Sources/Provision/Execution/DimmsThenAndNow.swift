import ProvisionCore

/// The DIMMs that do not say who they are, as they were before a transaction and as they are in an observation: what was saved of one
/// has its kernel name, which after a boot can be another DIMM's.
struct DimmsThenAndNow {
    private let before: [Seen]
    private let now: [Seen]
    private let isSameBoot: Bool

    /// Finds the DIMMs without an identity in both.
    /// - Parameter isSameBoot: whether the observation is of the boot in which the transaction began.
    init(before: Observed, now: Observed, isSameBoot: Bool) {
        self.before = Self.nameless(before)
        self.now = Self.nameless(now)
        self.isSameBoot = isSameBoot
    }

    /// The kernel's name now of the DIMM of which labels were saved under a name; nil where no DIMM can be told to be that one. What is
    /// no such name is an identity, and stays.
    ///
    /// The DIMM is the only one, then and now, with its provider, NFIT handle, physical id, and places in regions. In the same boot
    /// DIMMs that have all of that in common are told apart by their names.
    func name(_ saved: String) -> String? {
        guard let was = before.first(where: { $0.device == saved }) else { return saved }
        let alike = now.filter { $0.traits == was.traits }
        if alike.count == 1, before.count(where: { $0.traits == was.traits }) == 1 { return alike[0].device }
        return isSameBoot && alike.contains { $0.device == saved } ? saved : nil
    }

    private static func nameless(_ observed: Observed) -> [Seen] {
        observed.buses.flatMap { bus in
            bus.dimms.filter { $0.uniqueID == nil }.map { dimm in
                let shares = bus.regions.flatMap { region in
                    region.mappings.filter { $0.dimm == dimm.device }.map { mapping in
                        Share(
                            region: region.size, position: mapping.position, offset: mapping.offset,
                            length: mapping.length)
                    }
                }
                return Seen(
                    device: dimm.device,
                    traits: Traits(
                        provider: bus.provider, handle: dimm.handle, physicalID: dimm.physicalID,
                        shares: Set(shares)))
            }
        }
    }

    /// A DIMM of an observation.
    private struct Seen {
        var device: String
        var traits: Traits
    }

    /// What can be known of a DIMM that does not say who it is, and a boot leaves as it is.
    private struct Traits: Equatable {
        var provider: String
        var handle: UInt32?
        var physicalID: UInt16?
        var shares: Set<Share>
    }

    /// Its part of a region.
    private struct Share: Hashable {
        var region: ByteCount
        var position: Int?
        var offset: ByteCount
        var length: ByteCount
    }
}

extension JournalHeader {
    /// Whether the DIMM under whose name labels were saved did not say who it was.
    func isNameless(_ saved: String) -> Bool {
        before.buses.contains { $0.dimms.contains { $0.device == saved && $0.uniqueID == nil } }
    }
}
