/// Which region is meant, whatever the kernel calls it and wherever its memory is mapped: the DIMMs that it lies on, with
/// the place of each in the interleave set. The kernel's name changes at every boot; the physical address, when DIMMs are
/// added or change slots; and the interleave set's cookie, when labels of another version are written
/// (drivers/nvdimm/region_devs.c, `nd_region_interleave_set_cookie`).
public enum RegionIdentity: Hashable, Sendable {
    /// An interleave set of DIMMs that say who they are, in the order of their positions. With the granularity where that can be
    /// another after a boot (CXL): what was written with one is scrambled with another.
    case interleaveSet([Share], granularity: ByteCount? = nil)
    /// Memory without such DIMMs (e820, virtio-pmem, ramdax): there is nothing better than its place. Whoever writes there
    /// must look at what is there first.
    case place(provider: String, cookie: UInt64?, start: UInt64?, size: ByteCount)

    /// What one DIMM gives to the region.
    public struct Share: Hashable, Sendable {
        /// The DIMM's unique id.
        public var dimm: String
        /// Its position in the interleave set; nil where the kernel does not say.
        public var position: Int?
        /// The first DIMM physical address.
        public var offset: ByteCount
        /// The length on the DIMM.
        public var length: ByteCount

        /// A share of these parts.
        package init(dimm: String, position: Int?, offset: ByteCount, length: ByteCount) {
            self.dimm = dimm
            self.position = position
            self.offset = offset
            self.length = length
        }
    }

    /// The identity of a region on its bus.
    public init(_ region: Region, on bus: Bus) {
        let shares = region.mappings.compactMap { mapping -> Share? in
            bus.uniqueID(of: mapping.dimm).map {
                Share(dimm: $0, position: mapping.position, offset: mapping.offset, length: mapping.length)
            }
        }
        guard shares.isEmpty || shares.count != region.mappings.count else {
            self = .interleaveSet(shares, granularity: region.cxl?.granularity)
            return
        }
        let cookie = region.interleaveSetID == 0 ? nil : region.interleaveSetID
        self = .place(provider: bus.provider, cookie: cookie, start: region.resource, size: region.size)
    }
}

extension RegionIdentity {
    /// Whether what was written in the region of the other identity can lie in this one: where it can, nobody may take its media for free.
    /// Weaker than being equal, which is for what is brought back: a DIMM can say who it is now and not then, positions and the granularity
    /// can be known now alone, memory can be mapped elsewhere, and DIMMs can be interleaved anew.
    ///
    /// DIMMs that say who they are share media where they share DIMM physical addresses. Memory of the same provider does where it has the
    /// same addresses, or the same cookie and size. Of a place and of DIMMs nothing but the capacity is comparable.
    package func mayShareMedia(with other: RegionIdentity) -> Bool {
        switch (self, other) {
        case (.interleaveSet(let shares, _), .interleaveSet(let others, _)):
            shares.contains { share in others.contains { share.overlaps($0) } }
        case (.interleaveSet(let shares, _), .place(_, _, _, let size)),
            (.place(_, _, _, let size), .interleaveSet(let shares, _)):
            shares.reduce(UInt64(0)) { $0 &+ $1.length.bytes } == size.bytes
        case (
            .place(let provider, let cookie, let start, let size),
            .place(let otherProvider, let otherCookie, let otherStart, let otherSize)
        ):
            provider == otherProvider
                && (Self.overlap(start, size, otherStart, otherSize)
                    || size == otherSize
                        && (cookie != nil && cookie == otherCookie || start == nil || otherStart == nil))
        }
    }

    /// Whether two places, of which both addresses are known, share one.
    private static func overlap(
        _ start: UInt64?, _ size: ByteCount, _ otherStart: UInt64?, _ otherSize: ByteCount
    ) -> Bool {
        guard let start, let otherStart else { return false }
        return start <= otherStart
            ? otherStart - start < size.bytes : start - otherStart < otherSize.bytes
    }
}

extension RegionIdentity.Share {
    /// Whether the two have a byte of a DIMM in common.
    fileprivate func overlaps(_ other: RegionIdentity.Share) -> Bool {
        guard dimm == other.dimm else { return false }
        return offset <= other.offset
            ? (other.offset - offset) < length : (offset - other.offset) < other.length
    }
}

extension RegionIdentity {
    /// A dynamic dax region.
    package init(_ region: DaxRegionIdentity) {
        self = .place(provider: "dax", cookie: nil, start: region.start, size: region.size)
    }
}

extension RegionIdentity: CustomStringConvertible {
    /// The identity for a person: the DIMMs, or the place.
    public var description: String {
        switch self {
        case .interleaveSet(let shares, _): "on DIMM \(shares.map(\.dimm).joined(separator: ", "))"
        case .place(let provider, _, let start, let size):
            "of \(size) at \(start.map { Hexadecimal.number($0) } ?? "an unknown address") (\(provider))"
        }
    }
}

extension Observed {
    /// The identity of the region with this kernel name; nil where there is none.
    public func identity(of device: String) -> RegionIdentity? {
        for bus in buses {
            if let region = bus.regions.first(where: { $0.device == device }) {
                return RegionIdentity(region, on: bus)
            }
        }
        return nil
    }

    /// The region with this kernel name.
    public func region(_ device: String) -> Region? {
        regions.lazy.first { $0.device == device }
    }

    /// The namespace with this kernel name.
    package func namespace(_ device: String) -> Namespace? {
        regions.lazy.flatMap(\.namespaces).first { $0.device == device }
    }
}

/// The regions of an earlier observation as they are now: what they are called, and where their memory is mapped.
package struct RegionCorrespondence {
    private var found: [String: Region] = [:]

    /// Finds the regions of `before` in `now`.
    package init(before: Observed, now: Observed) {
        var identities: [RegionIdentity: [Region]] = [:]
        for bus in now.buses {
            for region in bus.regions {
                identities[RegionIdentity(region, on: bus), default: []].append(region)
            }
        }
        for bus in before.buses {
            for region in bus.regions {
                let same = identities[RegionIdentity(region, on: bus)] ?? []
                if same.count == 1 { found[region.device] = same[0] }
            }
        }
        for (device, region) in Self.moved(from: before, to: now) where found[device] == nil {
            found[device] = region
        }
    }

    /// The regions without DIMMs that say who they are that lie elsewhere now, known by a cookie that no other has.
    private static func moved(from before: Observed, to now: Observed) -> [String: Region] {
        struct Key: Hashable {
            var provider: String
            var cookie: UInt64
            var size: ByteCount
        }
        func keyed(_ observed: Observed) -> [Key: [Region]] {
            var regions: [Key: [Region]] = [:]
            for bus in observed.buses {
                for region in bus.regions {
                    guard
                        case .place(let provider, let cookie?, _, let size) = RegionIdentity(region, on: bus)
                    else { continue }
                    regions[Key(provider: provider, cookie: cookie, size: size), default: []].append(region)
                }
            }
            return regions
        }
        let found = keyed(now)
        return keyed(before).reduce(into: [:]) { moved, item in
            guard item.value.count == 1, let same = found[item.key], same.count == 1 else { return }
            moved[item.value[0].device] = same[0]
        }
    }

    /// What a region of the earlier observation is now; nil where it is not there.
    package func region(_ earlier: Region) -> Region? { found[earlier.device] }

    /// Where a place of a region of the earlier observation is now, given its address then; nil where one of the two is not known.
    private func address(_ address: UInt64, in earlier: Region) -> UInt64? {
        guard let start = earlier.resource, let now = region(earlier)?.resource, address >= start else {
            return nil
        }
        let (moved, overflows) = now.addingReportingOverflow(address - start)
        return overflows ? nil : moved
    }

    /// A namespace of a region of the earlier observation as it was, at the address where its place is now.
    package func moved(_ namespace: Namespace, of earlier: Region) -> Namespace {
        var moved = namespace
        if let resource = namespace.resource { moved.resource = address(resource, in: earlier) }
        return moved
    }
}
